// One host with local accounts, as a feature sees it: real bus, registry and store on virtual time. Accounts and
// sessions are stand-ins that keep what they are told.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "features/feature.h"
#include "sim/faulty_vfs.h"
#include "sim/sim_loop.h"
#include "store/unit.h"
#include "xml/stream_reader.h"
#include "xml/writer.h"
#include "xmpp/ns.h"

namespace features_test {

inline constexpr xml::Limits kRoomy{.max_bytes = 1024 * 1024};

inline xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }

class TestSession final : public router::SessionView {
 public:
  TestSession(xmpp::Jid full, std::size_t slots) : jid_(std::move(full)), slots_(slots) {}
  const xmpp::Jid& jid() const override { return jid_; }
  bool available() const override { return is_available; }
  int priority() const override { return 0; }
  router::PacketRef presence() const override { return {}; }
  std::unique_ptr<router::FeatureState>& slot(router::SessionSlot slot) override {
    return slots_.at(static_cast<std::size_t>(slot));
  }
  void send(router::Delivery delivery) override { sent.push_back(std::move(delivery)); }
  void send_now(router::Delivery delivery) override { sent.push_back(std::move(delivery)); }

  bool is_available = false;
  std::vector<router::Delivery> sent;

 private:
  xmpp::Jid jid_;
  std::vector<std::unique_ptr<router::FeatureState>> slots_;
};

class TestAccount final : public router::AccountView {
 public:
  TestAccount(xmpp::Jid bare, router::Router& router) : jid_(std::move(bare)), router_(router) {}
  const xmpp::Jid& jid() const override { return jid_; }
  const router::HostSettings& host() const override { return router_.settings().first(); }
  router::Router& router() override { return router_; }
  std::span<router::SessionView* const> sessions() override { return views_; }
  router::SessionView* session(const xmpp::Jid& full) override {
    for (router::SessionView* view : views_)
      if (view->jid() == full) return view;
    return nullptr;
  }
  std::optional<router::SubscriptionState> subscription(const xmpp::Jid& contact) const override {
    const auto found = roster.find(contact.bare());
    return found == roster.end() ? std::nullopt : std::optional(found->second);
  }
  std::unique_ptr<router::FeatureState>& slot(router::AccountSlot slot) override {
    return slots.at(static_cast<std::size_t>(slot));
  }
  std::unique_ptr<router::AccountHold> hold() override { return nullptr; }
  void send_presence_to(const xmpp::Jid& contact, bool available) override {
    presences.push_back((available ? "available to " : "unavailable to ") + std::string(contact.str()));
  }

  TestSession& bind(std::string_view resource, std::size_t session_slots) {
    bound.push_back(std::make_unique<TestSession>(jid_.with_resource(resource).value(), session_slots));
    views_.push_back(bound.back().get());
    return *bound.back();
  }

  std::map<xmpp::Jid, router::SubscriptionState> roster;
  std::vector<std::unique_ptr<router::FeatureState>> slots;
  std::vector<std::string> presences;
  std::vector<std::unique_ptr<TestSession>> bound;

 private:
  xmpp::Jid jid_;
  router::Router& router_;
  std::vector<router::SessionView*> views_;
};

/// Romeo and Juliet at example.org, one available session each.
class FeatureTest : public testing::Test, protected router::Component, protected router::AccountDirectory {
 protected:
  using Add = void (*)(const features::Environment&);

  explicit FeatureTest(Add add) {
    std::string name = std::filesystem::temp_directory_path() / "exedra-features-XXXXXX";
    base::check(mkdtemp(name.data()) != nullptr, "a temporary directory");
    directory_ = name;
    sim::register_faulty_vfs();
    store = store::Store::open(directory_ / "exedra.db", {.vfs = sim::kFaultyVfs}, executor_, executor_).value();
    router().use(base::make_ref<const router::Settings>(
        std::vector<router::HostSettings>{{.domain = jid("example.org")}}, limits));
    router().claim("example.org", *this);
    router().claim_rest(*this);
    add(environment());
    registry.freeze();
    for (const char* name_of : {"romeo@example.org", "juliet@example.org"}) load(jid(name_of));
    romeo().bind("orchard", points.session_slots).is_available = true;
    juliet().bind("balcony", points.session_slots).is_available = true;
  }
  ~FeatureTest() override {
    sim::vfs_failure = SQLITE_OK;
    settle();
    store.reset();
    std::filesystem::remove_all(directory_);
  }

