// One to four shards of clients on virtual time: a real store, simulated connections, and accounts that only note what
// they are told.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64.h"
#include "c2s/clients.h"
#include "c2s/key_maker.h"
#include "router/account_service.h"
#include "router/registry.h"
#include "router/session.h"
#include "sim/sim_transport.h"
#include "store/store.h"

namespace c2s_test {

/// Notes receipts.
class NotedReceipt final : public router::Receipt {
 public:
  explicit NotedReceipt(int& count) : count_(count) {}
  void acknowledged() override { ++count_; }

 private:
  int& count_;
};

/// What one shard's accounts were asked. Stanzas complete at once unless `slow`.
class RecordingService final : public router::SessionService {
 public:
  struct Session {
    xmpp::Jid jid;
    router::SessionLink* link = nullptr;
    std::vector<std::string> submitted;  ///< the stanzas' ids
    std::vector<std::string> lang;
    std::size_t open = 0;
    std::string sm_id;
    std::vector<bool> states;
    bool bound = true;
    bool forget_mark = false;
    std::vector<std::string> unacknowledged;  ///< ids given back
  };

  void bind(router::BindRequest request, base::Fn<void(base::Result<router::Bound, xmpp::StanzaError>)> done) override;
  void submit(router::SessionId session, xml::Document element) override;
  void sm_enabled(router::SessionId session, std::string sm_id) override { of(session).sm_id = std::move(sm_id); }
  void client_state(router::SessionId session, bool active) override { of(session).states.push_back(active); }
  void unbind(router::SessionId session, std::vector<router::Delivery> unacknowledged, bool forget_mark) override;

  Session& of(router::SessionId id) { return sessions.at(static_cast<std::size_t>(id) - 1); }
  void complete(Session& session, std::uint32_t count);
  /// A message with this id, as accounts would send it.
  void deliver(Session& session, std::string_view id);
  static std::vector<std::string> ids(const std::vector<router::Delivery>& deliveries);

  std::vector<Session> sessions;  ///< all that were ever bound
  base::Fn<void()> held_bind;     ///< with hold_bind: the answer that waits
  bool hold_bind = false;
  bool slow = false;
  std::string closes_at;  ///< the id of the stanza at which it ends the session
  int acknowledged = 0;
};

/// Makes accounts: notes them, conflict for "taken".
class RecordingAccounts final : public router::AccountService {
 public:
  void create(const xmpp::Jid& account, base::Secret password, Done done) override {
    made.push_back(std::string(account.str()) + " " + std::string(password.reveal()));
    if (account.local() == "taken") return done(std::unexpected(xmpp::StanzaError(xmpp::Condition::conflict)));
    done({});
  }
  void set_password(const xmpp::Jid&, base::Secret, Done, xmpp::Jid) override {}
  void remove(const xmpp::Jid&, Done, router::Delivery) override {}
  void set_disabled(const xmpp::Jid&, bool, Done) override {}
  std::size_t kick(const xmpp::Jid&, const std::string&) override { return 0; }
  std::vector<router::SessionInfo> sessions() const override { return {}; }

  std::vector<std::string> made;
};

/// A client that logs in as `user` by PLAIN.
class Client {
 public:
  Client(sim::World& world, sim::Peer peer) : world_(&world), peer_(std::move(peer)) {}

  /// Sends, lets everything run, gives back what came.
  std::string ask(std::string_view bytes);
  std::string hear();
  void open(std::string_view more = {});
  /// To the point where a resource may be bound; gives back the features.
  std::string log_in(std::string_view user = "romeo", std::string_view password = "secret");
  /// To a bound resource.
  std::string bind(std::string_view user = "romeo", std::string_view resource = "orchard");

  sim::Peer& peer() { return peer_; }
  std::string seen;  ///< everything that ever came

 private:
  sim::World* world_;
  sim::Peer peer_;
};

class C2sTest : public testing::Test {
 protected:
  explicit C2sTest(std::size_t shards = 1) : shards_(shards) {}
  void SetUp() override;
  void TearDown() override;

  /// `limits` in force from now on.
  void use(const router::Limits& limits);
  void add_account(const std::string& local, const std::string& password = "secret", bool disabled = false);
  Client connect(const sim::LinkOptions& options = {}, std::size_t shard = 0,
                 const c2s::Entrance& entrance = kLoopback);
  template <class Row>
  void write(Row row) {
    auto unit = base::make_ref<store::Unit>();
    unit->add(std::move(row));
    store->write(unit, world->loop(), [](const base::Result<void>& done) { ASSERT_TRUE(done) << done.error().what; });
    settle();
  }
  void settle() { world->advance(std::chrono::milliseconds(100)); }
  std::size_t owner(std::string_view account) const { return board->owner(xmpp::Jid::from_prepared(account)); }
  RecordingService& accounts(std::size_t shard = 0) { return *services[shard]; }
  c2s::Counts counts() const;

  static constexpr c2s::Entrance kLoopback{.plaintext_login = true};
  static inline const std::string kLocalPeer = "127.0.0.1:40000";
  std::size_t shards_;
  std::filesystem::path directory;
  router::Limits limits;
  bool registration = false;
  RecordingAccounts registered;  ///< on all shards
  std::unique_ptr<sim::World> world;
  std::unique_ptr<sim::SeededRandom> random;
  std::unique_ptr<sim::SimExecutor> disk, cpu;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<router::Switchboard> board;
  std::unique_ptr<router::Registry> registry;
  std::vector<std::unique_ptr<RecordingService>> services;
  std::vector<std::unique_ptr<c2s::Clients>> clients;
};

inline std::string stream_header(std::string_view more = {}) {
  return "<?xml version='1.0'?><stream:stream to='example.org' version='1.0' xmlns='jabber:client' "
         "xmlns:stream='http://etherx.jabber.org/streams'" +
         std::string(more) + ">";
}

inline std::string plain_auth(std::string_view user, std::string_view password) {
  using namespace std::string_literals;
  const std::string text = "\0"s + std::string(user) + "\0"s + std::string(password);
  return "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + base::base64(text) + "</auth>";
}

inline std::string message(std::string_view id) {
  return "<message id='" + std::string(id) + "' to='juliet@example.org'><body>hi</body></message>";
}

/// The value of the attribute `name` where it occurs last in `xml`; empty if it doesn't.
std::string attribute(const std::string& xml, std::string_view name);
bool contains(const std::string& text, std::string_view part);

}  // namespace c2s_test
