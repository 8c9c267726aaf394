#include "net/relay.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
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
constexpr auto kRefill = std::chrono::milliseconds(50);
constexpr int kBurstParts = 4;  // of a second

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

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
      (void)fcntl(in_.get(), F_SETPIPE_SZ, kPipe);  // the kernel may grant a user no more; then it takes more calls
      capacity_ = static_cast<std::size_t>(std::max(4096, fcntl(in_.get(), F_GETPIPE_SZ)));
      return;
    }
    splices_ = false;
    buffer_.resize(kBuffer);
    capacity_ = buffer_.size();
  }

  /// From a socket, as read(2) tells it.
  ssize_t fill(int socket, std::size_t most) {
    const ssize_t got = splices_ ? splice(socket, nullptr, in_.get(), nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
                                 : recv(socket, buffer_.data(), std::min(most, buffer_.size()), 0);
    if (got > 0) held_ += static_cast<std::size_t>(got);
    return got;
  }

  /// To a socket, as write(2) tells it.
  ssize_t pour(int socket) {
    const ssize_t put = splices_
                            ? splice(out_.get(), nullptr, socket, nullptr, held_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
                            : send(socket, buffer_.data() + sent_, held_, MSG_NOSIGNAL);
    if (put <= 0) return put;
    held_ -= static_cast<std::size_t>(put);
    sent_ = held_ == 0 ? 0 : sent_ + static_cast<std::size_t>(put);
    return put;
  }

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
    if (ways_[0].closed && ways_[1].closed) return finish(End::finished);
    if (turn == 0) go_on_later();
  }

  void go_on_later() {
    if (std::exchange(posted_, true)) return;
    loop_.post([self = shared_from_this()] {
      self->posted_ = false;
      self->run();
    });
  }

  /// Bytes taken from the source or given to the target.
  std::uint64_t step(Way& way, std::uint64_t most) {
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
      finish(End::lost);
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
      finish(End::lost);
    }
    return 0;
  }

  /// All that may be carried was: it is well if that was all.
  std::uint64_t look_for_more(Way& way) {
    char byte = 0;
    const ssize_t got = recv(way.from.socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 0) {
      way.ended = true;
    } else if (got < 0 && would_block()) {
      way.from.readable = false;
    } else {
      finish(got > 0 ? End::too_much : End::lost);
    }
    return 0;
  }

  /// What may be taken at once; where it is nothing, it is seen to that things go on.
  std::uint64_t allowed_now() {
    std::uint64_t allowed = limits_.bytes > 0 ? limits_.bytes - taken_ : kTurn;
    for (const auto& pace : limits_.paces) allowed = std::min({allowed, kPacedTurn, pace->allowed(loop_.now())});
    if (allowed == 0 && !refill_.armed()) refill_ = base::Timer(loop_, kRefill, [this] { run(); });
    return allowed;
  }

  void spend(std::uint64_t bytes) {
    taken_ += bytes;
    for (const auto& pace : limits_.paces) pace->spend(bytes);
  }

  void look_at_idleness() {
    const base::Duration left = moved_ + limits_.idle - loop_.now();
    if (left <= base::Duration::zero()) return finish(End::idle);
    idle_ = base::Timer(loop_, left, [this] { look_at_idleness(); });
  }

  void finish(End end) {
    if (dead_) return;
    drop();
    loop_.post([self = shared_from_this(), end] {
      if (auto done = std::exchange(self->done_, nullptr)) done({self->ways_[0].carried, self->ways_[1].carried, end});
    });
  }

  void drop() {
    dead_ = true;
    for (base::Timer* timer : {&idle_, &total_, &refill_}) timer->cancel();
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
  base::Timer idle_, total_, refill_;
  bool posted_ = false, dead_ = false;
};

Pace::Pace(std::uint64_t bytes_per_second, base::MonoTime now)
    : rate_(bytes_per_second), left_(std::max(rate_ / kBurstParts, kLeastBurst)), earned_until_(now) {}

std::uint64_t Pace::allowed(base::MonoTime now) {
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - earned_until_).count();
  const auto earned = static_cast<std::uint64_t>(passed) * rate_ / 1'000'000;
  if (earned > 0) {
    left_ = std::min(left_ + earned, std::max(rate_ / kBurstParts, kLeastBurst));
    earned_until_ = now;
  }
  return left_;
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
