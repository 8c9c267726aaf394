// Joins two simulated connections into one with a net::Transport at either end: two servers that speak with each other.
#pragma once

#include <string>
#include <utility>

#include "sim/sim_transport.h"

namespace sim {

/// As long as it lives bytes pass; then both ends break. TLS is each end's own (there are no records).
class Bridge {
 public:
  Bridge(Peer a, Peer b) : a_(std::move(a)), b_(std::move(b)) {
    a_.on_arrival([this] { pass(a_, b_, a_ended_); });
    b_.on_arrival([this] { pass(b_, a_, b_ended_); });
    pass(a_, b_, a_ended_);
    pass(b_, a_, b_ended_);
  }
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;
  ~Bridge() {
    a_.on_arrival(nullptr);
    b_.on_arrival(nullptr);
  }

  /// Both ends notice that it broke.
  void cut() {
    a_.cut();
    b_.cut();
  }
  /// Nobody notices: bytes vanish.
  void vanish() {
    a_.vanish();
    b_.vanish();
  }
  bool closed() const { return a_.closed() && b_.closed(); }

 private:
  static void pass(Peer& from, Peer& to, bool& ended) {
    const std::string bytes = from.take();
    if (!bytes.empty()) to.send(bytes);
    if (from.closed()) {
      to.cut();
    } else if (from.ended() && !std::exchange(ended, true)) {
      to.end();
    }
  }

  Peer a_, b_;
  bool a_ended_ = false, b_ended_ = false;
};

}  // namespace sim