  features::Environment environment() { return {router(), registry, points, *this, *store, random_}; }
  router::Router& router() { return board.router(0); }
  TestAccount& romeo() { return *accounts_.at(jid("romeo@example.org")); }
  TestAccount& juliet() { return *accounts_.at(jid("juliet@example.org")); }
  TestSession& orchard() { return *romeo().bound.front(); }
  TestSession& balcony() { return *juliet().bound.front(); }
  void settle() {
    for (int turns = 0; turns < 20; ++turns) world.advance(std::chrono::milliseconds(20));
  }

  /// As at the account's first packet: whatever was loaded before is forgotten.
  TestAccount& load(const xmpp::Jid& bare) {
    auto& account = accounts_[bare];
    if (!account) account = std::make_unique<TestAccount>(bare, router());
    account->slots.clear();
    for (const auto& loader : points.loaders) {
      store->read(
          router().loop(), [&](store::Reader& reader) { return loader(reader, bare); },
          [&account](auto state) { account->slots.push_back(std::move(state).value()); });
      settle();
    }
    return *account;
  }

  /// Posts the iq and gives back the one answer, addresses left out; "" while there is none.
  std::string ask(std::string_view from, std::string_view to, const std::string& type, const std::string& payload) {
    answers.clear();
    const std::string text = "<iq xmlns='jabber:client' id='q1' type='" + type + "'>" + payload + "</iq>";
    post(from, to, text);
    settle();
    if (answers.size() > 1) return std::to_string(answers.size()) + " answers";
    return answers.empty() ? "" : answers.front();
  }
  router::PacketRef packet(std::string_view from, std::string_view to, const std::string& text,
                           base::Ref<base::Held> ticket = {}) {
    auto stanza = xmpp::Stanza::parse(xml::parse_element(text, kRoomy).value()).value();
    return base::make_ref<const router::Packet>(std::move(stanza), jid(from), to.empty() ? xmpp::Jid() : jid(to),
                                                router::Origin::session, std::move(ticket));
  }
  void post(std::string_view from, std::string_view to, const std::string& text) {
    router().post(packet(from, to, text));
  }

  static std::string result(const std::string& payload = {}) {
    return payload.empty() ? "<iq type='result' id='q1'/>" : "<iq type='result' id='q1'>" + payload + "</iq>";
  }
  static std::string error(const std::string& type, const std::string& condition) {
    return "<iq type='error' id='q1'><error type='" + type + "'><" + condition +
           " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
  }

  router::Limits limits;
  sim::World world{7};
  router::Switchboard board{world.loops()};
  router::Registry registry;
  router::DeliveryPoints points;
  std::unique_ptr<store::Store> store;
  std::vector<std::string> answers;

 private:
  void receive(router::PacketRef packet) override {
    if (packet->stanza().is_request()) {
      const auto target = packet->to().local().empty() ? router::Target::server : router::Target::account;
      registry.handle(router(), target, std::move(packet));
      return;
    }
    answers.push_back(xml::to_string(packet->stanza().root(), xmpp::ns::client));
  }
  router::AccountView* account(const xmpp::Jid& bare) override {
    const auto found = accounts_.find(bare);
    return found == accounts_.end() ? nullptr : found->second.get();
  }

  sim::SimExecutor executor_{world, std::chrono::milliseconds(5)};
  sim::SeededRandom random_{7};
  std::filesystem::path directory_;
  std::map<xmpp::Jid, std::unique_ptr<TestAccount>> accounts_;
};

constexpr std::string_view kOrchard = "romeo@example.org/orchard";
constexpr std::string_view kBalcony = "juliet@example.org/balcony";
constexpr std::string_view kRomeo = "romeo@example.org";
constexpr std::string_view kJuliet = "juliet@example.org";
constexpr std::string_view kServer = "example.org";

}  // namespace features_test
