// A shard with real bus and store on virtual time, and a remote server.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "peer.h"
#include "s2s/domain.h"
#include "sim/sim_loop.h"
#include "xmpp/ns.h"

namespace s2s_test {

inline xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }

/// Local addresses: keeps the errors that come back, as "id condition: text".
class Home final : public router::Component {
 public:
  void receive(router::PacketRef packet) override {
    const xml::Element* error = packet->stanza().child(xmpp::ns::client, "error");
    ASSERT_NE(error, nullptr);
    const std::string condition(error->first_child()->name());
    const std::string text = error->child_text(xmpp::ns::stanza_errors, "text");
    errors.push_back(std::string(packet->stanza().id()) + " " + condition + (text.empty() ? "" : ": " + text));
  }
  Texts errors;
};

/// What a window gives a stanza: whose last holder is gone goes to the store.
class Slot final : public store::Unit {
 public:
  Slot(store::Store& store, base::Loop& loop, bool promised, int& open)
      : store_(store), loop_(loop), promised_(promised), open_(open) {
    ++open_;
  }
  ~Slot() override {
    --open_;
    if (auto rows = heir()) store_.write(rows, loop_, [](const base::Result<void>& done) { EXPECT_TRUE(done); });
  }
  bool promised() const override { return promised_; }

 private:
  store::Store& store_;
  base::Loop& loop_;
  bool promised_;
  int& open_;
};

class OutboundTest : public testing::Test {
 protected:
  explicit OutboundTest(std::uint64_t seed = 1, std::size_t shards = 1)
      : world(seed, shards), board(world.loops()), peer(world), dice(seed), disk(world, std::chrono::milliseconds(2)) {}
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "exedra-s2s-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
    auto opened = store::Store::open(folder / "exedra.db", {}, disk, disk);
    ASSERT_TRUE(opened) << opened.error().what;
    store = std::move(*opened);
    router().claim("example.org", home);
    router().claim("rooms.example.org", home);
    router().claim_rest(nobody);
    shard.emplace(s2s::Shard{router(), *store, dice, peer, base::make_ref<const s2s::Policy>(s2s::Policy::Parts{})});
  }
  void TearDown() override {
    domain.reset();
    world.advance(std::chrono::minutes(1));
    store.reset();
    std::filesystem::remove_all(folder);
  }

  router::Router& router() { return board.router(0); }
  void start() {
    domain.reset();
    domain = std::make_unique<s2s::Domain>(*shard, "example.net");
  }
  void use(const s2s::Limits& limits) {
    shard->policy = base::make_ref<const s2s::Policy>(s2s::Policy::Parts{.limits = limits});
  }
  base::Ref<Slot> slot(bool promised = true) {
    return base::make_ref<Slot>(*store, world.loop(), promised, open_slots);
  }
  router::PacketRef packet(xml::Document stanza, base::Ref<base::Held> ticket,
                           const std::string& from = "romeo@example.org/orchard") {
    return base::make_ref<const router::Packet>(xmpp::share(std::move(stanza)), jid(from), jid("juliet@example.net"),
                                                router::Origin::session, std::move(ticket));
  }
  xml::Document message(const std::string& id) {
    xml::Document made = xmpp::make_message(xmpp::Type::chat, id);
    made.root().add_text_child("body", "It is the east");
    return made;
  }
  void say(const std::string& id, bool promised = true, const std::string& from = "romeo@example.org/orchard") {
    domain->receive(packet(message(id), slot(promised), from));
  }
  void ask(const std::string& id) {
    xml::Document iq = xmpp::make_iq(xmpp::Type::get, id);
    iq.root().add("ping", "urn:xmpp:ping");
    domain->receive(packet(std::move(iq), slot()));
  }
  /// Ids of the stanzas whose rows the store has.
  Texts spooled() {
    Texts ids;
    bool answered = false;
    store->read(
        world.loop(), [](store::Reader& reader) { return reader.spool("example.net", 0, 10'000); },
        [&](const base::Result<std::vector<store::SpoolRow>>& rows) {
          answered = true;
          ASSERT_TRUE(rows);
          for (const auto& row : *rows) {
            const auto at = row.stanza.find("id='") + 4;
            ids.push_back(row.stanza.substr(at, row.stanza.find('\'', at) - at));
          }
        });
    for (int i = 0; i < 1000 && !answered; ++i) world.advance(std::chrono::milliseconds(1));
    return ids;
  }

  sim::World world;
  router::Switchboard board;
  Peer peer;
  sim::SeededRandom dice;
  sim::SimExecutor disk;
  std::filesystem::path folder;
  std::unique_ptr<store::Store> store;
  class : public router::Component {
    void receive(router::PacketRef) override { ADD_FAILURE() << "nothing is posted to a remote domain"; }
  } nobody;
  Home home;
  int open_slots = 0;
  std::optional<s2s::Shard> shard;
  std::unique_ptr<s2s::Domain> domain;
};

}  // namespace s2s_test
