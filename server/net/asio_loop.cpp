#include "net/asio_loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mailbox.h"
#include "net/asio.h"

namespace net {
namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr std::size_t record_size = 16 * 1024;
/// Handlers run before the turn ends: busy sockets must not put off the flush of the others.
constexpr int handlers_per_turn = 256;
/// Handlers run before what they posted runs: the next of a kind finds its code in the processor's cache.
constexpr int handlers_per_step = 16;
/// Jobs that jobs post run without a look at the sockets, this many generations deep.
constexpr int generations_per_step = 16;
/// Later than this, a timer tells of a process that was stopped or starved, not of a peer that was slow.
constexpr base::Duration lost_from = std::chrono::seconds(1);
/// Of buffers kept for the next connection that has something to send: as many as a busy turn takes.
constexpr std::size_t most_spare_bytes = 256 * 1024;
constexpr std::size_t smallest_spare = 64, largest_spare = 32 * 1024;

using Reactor = boost::asio::detail::epoll_reactor;

/// The set that Asio waits on, so that it can stand in ours. Asio shows it to nobody; to name a member where a template
/// is instantiated is allowed all the same ([temp.spec] 6), and a Boost without that member does not compile.
int descriptor_of(Reactor& reactor);
template <int Reactor::* descriptor>
struct Shown {
  friend int descriptor_of(Reactor& reactor) { return reactor.*descriptor; }
};
template struct Shown<&Reactor::epoll_fd_>;

/// Something to wait for that is no connection.
struct Bell final : ReadySet::Source {
  explicit Bell(base::Fn<void()> job) : rung(std::move(job)) {}
  void on_ready(std::uint32_t) override { rung(); }
  base::Fn<void()> rung;
};

}  // namespace

struct AsioLoop::Impl {
  using Jobs = std::vector<base::Fn<void()>>;
  using Due = std::pair<base::MonoTime, std::uint64_t>;

  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  boost::asio::steady_timer alarm{io};
  ReadySet ready;
  Bell asio{[this] { asio_now = true; }};
  bool asio_now = true;  ///< Asio may have something to call
  Bell post{[this] { drain_mailbox(); }};
  Fd posted{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};  ///< rung when the mailbox was empty; edge-triggered, never read
  base::MonoTime alarm_at = base::MonoTime::max();
  base::MonoTime armed = base::MonoTime::max();  ///< when this turn last set a timer
  bool excused = false;                          ///< the last ring was late and put all timers off
  std::map<Due, base::Fn<void()>> timers;
  std::unordered_map<std::uint64_t, base::MonoTime> due;
  std::uint64_t last_timer = 0;
  base::Mailbox mailbox;
  Jobs arrived;                                  ///< those of the mailbox that run
  std::vector<std::pair<Impl*, Jobs>> outgoing;  ///< of this turn for other loops: one lock and one wake-up for each
  Jobs own;                                      ///< posted by this thread: no lock, no wake-up
  Jobs own_now;                                  ///< those that run
  Jobs turn_end;
  bool stopping = false;
  std::vector<std::unique_ptr<boost::asio::signal_set>> signals;
  std::vector<std::byte> read = std::vector<std::byte>(read_size);
  std::vector<std::byte> plain = std::vector<std::byte>(record_size);
  std::vector<std::string> spares;
  std::size_t spare_bytes = 0;

  Impl() {
    const int others = descriptor_of(boost::asio::use_service<Reactor>(io));
    base::check(posted.get() >= 0 && ready.add(posted.get(), post) && ready.add(others, asio), "epoll_ctl");
  }

  /// What is ready, and every so many what they have posted. The connections' way comes without Asio, which would have
  /// to be asked and armed anew for each wake-up.
  void run_ready(bool wait) {
    ready.take(wait && !asio_now);
    for (int handlers = 1; !stopping && ready.next(); ++handlers)
      if (handlers % handlers_per_step == 0) run_own();
    for (int handlers = 1; asio_now && !stopping && handlers <= handlers_per_turn; ++handlers) {
      asio_now = io.poll_one() > 0;
      if (handlers % handlers_per_step == 0) run_own();
    }
  }

  void drain_mailbox() {
    mailbox.take_all(arrived);
    for (auto& job : arrived) job();
    arrived.clear();
  }

  /// From any thread.
  void put(std::span<base::Fn<void()>> jobs) {
    if (mailbox.put(jobs)) eventfd_write(posted.get(), 1);
  }

  void carry(Impl& to, base::Fn<void()> job) {
    auto found = std::ranges::find(outgoing, &to, &std::pair<Impl*, Jobs>::first);
    if (found == outgoing.end()) found = outgoing.insert(found, {&to, Jobs()});
    found->second.push_back(std::move(job));
  }

  void hand_over() {
    for (auto& [to, jobs] : outgoing) {
      if (!jobs.empty()) to->put(jobs);
      jobs.clear();
    }
  }

  /// What steps have posted.
  void run_own() {
    for (int generation = 0; generation < generations_per_step && !own.empty(); ++generation) {
      own_now.swap(own);
      for (auto& job : own_now) job();
      own_now.clear();
    }
  }

  void end_turn() {
    Jobs jobs;
    jobs.swap(turn_end);
    for (auto& job : jobs) job();
    if (turn_end.empty()) {  // keep the memory for the next turn
      jobs.clear();
      turn_end.swap(jobs);
    }
    hand_over();
    count_lost();
  }

  /// Stopped between a question and its flush: its deadline begins now. To be called before the loop waits, which is no
  /// loss.
  void count_lost() {
    if (armed == base::MonoTime::max()) return;
    const base::Duration lost = std::chrono::steady_clock::now() - std::exchange(armed, base::MonoTime::max());
    if (lost > lost_from) put_off(lost);
  }

