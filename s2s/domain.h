// One remote domain: what waits for it, the links to it, when to dial and when to give up.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "router/router.h"
#include "s2s/backoff.h"
#include "s2s/link.h"
#include "s2s/policy.h"
#include "s2s/queue.h"
#include "s2s/spool.h"
#include "store/store.h"

namespace s2s {

/// What every Domain of a shard works with; outlives them. The policy is replaced between two turns.
struct Shard {
  router::Router& router;
  store::Store& store;
  base::Random& random;
  LinkMaker& links;
  PolicyRef policy;
};

/// How a local domain stands with the remote one, for administrators.
struct PairState {
  std::string local;
  bool up = false;
  std::size_t waiting = 0;         ///< stanzas without a link
  std::size_t unacknowledged = 0;  ///< stanzas that were sent
  std::size_t bytes = 0;           ///< of both
  std::string failure = {};        ///< of the last attempt; empty: none
};

/// Lives on the shard that owns the remote domain. Its owner may end it when it is idle(), or at the end of the server
/// after stop().
class Domain final : public LinkOwner {
 public:
  /// Reads what the store holds for it; until that is done packets wait behind.
  Domain(Shard& shard, std::string remote);
  ~Domain() override;

  void receive(const router::PacketRef& packet);
  /// Takes over a stream that the peer opened, for stanzas of this local domain back to it (XEP-0288). False, and the
  /// link is left to the caller, where the domain has a link already.
  bool adopt(std::unique_ptr<Link>& link, const std::string& local);
  /// Nothing is waiting, nothing is open, nothing is being written.
  bool idle() const;
  /// The server ends: what was promised is written now, and from now on at once. Nobody is dialled any more.
  void stop();
  /// Ends all links; what they held is tried again.
  void kick();
  const std::string& remote() const { return remote_; }
  std::vector<PairState> pairs() const;

  void link_open(Link& link, std::optional<std::uint32_t> resumed) override;
  void link_authorised(Link& link, const std::string& local) override;
  void link_refused(Link& link, const std::string& local, const Failure& failure) override;
  void link_writable(Link& link) override;
  void link_done(Link& link, std::uint32_t count) override;
  void link_lost(Link& link, const Failure& failure, const std::string& resume) override;

 private:
  struct Line;
  struct Pair;
  struct Sent {
    Pair* pair;
    Outbound stanza;
  };

  void load(std::int64_t after);
  void loaded(const base::Result<std::vector<store::SpoolRow>>& rows);
  void restore(const std::vector<store::SpoolRow>& rows);
  Pair& pair(std::string_view local);
  void start(Pair& pair);
  void dial(Pair& pair);
  void attach(Pair& pair, Line& line);
  void came_up(Pair& pair);
  void pump(Pair& pair);
  void failed(Pair& pair, const Failure& failure);
  void retry_later(Pair& pair);
  void hold_tickets(Pair& pair);
  void release_old(Pair& pair);
  bool release_sent(Line& line, base::MonoTime before);
  void give_back(Line& line);
  void dissolve(Line& line);
  void suspend(Line& line);
  Line* line_of(const Link& link);
  const Limits& limits() const { return shard_.policy->limits(); }
  base::Loop& loop() const { return shard_.router.loop(); }

  Shard& shard_;
  std::string remote_;
  Spool spool_;
  std::map<std::string, std::unique_ptr<Pair>, std::less<>> pairs_;  ///< by local domain
  std::list<Line> lines_;
  std::vector<store::SpoolRow> read_;  ///< until all of them are there
  base::Timer reload_;
  bool loaded_ = false;
  bool stopping_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< shared because a read may come back later
};

}  // namespace s2s
