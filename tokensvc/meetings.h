// The token service's face towards chat: rooms ask it on the bus for links on their occupants' behalf
// (router/token_service.h), and accounts ask their host for meetings of their own (XEP-0483).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/random.h"
#include "router/registry.h"
#include "router/router.h"
#include "store/store.h"
#include "tokensvc/office.h"
#include "tokensvc/room_name.h"

namespace tokensvc {

/// One per shard, on its thread. The router brings all requests to one of them, so that a caller has one bucket.
/// Claimed at start wherever there is a token service, whether it has rules or not: a reload may bring some.
class Meetings final : public router::Component {
 public:
  /// What one person may ask for, of rooms and hosts together; the rest of the caller's rate is for others.
  static constexpr Rate kPerPerson{.per_minute = 10, .burst = 5};

  /// Registers what hosts answer, before the registry is frozen. The names of meetings depend on the secret.
  Meetings(router::Router& router, router::Registry& registry, store::Store& store, base::Random& random,
           Office& office, std::string_view secret);
  ~Meetings() override;

  void receive(router::PacketRef packet) override;

 private:
  struct Asked;
  using AskedPtr = std::unique_ptr<Asked>;

  void host_asked(router::Responder responder);
  void host_commanded(router::Responder responder);
  void ask(const xmpp::Jid& who, std::string name, const std::string& text, base::Fn<void(const router::Reply&)> done);
  void serve(router::Responder responder);
  std::optional<Refusal> pace(const xmpp::Jid& who);
  void meet(AskedPtr asked, const xmpp::Jid& who);
  void issue(AskedPtr asked);
  void invite(AskedPtr asked);

  router::Router& router_;
  store::Store& store_;
  base::Random& random_;
  Office& office_;
  const RoomNames names_;
  std::unordered_map<xmpp::Jid, Bucket> paces_;  // of people
  std::unordered_set<xmpp::Jid> asking_;         // whom a host owes an answer
  std::size_t open_ = 0;                         // requests not yet answered
};

}  // namespace tokensvc