  /// All timers, in their order.
  void put_off(base::Duration time) {
    std::map<Due, base::Fn<void()>> later;
    while (!timers.empty()) {
      auto node = timers.extract(timers.begin());
      node.key().first += time;
      due[node.key().second] = node.key().first;
      later.insert(later.end(), std::move(node));
    }
    timers = std::move(later);
    if (alarm_at != base::MonoTime::max()) alarm_at += time;
  }

  /// The alarm is moved only to be earlier; after a cancelled timer it rings once for nothing.
  void arm() {
    if (timers.empty() || timers.begin()->first.first >= alarm_at) return;
    alarm_at = timers.begin()->first.first;
    alarm.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(alarm_at));
    alarm.async_wait([this](const boost::system::error_code& error) {
      if (!error) ring();
    });
  }

  /// After a stop, what has arrived meanwhile comes before any deadline (SECURITY R05); but a loop that is always late
  /// still has deadlines.
  void ring() {
    const base::MonoTime now = std::chrono::steady_clock::now();
    const base::Duration late = now - std::exchange(alarm_at, base::MonoTime::max());
    excused = late > lost_from && !excused;
    if (excused) {
      put_off(late + lost_from);
      return arm();
    }
    const Due limit{now, last_timer};  // timers made by these wait for the next ring
    while (!timers.empty() && timers.begin()->first <= limit) {
      auto node = timers.extract(timers.begin());
      due.erase(node.key().second);
      node.mapped()();
    }
    arm();
  }

  void wait_signal(boost::asio::signal_set& set, std::shared_ptr<base::Fn<void(int)>> job) {
    set.async_wait([this, &set, job](const boost::system::error_code& error, int number) {
      if (error) return;
      (*job)(number);
      wait_signal(set, job);
    });
  }
};

AsioLoop::Impl*& AsioLoop::running() {
  thread_local Impl* loop = nullptr;
  return loop;
}

AsioLoop::AsioLoop() : impl_(std::make_unique<Impl>()) {}
AsioLoop::~AsioLoop() = default;

base::MonoTime AsioLoop::now() const { return std::chrono::steady_clock::now(); }

base::WallTime AsioLoop::wall() const {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

void AsioLoop::post(base::Fn<void()> job) {
  if (here()) return impl_->own.push_back(std::move(job));
  if (Impl* const from = running()) return from->carry(*impl_, std::move(job));
  impl_->put({&job, 1});
}

bool AsioLoop::here() const { return running() == impl_.get(); }

void AsioLoop::at_turn_end(base::Fn<void()> job) { impl_->turn_end.push_back(std::move(job)); }

base::TimerId AsioLoop::after(base::Duration delay, base::Fn<void()> job) {
  const std::uint64_t id = ++impl_->last_timer;
  impl_->armed = now();
  const base::MonoTime when = impl_->armed + std::max(delay, base::Duration::zero());
  impl_->timers.emplace(Impl::Due{when, id}, std::move(job));
  impl_->due.emplace(id, when);
  impl_->arm();
  return base::TimerId(id);
}

void AsioLoop::cancel(base::TimerId timer) {
  const auto found = impl_->due.find(std::to_underlying(timer));
  if (found == impl_->due.end()) return;
  const auto node = impl_->timers.extract({found->second, found->first});  // freed last: its job may cancel others
  impl_->due.erase(found);
}

void AsioLoop::run() {
  running() = impl_.get();
  impl_->stopping = false;
  for (impl_->run_own(); !impl_->stopping; impl_->run_own()) {
    const bool idle = impl_->turn_end.empty() && impl_->own.empty();
    if (idle) {
      impl_->hand_over();  // of what has run since the turn's end
      impl_->count_lost();
    }
    impl_->run_ready(idle);
    impl_->run_own();
    impl_->end_turn();
  }
  impl_->hand_over();
  impl_->outgoing.clear();  // the others may be gone when this one runs again
  running() = nullptr;
}

void AsioLoop::stop() {
  post([impl = impl_.get()] { impl->stopping = true; });
}

void AsioLoop::on_signal(std::initializer_list<int> signals, base::Fn<void(int)> job) {
  auto set = std::make_unique<boost::asio::signal_set>(impl_->io);
  for (const int number : signals) set->add(number);
  impl_->wait_signal(*set, std::make_shared<base::Fn<void(int)>>(std::move(job)));
  impl_->signals.push_back(std::move(set));
  look_at_asio(*this);
}

std::span<std::byte> AsioLoop::read_buffer() { return impl_->read; }
std::span<std::byte> AsioLoop::plain_buffer() { return impl_->plain; }

std::string AsioLoop::take_buffer() {
  if (impl_->spares.empty()) return {};
  std::string buffer = std::move(impl_->spares.back());
  impl_->spares.pop_back();
  impl_->spare_bytes -= buffer.capacity();
  return buffer;
}

void AsioLoop::give_back(std::string buffer) {
  const std::size_t size = buffer.capacity();
  if (size < smallest_spare || size > largest_spare || impl_->spare_bytes + size > most_spare_bytes) return;
  buffer.clear();
  impl_->spare_bytes += size;
  impl_->spares.push_back(std::move(buffer));
}

ReadySet& AsioLoop::ready_set() { return impl_->ready; }

boost::asio::io_context& context_of(AsioLoop& loop) {
  look_at_asio(loop);
  return loop.impl_->io;
}

void look_at_asio(AsioLoop& loop) { loop.impl_->asio_now = true; }

}  // namespace net
