#include "net/relay.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"

namespace net {
namespace {

constexpr int kPipe = 256 * 1024;                // LIMITS section 8: what a way may have under way
constexpr std::size_t kBuffer = 64 * 1024;       // the same where bytes are copied
constexpr std::uint64_t kTurn = 512 * 1024;      // carried before others have their turn
constexpr std::uint64_t kPacedTurn = 64 * 1024;  // the same where others wait for what is left of a pace
constexpr std::uint64_t kLeastBurst = 64 * 1024;
constexpr auto kEarn = std::chrono::milliseconds(50);  // in such portions: single bytes cost as much as many
constexpr auto kMostEarned = std::chrono::seconds(1);
constexpr std::uint64_t kBurstParts = 4;  // of a second
constexpr rlim_t kKeptDescriptors = 32;   // for the rest of the process, as a listener keeps them

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

/// A call's result once no signal comes between.
template <class Call>
ssize_t repeated(Call call) {
  for (;;) {
    const ssize_t result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

bool is_scarce(int descriptor) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return false;
  return static_cast<rlim_t>(descriptor) + kKeptDescriptors >= files.rlim_cur;
}

/// What stands between two sockets, one way: a pipe, or a buffer where there is none.
class Vessel {
 public:
  explicit Vessel(Relay::Means means) : splices_(means == Relay::Means::splice) {}

  std::size_t held() const { return held_; }
  std::size_t room() const { return capacity_ - held_; }
  bool ready() const { return capacity_ > 0; }

  /// Made when the first bytes come: most transfers have one way only.
  void make() {
    int ends[2];
    if (splices_ && pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
      out_ = Fd(ends[0]);
      in_ = Fd(ends[1]);
      splices_ = !is_scarce(std::max(ends[0], ends[1]));
    } else {
      splices_ = false;
    }
    if (splices_) {
      (void)fcntl(in_.get(), F_SETPIPE_SZ, kPipe);  // the kernel may grant a user no more; then it takes more calls
      capacity_ = static_cast<std::size_t>(std::max(4096, fcntl(in_.get(), F_GETPIPE_SZ)));
      return;
    }
    out_ = Fd();
    in_ = Fd();
    buffer_.resize(kBuffer);
    capacity_ = buffer_.size();
  }

  /// From a socket, as read(2) tells it.
  ssize_t fill(int socket, std::size_t most) {
    const ssize_t got = repeated([&] {
      return splices_ ? splice(socket, nullptr, in_.get(), nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
                      : recv(socket, buffer_.data(), std::min(most, buffer_.size()), 0);
    });
    if (got > 0) held_ += static_cast<std::size_t>(got);
    return got;
  }

  /// To a socket, as write(2) tells it.
  ssize_t pour(int socket) {
    const ssize_t put = repeated([&] {
      return splices_ ? splice(out_.get(), nullptr, socket, nullptr, held_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
                      : send(socket, buffer_.data() + sent_, held_, MSG_NOSIGNAL);
    });
    if (put <= 0) return put;
    held_ -= static_cast<std::size_t>(put);
    sent_ = held_ == 0 ? 0 : sent_ + static_cast<std::size_t>(put);
    return put;
  }

  void empty() { held_ = sent_ = 0; }

  /// A pipe has room for another piece of whatever size; a buffer is filled from its beginning.
  bool takes_more() const { return splices_ ? room() > 0 : held_ == 0; }

 private:
  bool splices_;
  Fd in_, out_;
  std::string buffer_;
  std::size_t capacity_ = 0, held_ = 0, sent_ = 0;
};

}  // namespace

class Relay::Core final : public std::enable_shared_from_this<Core> {
 public:
  Core(AsioLoop& loop, Fd first, Fd second, const RelayLimits& limits, Done done, Means means)
      : loop_(loop),
        limits_(limits),
        sides_{Side(*this, std::move(first)), Side(*this, std::move(second))},
        ways_{Way(sides_[0], sides_[1], means), Way(sides_[1], sides_[0], means)},
        done_(std::move(done)),
        moved_(loop.now()) {}

  base::Result<void> start() {
    for (Side& side : sides_) {
      // Who takes nothing for a while is the relay's affair, not the kernel's.
      const auto idle = std::chrono::duration_cast<std::chrono::milliseconds>(limits_.idle).count();
      const int most = static_cast<int>(std::min<std::int64_t>(idle, std::numeric_limits<int>::max()));
      (void)setsockopt(side.socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &most, sizeof most);
      if (!loop_.ready_set().add(side.socket.get(), side))
        return base::failure(std::string("waiting for a socket: ") + std::strerror(errno));
      side.waits = true;
    }
    idle_ = base::Timer(loop_, limits_.idle, [this] { look_at_idleness(); });
    total_ = base::Timer(loop_, limits_.total, [this] { finish(End::too_long); });
    go_on_later();
    return {};
  }

  void leave() {
    done_ = nullptr;
    drop();
  }

 private:
  struct Side final : ReadySet::Source {
    Side(Core& owner, Fd fd) : core(owner), socket(std::move(fd)) {}
    void on_ready(std::uint32_t events) override {
      // A broken connection says so when it is read or written.
      constexpr std::uint32_t kReadable = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
      constexpr std::uint32_t kWritable = EPOLLOUT | EPOLLHUP | EPOLLERR;
      readable = readable || (events & kReadable) != 0;
      writable = writable || (events & kWritable) != 0;
      core.run();
    }
    Core& core;
    Fd socket;
    bool readable = true, writable = true;  // until the kernel says otherwise
    bool waits = false;
  };

  struct Way {
    Way(Side& source, Side& target, Means means) : from(source), to(target), vessel(means) {}
    Side& from;
    Side& to;
    Vessel vessel;
    std::uint64_t carried = 0;
    bool full = false;    // as far as the kernel is concerned, whatever its size
    bool ended = false;   // the source has nothing more
    bool closed = false;  // and the target knows
  };

  /// As long as something moves, but not longer than a turn.
  void run() {
    if (dead_) return;
    const auto self = shared_from_this();
    std::uint64_t turn = kTurn;
    for (bool moves = true; moves && turn > 0;) {
      moves = false;
      for (Way& way : ways_) {
        const auto carried = step(way, turn);
        if (dead_) return;
        moves = moves || carried > 0;
        turn -= std::min(turn, carried);
      }
    }
    if (ways_[0].closed && ways_[1].closed) return finish(lost_ ? End::lost : End::finished);
    if (turn == 0) go_on_later();
  }

  /// In the next turn: a job would run in this one, before others are read.
  void go_on_later() {
    if (std::exchange(posted_, true)) return;
    loop_.at_turn_end([self = shared_from_this()] {
      self->posted_ = false;
      self->run();
    });
  }

  /// Bytes taken from the source or given to the target.
  std::uint64_t step(Way& way, std::uint64_t most) {
    if (way.closed) return 0;
    const std::uint64_t filled = fill(way, most);
    if (dead_) return 0;
    const std::uint64_t poured = pour(way);
    if (dead_) return 0;
    if (way.ended && way.vessel.held() == 0 && !std::exchange(way.closed, true))
      (void)shutdown(way.to.socket.get(), SHUT_WR);  // who has reset it gets no end
    if (filled + poured > 0) moved_ = loop_.now();
    return std::max(filled, poured);
  }

  std::uint64_t fill(Way& way, std::uint64_t most) {
    if (way.ended || way.full || !way.from.readable) return 0;
    if (!way.vessel.ready()) way.vessel.make();
    if (!way.vessel.takes_more()) return 0;
    if (limits_.bytes > 0 && taken_ >= limits_.bytes) return look_for_more(way);
    const std::uint64_t allowed = std::min(most, allowed_now());
    if (allowed == 0) return 0;
    const bool was_empty = way.vessel.held() == 0;
    const ssize_t got = way.vessel.fill(way.from.socket.get(), std::min<std::uint64_t>(allowed, way.vessel.room()));
    if (got > 0) {
      spend(static_cast<std::uint64_t>(got));
      return static_cast<std::uint64_t>(got);
    }
    if (got == 0) {
      way.ended = true;
    } else if (!would_block()) {
      break_off(way);
    } else if (was_empty) {
      way.from.readable = false;
    } else {
      way.full = true;  // or the socket has nothing: a pipe that is empty again tells
    }
    return 0;
  }

  std::uint64_t pour(Way& way) {
    if (way.vessel.held() == 0 || !way.to.writable) return 0;
    const ssize_t put = way.vessel.pour(way.to.socket.get());
    if (put > 0) {
      if (way.vessel.held() == 0) way.full = false;
      way.carried += static_cast<std::uint64_t>(put);
      return static_cast<std::uint64_t>(put);
    }
    if (put < 0 && would_block()) {
      way.to.writable = false;
    } else {
      give_up(way);
    }
    return 0;
  }

  /// The source's connection broke: what it sent before still goes, and nothing more to it.
  void break_off(Way& way) {
    way.ended = true;
    give_up(&way == &ways_[0] ? ways_[1] : ways_[0]);
  }

  /// The target takes nothing any more; what it has sent still goes the other way.
  void give_up(Way& way) {
    lost_ = lost_ || !way.closed;
    way.ended = way.closed = true;
    way.vessel.empty();
  }

  /// All that may be carried was: it is well if that was all.
  std::uint64_t look_for_more(Way& way) {
    char byte = 0;
    const ssize_t got = recv(way.from.socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0) {
      way.ended = true;
    } else if (got < 0 && would_block()) {
      way.from.readable = false;
    } else if (got > 0) {
      finish(End::too_much);
    } else {
      break_off(way);
    }
    return 0;
  }

  /// What may be taken at once. Who has a pace takes something in his turn only.
  std::uint64_t allowed_now() {
    std::uint64_t allowed = limits_.bytes > 0 ? limits_.bytes - taken_ : kTurn;
    if (limits_.paces.empty()) return allowed;
    const auto empty = std::ranges::find_if(limits_.paces, [](const auto& pace) { return pace->left() == 0; });
    if (portion_ == 0 || empty != limits_.paces.end()) {
      wait_for(empty == limits_.paces.end() ? *limits_.paces.front() : **empty);
      return 0;
    }
    for (const auto& pace : limits_.paces) allowed = std::min({allowed, portion_, pace->left()});
    return allowed;
  }

  void wait_for(Pace& pace) {
    if (std::exchange(waits_, true)) return;
    pace.wait(weak_from_this(), [this] {
      waits_ = false;
      portion_ = kPacedTurn;
      run();
      portion_ = 0;
    });
  }

  void spend(std::uint64_t bytes) {
    taken_ += bytes;
    portion_ -= std::min(portion_, bytes);
    for (const auto& pace : limits_.paces) pace->spend(bytes);
  }

  void look_at_idleness() {
    const base::Duration left = moved_ + limits_.idle - loop_.now();
    if (left <= base::Duration::zero()) return finish(End::idle);
    idle_ = base::Timer(loop_, left, [this] { look_at_idleness(); });
  }

  void finish(End end) {
    if (dead_) return;
    const linger reset{.l_onoff = 1, .l_linger = 0};
    if (end != End::finished && end != End::lost)
      for (const Side& side : sides_) (void)setsockopt(side.socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    drop();
    loop_.post([self = shared_from_this(), end] {
      if (auto done = std::exchange(self->done_, nullptr)) done({self->ways_[0].carried, self->ways_[1].carried, end});
    });
  }

  void drop() {
    dead_ = true;
    idle_.cancel();
    total_.cancel();
    for (Side& side : sides_) {
      if (std::exchange(side.waits, false)) loop_.ready_set().remove(side.socket.get(), side);
      side.socket = Fd();
    }
  }

  AsioLoop& loop_;
  const RelayLimits limits_;
  std::array<Side, 2> sides_;
  std::array<Way, 2> ways_;
  Done done_;
  std::uint64_t taken_ = 0;
  base::MonoTime moved_;
  base::Timer idle_, total_;
  std::uint64_t portion_ = 0;  ///< of this turn, where there are paces
  bool posted_ = false, waits_ = false, lost_ = false, dead_ = false;
};

Pace::Pace(base::Loop& loop, std::uint64_t bytes_per_second)
    : loop_(loop),
      rate_(bytes_per_second),
      most_(std::max(rate_ / kBurstParts, kLeastBurst)),
      earned_until_(loop.now()) {}

bool Pace::is_full() {
  earn();
  return left_ == most_;
}

void Pace::wait(std::weak_ptr<void> who, base::Fn<void()> turn) {
  waiting_.push_back({std::move(who), std::move(turn)});
  arrange();
}

void Pace::earn() {
  const base::Duration passed = loop_.now() - earned_until_;
  if (passed < kEarn) return;
  const auto counted =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::min<base::Duration>(passed, kMostEarned));
  const auto parts = static_cast<std::uint64_t>(counted.count());  // of a thousand
  left_ = std::min(most_, left_ + rate_ / 1000 * parts + rate_ % 1000 * parts / 1000);
  earned_until_ += passed;
}

void Pace::arrange() {
  if (waiting_.empty() || std::exchange(arranged_, true)) return;
  earn();
  if (left_ == 0) {
    timer_ = base::Timer(loop_, kEarn, [this] { serve(); });
  } else {
    loop_.at_turn_end([self = weak_from_this()] {
      if (const auto pace = self.lock()) pace->serve();
    });
  }
}

/// As long as something is left, but not longer than a turn. Who wants more waits again, behind the others.
void Pace::serve() {
  const auto self = shared_from_this();
  earn();
  for (std::uint64_t turn = 0; turn < kTurn && left_ > 0 && !waiting_.empty(); turn += kPacedTurn) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    if (const auto who = next.who.lock()) next.turn();
  }
  arranged_ = false;
  arrange();
}

base::Result<std::unique_ptr<Relay>> Relay::start(AsioLoop& loop, Fd first, Fd second, const RelayLimits& limits,
                                                  Done done, Means means) {
  auto core = std::make_shared<Core>(loop, std::move(first), std::move(second), limits, std::move(done), means);
  std::unique_ptr<Relay> relay(new Relay(core));
  if (auto started = core->start(); !started) return std::unexpected(started.error());
  return relay;
}

Relay::~Relay() { core_->leave(); }

std::string_view to_string(Relay::End end) {
  switch (end) {
    case Relay::End::finished: return "finished";
    case Relay::End::lost: return "connection lost";
    case Relay::End::idle: return "idle";
    case Relay::End::too_long: return "too long";
    case Relay::End::too_much: return "too many bytes";
  }
  base::check(false, "a known end");
  return {};
}

}  // namespace net
