// What waits for a pair of domains, in order and bounded, each stanza with a deadline and an answer when that is over.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "base/loop.h"
#include "router/router.h"
#include "s2s/link.h"
#include "s2s/policy.h"
#include "s2s/spool.h"

namespace s2s {

/// One stanza on its way.
struct Outbound {
  xmpp::StanzaRef stanza;
  xmpp::Jid from, to;
  router::Origin origin = router::Origin::session;
  base::Ref<base::Held> ticket = {};  ///< its sender waits for this
  SpooledRef row = {};                ///< or was told that it is kept
  base::MonoTime since = {}, deadline = {};
  std::size_t bytes = 0;
  bool patient = false;  ///< a message: tried again until its deadline
};

/// This shard's thread only.
class Queue {
 public:
  /// `policy` is looked at when it is needed: its owner may replace it.
  Queue(router::Router& router, const PolicyRef& policy, Spool& spool, std::string remote);
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  /// Behind the others; what there is no room for is answered with resource-constraint.
  void add(const router::PacketRef& packet);
  /// What the store had, before the others; of several, the last first. Answered if its deadline is over.
  void restore(Outbound stanza);
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  /// All that was added and is not finished.
  std::size_t held() const { return held_; }
  std::size_t held_bytes() const { return bytes_; }

  /// The first. It takes room here until it is given back or finished.
  Outbound take();
  /// Before the others; of several, the last first.
  void put_back(Outbound stanza);
  /// It has arrived.
  void finish(Outbound stanza);

  /// Lets its sender's slot go on; what was promised leaves a row.
  void release(Outbound& stanza);
  /// The same of all that waits and came before that time. True if others still keep their slots.
  bool release(base::MonoTime before);

  /// Why stanzas don't go out at present: what whoever's deadline is over is told.
  void note(Failure failure) { failure_ = std::move(failure); }
  const Failure& noted() const { return failure_; }
  /// Answers all that waits, or what doesn't wait for another attempt.
  void fail(const Failure& failure);

 private:
  void bounce(Outbound stanza, const Failure& failure);
  void forget(const Outbound& stanza);
  void watch(base::MonoTime deadline);
  void expire();

  router::Router& router_;
  const PolicyRef& policy_;
  Spool& spool_;
  std::string remote_;
  std::deque<Outbound> waiting_;
  std::size_t held_ = 0, bytes_ = 0;
  Failure failure_;
  base::MonoTime next_expiry_ = base::MonoTime::max();
  base::Timer expiry_;
};

}  // namespace s2s
