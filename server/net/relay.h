// The bytes of two connections, carried from each to the other by the kernel (splice(2), LIMITS section 8): they are
// never in this process.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "net/asio_loop.h"
#include "net/fd.h"

namespace net {

/// Bytes a second that all who have it share, one after the other. One loop's; everything on its thread.
class Pace : public std::enable_shared_from_this<Pace> {
 public:
  /// More than none. A quarter of a second's bytes may go at once, and 64 KiB at least.
  Pace(base::Loop& loop, std::uint64_t bytes_per_second);

  /// Bytes that may go now.
  std::uint64_t left() const { return left_; }
  void spend(std::uint64_t bytes) { left_ -= std::min(left_, bytes); }
  /// A new one would allow no more.
  bool is_full();
  /// Calls `turn` in a later step, once something is left and all who waited before have had their turn; never if `who`
  /// is gone by then.
  void wait(std::weak_ptr<void> who, base::Fn<void()> turn);

 private:
  struct Waiting {
    std::weak_ptr<void> who;
    base::Fn<void()> turn;
  };
  void earn();
  void arrange();
  void serve();

  base::Loop& loop_;
  const std::uint64_t rate_, most_;
  std::uint64_t left_ = most_;
  base::MonoTime earned_until_;
  std::deque<Waiting> waiting_;
  base::Timer timer_;
  bool arranged_ = false;
};

struct RelayLimits {
  std::vector<std::shared_ptr<Pace>> paces;  ///< both ways together keep to each of them
  std::uint64_t bytes = 0;                   ///< both ways together; 0: any
  base::Duration idle = std::chrono::minutes(5);
  base::Duration total = std::chrono::hours(24);
};

/// Everything on the loop's thread. A side that ends its stream ends the other's reading only once all of its bytes are
/// there; the way back goes on. A stream that the relay itself cuts ends with a reset, so that nobody takes a part for
/// the whole. The process must ignore SIGPIPE: splice(2) can't be told not to raise it.
class Relay {
 public:
  enum class End : std::uint8_t {
    finished,  ///< both sides ended their streams, and each got all of the other's bytes
    lost,      ///< a connection broke; what came before has been passed on
    idle,      ///< nobody took a byte for so long
    too_long,
    too_much,
  };
  struct Outcome {
    std::uint64_t forth = 0, back = 0;  ///< bytes that the second, and the first, was given
    End end = End::finished;
  };
  using Done = base::Fn<void(const Outcome&)>;

  /// How bytes cross; copying needs a buffer of this process, but no pipe.
  enum class Means : std::uint8_t { splice, copy };

  /// Takes connected, non-blocking stream sockets. `done` once, in a later step, unless the relay is destroyed before.
  /// Fails where the loop can't wait for them.
  static base::Result<std::unique_ptr<Relay>> start(AsioLoop& loop, Fd first, Fd second, const RelayLimits& limits,
                                                    Done done, Means means = Means::splice);
  /// Drops both connections.
  ~Relay();

 private:
  class Core;
  explicit Relay(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  std::shared_ptr<Core> core_;  ///< shared with what it has posted
};

/// "finished", "connection lost", "idle", …
std::string_view to_string(Relay::End end);

}  // namespace net
