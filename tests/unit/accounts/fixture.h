// A host with real bus, registry and store, on virtual time and as many shards as asked for; clients are links that
// keep what they are told.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "accounts/accounts.h"
#include "base/check.h"
#include "sim/faulty_vfs.h"
#include "sim/sim_loop.h"
#include "xml/stream_reader.h"
#include "xmpp/ns.h"

namespace accounts_test {

inline xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }
inline xml::Document element(std::string_view text) {
  auto parsed = xml::parse_element(text);
  base::check(parsed.has_value(), "a test writes well-formed elements");
  return *std::move(parsed);
}

/// One client. Acknowledges what it is sent when told to.
class Link final : public router::SessionLink {
 public:
  void deliver(router::Delivery delivery) override {
    std::string text;
    xmpp::write(*delivery.stanza, delivery.from, delivery.to, delivery.overlay, xmpp::ns::client, text);
    got.push_back(std::move(text));
    unacknowledged.push_back(std::move(delivery));
  }
  void completed(std::uint32_t count) override { complete += count; }
  void weigh(std::size_t many) override { copies = std::max(copies, many); }
  std::vector<router::Delivery> close(const xmpp::StreamError& why) override {
    closed = xmpp::to_string(why.condition);
    return std::exchange(unacknowledged, {});
  }
  std::string peer() const override { return "127.0.0.1"; }
  bool hibernated() const override { return false; }

  void acknowledge() {
    for (router::Delivery& each : std::exchange(unacknowledged, {}))
      if (each.receipt) each.receipt->acknowledged();
  }
  /// What came since the last call.
  std::vector<std::string> take() { return std::exchange(got, {}); }

  std::vector<std::string> got;
  std::vector<router::Delivery> unacknowledged;
  std::uint32_t complete = 0;
  std::size_t copies = 1;  ///< of the stanza that went out most often
  std::string closed;
  router::SessionId id = router::SessionId::none;
  xmpp::Jid jid;
  std::string refused;  ///< the condition, if binding failed
};

/// Takes what is sent to other servers.
class Remote final : public router::Component {
 public:
  void receive(router::PacketRef packet) override {
    std::string text;
    xmpp::write(packet->stanza(), packet->from(), packet->to(), {}, xmpp::ns::client, text);
    got.push_back(std::move(text));
  }
  std::vector<std::string> got;
};

class House {
 public:
  explicit House(std::size_t shards = 1, router::Limits limits = {}) : world(7, shards), board(world.loops()) {
    sim::register_faulty_vfs();
    std::string name = std::filesystem::temp_directory_path() / "exedra-accounts-XXXXXX";
    base::check(mkdtemp(name.data()) != nullptr, "a temporary directory can be made");
    directory = name;
    auto opened = store::Store::open(directory / "exedra.db", {.vfs = sim::kFaultyVfs}, writing, reading);
    base::check(opened.has_value(), "the store opens");
    store = std::move(*opened);
    const auto settings = base::make_ref<const router::Settings>(
        std::vector<router::HostSettings>{{.domain = jid("example.org")}}, limits);
    for (router::ShardId s = 0; s < shards; ++s) {
      board.router(s).use(settings);
      parts.push_back(std::make_unique<Part>(board.router(s), *store));
      board.router(s).claim("example.org", parts.back()->accounts);
      board.router(s).claim_rest(remote);
    }
  }
  ~House() {
    sim::vfs_failure = SQLITE_OK;
    world.advance(std::chrono::seconds(1));
    store.reset();
    std::filesystem::remove_all(directory);
  }

  /// After the test has set up the points.
  void start() {
    for (auto& part : parts) part->registry.freeze();
    started = true;
  }
  struct Part {
    Part(router::Router& router, store::Store& store) : accounts(router, registry, points, store, random) {}
    router::Registry registry;
    router::DeliveryPoints points;
    sim::SeededRandom random{3};
    accounts::Accounts accounts;
  };
  Part& part(const xmpp::Jid& address) { return *parts[board.owner(address)]; }
  accounts::Accounts& owner(const xmpp::Jid& address) { return part(address).accounts; }

