// What one loop waits for: an epoll set of its connections, and of the two descriptors behind which all else is. Asio
// arms each wait on a descriptor with a system call of its own; here a descriptor is registered once
// (docs/decisions/0004-hot-path.md).
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "net/fd.h"

namespace net {

/// Everything on the loop's thread.
class ReadySet {
 public:
  /// A registered descriptor's owner.
  class Source {
   public:
    /// Edge-triggered: what has changed (EPOLLIN, EPOLLOUT, …) since it was told the last time. May take sources out,
    /// itself too.
    virtual void on_ready(std::uint32_t events) = 0;

   protected:
    ~Source() = default;
  };

  ReadySet();
  /// Until remove(), which has to come before the descriptor is closed. False: the system refused (errno).
  bool add(int descriptor, Source& source);
  void remove(int descriptor, const Source& source);
  /// Asks the system what is ready, at most a turn's worth, unless some of the last answer is left; if `wait`, not
  /// before something is, or a signal comes.
  void take(bool wait = false);
  /// Tells the next source that is ready; false if none is left. Of an answer the last to become ready comes first:
  /// what has waited goes on gathering until it is read, and more fits one read and one write.
  bool next();

 private:
  Fd set_;
  std::array<epoll_event, 256> events_;
  std::size_t left_ = 0;  // of the events: not told yet
};

}  // namespace net
