// Accounts of example.org as small as features need them: sessions, delivery points and slots over a real router,
// registry and store on virtual time. It records what each client would read.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "router/delivery.h"
#include "router/registry.h"
#include "router/router.h"
#include "router/switchboard.h"
#include "sim/sim_loop.h"
#include "store/store.h"
#include "xml/stream_reader.h"
#include "xmpp/ns.h"

namespace features_test {

inline xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }

class Household;

class Session final : public router::SessionView {
 public:
  Session(Household& house, xmpp::Jid full) : house_(house), jid_(std::move(full)) {}
  const xmpp::Jid& jid() const override { return jid_; }
  bool available() const override { return priority_.has_value(); }
  int priority() const override { return priority_.value_or(0); }
  router::PacketRef presence() const override { return {}; }
  std::unique_ptr<router::FeatureState>& slot(router::SessionSlot slot) override {
    return slots_[std::to_underlying(slot)];
  }
  void send(router::Delivery delivery) override;
  void send_now(router::Delivery delivery) override;

  /// What it got since the last call, as text.
  std::vector<std::string> take() { return std::exchange(got_, {}); }
  /// The same for the receipts of what it got, in order.
  std::vector<base::Ref<router::Receipt>> take_receipts() { return std::exchange(receipts_, {}); }
  void set_priority(std::optional<int> priority) { priority_ = priority; }

 private:
  Household& house_;
  xmpp::Jid jid_;
  std::optional<int> priority_ = 0;
  std::map<int, std::unique_ptr<router::FeatureState>> slots_;
  std::vector<std::string> got_;
  std::vector<base::Ref<router::Receipt>> receipts_;
};

class Account final : public router::AccountView {
 public:
  Account(Household& house, xmpp::Jid bare) : house_(house), jid_(std::move(bare)) {}
  const xmpp::Jid& jid() const override { return jid_; }
  const router::HostSettings& host() const override;
  router::Router& router() override;
  std::span<router::SessionView* const> sessions() override { return views_; }
  router::SessionView* session(const xmpp::Jid& full) override {
    const auto found = sessions_.find(full);
    return found == sessions_.end() ? nullptr : found->second.get();
  }
  std::optional<router::SubscriptionState> subscription(const xmpp::Jid& contact) const override {
    const auto found = roster.find(contact.bare());
    return found == roster.end() ? std::nullopt : std::optional(found->second);
  }
  std::unique_ptr<router::FeatureState>& slot(router::AccountSlot slot) override {
    return slots[std::to_underlying(slot)];
  }
  std::unique_ptr<router::AccountHold> hold() override;
  void send_presence_to(const xmpp::Jid&, bool) override {}
  std::int64_t next_offline_id() override { return ++last_offline_id; }

  Session& bind(const std::string& resource);
  void unbind(Session& session);

  std::map<xmpp::Jid, router::SubscriptionState> roster;
  std::vector<std::unique_ptr<router::FeatureState>> slots;
  std::int64_t last_offline_id = 0;
  int holds = 0;
  std::vector<router::PacketRef> held;

 private:
  Household& house_;
  xmpp::Jid jid_;
  std::map<xmpp::Jid, std::unique_ptr<Session>> sessions_;
  std::vector<router::SessionView*> views_;
};

class Household : public testing::Test, public router::Component, public router::AccountDirectory {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "exedra-features-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    open_store();
    router().claim("example.org", *this);
    use({.domain = jid("example.org")});
  }
  void TearDown() override {
    world.settle();
    accounts_.clear();
    world.advance(std::chrono::seconds(1));
    store.reset();
    std::filesystem::remove_all(directory_);
  }

 public:
  router::Router& router() { return board_.router(0); }
  void use(router::HostSettings host, router::Limits limits = {}, std::vector<router::RoomService> rooms = {}) {
    settings_ = base::make_ref<const router::Settings>(std::vector{std::move(host)}, limits, std::move(rooms));
    router().use(settings_);
  }
  const router::Settings& settings() const { return *settings_; }

  router::AccountView* account(const xmpp::Jid& bare) override {
    const auto found = accounts_.find(bare);
    return found == accounts_.end() ? nullptr : found->second.get();
  }
  /// An account with what the features load for it.
  Account& open(std::string_view address);
  /// Leaves the memory; what the store has stays.
  void forget(const Account& account) { accounts_.erase(xmpp::Jid(account.jid())); }

  /// A client sends this; addresses are stamped, all that follows from it happens.
  void submit(Session& session, const std::string& xml);
  /// The same from somebody elsewhere.
  void arrive(std::string_view from, std::string_view to, const std::string& xml);
  void settle() { world.advance(std::chrono::milliseconds(100)); }

  void receive(router::PacketRef packet) override;
  bool keeps_back(router::SessionView& session, router::Delivery& delivery);

  sim::World world{7};
  router::Registry registry;
  router::DeliveryPoints points;
  std::unique_ptr<store::Store> store;
  sim::SeededRandom random{3};

 private:
  void open_store();
  void handle_message(Account& account, const router::PacketRef& packet);
  void handle_iq(const router::PacketRef& packet);
  bool run(const std::vector<router::DeliveryPoints::StanzaStep>& steps, router::Passage& passage);
  void write(const router::Passage& passage);

  router::Switchboard board_{world.loops()};
  std::filesystem::path directory_;
  sim::SimExecutor writing_{world, std::chrono::milliseconds(5)}, reading_{world, std::chrono::milliseconds(5)};
  router::SettingsRef settings_;
  std::map<xmpp::Jid, std::unique_ptr<Account>> accounts_;
};

inline xmpp::StanzaRef stanza(const std::string& xml) {
  auto document = xml::parse_element("<w xmlns='jabber:client'>" + xml + "</w>");
  if (!document) ADD_FAILURE() << "not an element: " << xml;
  auto read = xmpp::Stanza::parse(xml::Document::copy_of(*document->root().first_child()));
  if (!read) ADD_FAILURE() << "no stanza: " << xml;
  return *read;
}

}  // namespace features_test