  template <class... Rows>
  void put(Rows... rows) {
    auto unit = base::make_ref<store::Unit>();
    (unit->add(std::move(rows)), ...);
    store->write(unit, world.loop(0), [](const base::Result<void>& result) { base::check(result.has_value(), "put"); });
    settle();
  }
  void add_account(const std::string& local, bool disabled = false) {
    put(store::AccountPut{{.local = local, .host = "example.org", .disabled = disabled, .keys = {}}});
  }
  /// `subscription` as `owner` sees `contact`, and the mirror image.
  void befriend(const std::string& a, const std::string& b) {
    put(store::RosterPut{a, {.jid = b, .name = "", .subscription = store::Subscription::both, .groups = {}}},
        store::RosterPut{b, {.jid = a, .name = "", .subscription = store::Subscription::both, .groups = {}}});
  }
  std::vector<store::OfflineRow> offline_rows(const std::string& owner) {
    std::vector<store::OfflineRow> rows;
    store->read(
        world.loop(0), [owner](store::Reader& r) { return r.offline(owner, 0, 100); },
        [&](base::Result<std::vector<store::OfflineRow>> found) { rows = std::move(found.value()); });
    settle();
    return rows;
  }
  std::optional<std::uint32_t> mark(const std::string& sm_id) {
    std::optional<std::uint32_t> h;
    store->read(
        world.loop(0), [sm_id](store::Reader& r) { return r.sm_mark(sm_id); },
        [&](base::Result<std::optional<store::SmMark>> found) {
          if (found.value()) h = found.value()->h;
        });
    settle();
    return h;
  }

  /// A client of `full`'s account, bound; `full` without resource lets the server choose.
  std::unique_ptr<Link> bind(std::string_view full) {
    if (!started) start();
    auto link = std::make_unique<Link>();
    bind(*link, full);
    settle();
    return link;
  }
  void bind(Link& link, std::string_view full) {
    const xmpp::Jid address = jid(full);
    owner(address).bind(
        {.account = address.bare(), .resource = std::string(address.resource()), .bind2 = nullptr, .link = &link},
        [&link](const base::Result<router::Bound, xmpp::StanzaError>& bound) {
          if (!bound) {
            link.refused = xmpp::to_string(bound.error().condition);
            return;
          }
          link.id = bound->id;
          link.jid = bound->jid;
        });
  }
  /// Bound and available.
  std::unique_ptr<Link> login(std::string_view full, int priority = 0) {
    auto link = bind(full);
    send(*link, "<presence><priority>" + std::to_string(priority) + "</priority></presence>");
    link->take();
    return link;
  }
  void submit(Link& link, const std::string& stanza) {
    const std::size_t name_end = stanza.find_first_of(" />");
    owner(link.jid).submit(link.id,
                           element(stanza.substr(0, name_end) + " xmlns='jabber:client'" + stanza.substr(name_end)));
  }
  void send(Link& link, const std::string& stanza) {
    submit(link, stanza);
    settle();
  }
  void unbind(Link& link, bool forget = true) {
    owner(link.jid).unbind(link.id, std::exchange(link.unacknowledged, {}), forget);
    settle();
  }
  /// From another server.
  void from_afar(std::string_view from, std::string_view to, const std::string& stanza) {
    if (!started) start();
    const std::size_t name_end = stanza.find_first_of(" />");
    auto parsed =
        xmpp::Stanza::parse(element(stanza.substr(0, name_end) + " xmlns='jabber:client'" + stanza.substr(name_end)));
    board.router(0).post(
        base::make_ref<const router::Packet>(parsed.value(), jid(from), jid(to), router::Origin::remote));
    settle();
  }
  /// Long enough for the store, too short for any deadline.
  void settle() { world.advance(std::chrono::milliseconds(200)); }

  std::filesystem::path directory;
  sim::World world;
  router::Switchboard board;
  sim::SimExecutor writing{world, std::chrono::milliseconds(2)}, reading{world, std::chrono::milliseconds(2)};
  std::unique_ptr<store::Store> store;
  Remote remote;
  std::vector<std::unique_ptr<Part>> parts;
  bool started = false;
};

using Texts = std::vector<std::string>;

/// Does any of these contain `part`? For looks at one thing among others.
inline std::size_t count_with(const Texts& texts, std::string_view part) {
  return static_cast<std::size_t>(std::ranges::count_if(texts, [&](const auto& t) { return t.contains(part); }));
}

class HouseTest : public testing::TestWithParam<std::size_t> {
 protected:
  House house{GetParam()};
  void SetUp() override {
    for (const char* local : {"romeo", "juliet", "mercutio"}) house.add_account(local);
  }
};
#define EXEDRA_BOTH_SIZES(suite) INSTANTIATE_TEST_SUITE_P(Shards, suite, testing::Values(1u, 4u))

}  // namespace accounts_test
