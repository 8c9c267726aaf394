// The proxy's address on the bus (XEP-0065): tells where the streamhost is, and has it join what a requester activates.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "proxy65/settings.h"
#include "proxy65/streamhost.h"
#include "router/registry.h"
#include "router/router.h"

namespace proxy65 {

struct Counts {
  std::size_t waiting = 0;    ///< connections that are not joined yet
  std::size_t active = 0;     ///< streams
  std::uint64_t streams = 0;  ///< that have ended
  std::uint64_t bytes = 0;    ///< that those carried, both ways

  Counts& operator+=(const Counts& other) {
    waiting += other.waiting;
    active += other.active;
    streams += other.streams;
    bytes += other.bytes;
    return *this;
  }
};

/// One per shard, on its thread; the one that owns the address has the streamhost and gets what is sent there.
class Service final : public router::Component {
 public:
  /// Registers what the address answers, before the registry is frozen.
  Service(router::Router& router, router::Registry& registry, SettingsRef settings, Carry carry);

  void receive(router::PacketRef packet) override;
  /// Counts for streams that are activated from now on.
  void use(SettingsRef settings);
  const Settings& settings() const { return *settings_; }
  Streamhost& streamhost() { return streamhost_; }
  Counts counts() const { return {streamhost_.waiting(), streamhost_.active(), streams_, bytes_}; }

 private:
  /// Somebody who has, or just had, streams.
  struct User {
    std::uint32_t streams = 0;
    std::shared_ptr<net::Pace> pace;
  };

  bool may_use(const xmpp::Jid& who) const;
  void info_asked(router::Responder responder);
  void addresses_asked(router::Responder responder);
  void activation_asked(router::Responder responder);
  net::RelayLimits limits_of(User& user);
  void forget_users();
  void ended(const xmpp::Jid& requester, const std::string& target, const net::Relay::Outcome& outcome);

  router::Router& router_;
  router::Registry& registry_;
  SettingsRef settings_;
  Streamhost streamhost_;
  std::shared_ptr<net::Pace> pace_;  ///< of all; null where there is none
  std::unordered_map<xmpp::Jid, User> users_;
  std::uint64_t streams_ = 0, bytes_ = 0;
};

/// What both parties ask the streamhost for (8.2): the SHA-1 of its arguments, in hexadecimal.
std::string hash_of(std::string_view sid, const xmpp::Jid& requester, const xmpp::Jid& target);

}  // namespace proxy65
