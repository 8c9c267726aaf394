// One bound resource of a local account, as RFC 6121 sees it: its presence, and what is sent to it.
#pragma once

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/lazy.h"
#include "router/delivery.h"
#include "router/session.h"

namespace accounts {

/// Notes when a message first came, for a client that gets it late (XEP-0203 2).
void add_delay(router::Delivery& delivery);
/// Takes that note off again: what comes later still, or is stored, gets a new one.
void remove_delay(router::Delivery& delivery);

/// Belongs to its Account, on the account's shard, from bind to unbind.
class Session final : public router::SessionView {
 public:
  Session(router::SessionId id, xmpp::Jid jid, router::SessionLink& link, const router::DeliveryPoints& points);

  const xmpp::Jid& jid() const override { return jid_; }
  bool available() const override { return static_cast<bool>(presence_); }
  int priority() const override { return priority_; }
  router::PacketRef presence() const override { return presence_; }
  std::unique_ptr<router::FeatureState>& slot(router::SessionSlot slot) override;
  void send(router::Delivery delivery) override;
  void send_now(router::Delivery delivery) override;

  router::SessionId id() const { return id_; }
  const router::SessionLink& link() const { return *link_; }
  /// Broadcast presence: it is available from now on.
  void set_presence(router::PacketRef presence, int priority);
  void clear_presence();
  /// From now on nothing reaches the client: what is sent is kept for take_returned().
  router::SessionLink& end();
  std::vector<router::Delivery> take_returned() { return std::exchange(returned_.get(), {}); }

  bool interested = false;                   ///< asked for the roster: gets roster pushes (RFC 6121 2.1.6)
  bool took_messages = false;                ///< the session_available step ran
  base::Lazy<std::set<xmpp::Jid>> directed;  ///< whom it sent directed presence (RFC 6121 4.6)

 private:
  router::SessionId id_;
  xmpp::Jid jid_;
  router::SessionLink* link_;  // null once ended
  const router::DeliveryPoints& points_;
  router::PacketRef presence_;
  int priority_ = 0;
  std::vector<std::unique_ptr<router::FeatureState>> slots_;
  base::Lazy<std::vector<router::Delivery>> returned_;
};

}  // namespace accounts
