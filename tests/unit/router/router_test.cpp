#include "router/router.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/sim_loop.h"

namespace router {
namespace {

using namespace std::chrono_literals;

/// Answers pings, settles replies, and remembers what it got on which shard.
class Recorder final : public Component {
 public:
  Recorder(Router& router, std::vector<std::string>& log, bool answers)
      : router_(router), log_(log), answers_(answers) {}
  void receive(PacketRef packet) override {
    EXPECT_EQ(router_.board().owner(packet->to()), router_.shard()) << "handed to a shard that does not own it";
    const xmpp::Stanza& stanza = packet->stanza();
    if (stanza.kind() == xmpp::Kind::iq && !stanza.is_request()) {
      log_.push_back(router_.settle(packet) ? "settled" : "unsolicited");
      return;
    }
    log_.push_back(std::string(stanza.root().name()) + " " + std::string(stanza.id()) + " to " +
                   std::string(packet->to().str()));
    if (answers_ && stanza.is_request())
      router_.post(base::make_ref<const Packet>(xmpp::share(xmpp::make_result(stanza)), packet->to(), packet->from(),
                                                Origin::component));
  }

 private:
  Router& router_;
  std::vector<std::string>& log_;
  bool answers_;
};

class BusTest : public testing::TestWithParam<std::size_t> {
 protected:
  BusTest() : world_(42, GetParam()), board_(world_.loops()) {
    for (ShardId s = 0; s < board_.shards(); ++s) {
      home_.push_back(std::make_unique<Recorder>(board_.router(s), log_, true));
      silent_.push_back(std::make_unique<Recorder>(board_.router(s), log_, false));
      board_.router(s).claim("example.org", *home_.back());
      board_.router(s).claim("silent.example.org", *silent_.back());
    }
  }
  static xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }
  Router& owner(const xmpp::Jid& address) { return board_.router(board_.owner(address)); }
  void send(const xmpp::Jid& from, const xmpp::Jid& to, std::string_view id) {
    owner(from).post(
        base::make_ref<const Packet>(xmpp::share(xmpp::make_message(xmpp::Type::chat, id)), from, to, Origin::session));
  }
  void ask(const xmpp::Jid& from, const xmpp::Jid& to) {
    xml::Document iq = xmpp::make_iq(xmpp::Type::get, "ignored");
    iq.root().add("ping", "urn:xmpp:ping");
    owner(from).request(std::move(iq), from, to, 10s, [this](const Reply& r) { replies_.push_back(r.kind); });
  }

  sim::World world_;
  Switchboard board_;
  std::vector<std::string> log_;
  std::vector<Reply::Kind> replies_;
  std::vector<std::unique_ptr<Recorder>> home_, silent_;
};

TEST_P(BusTest, KeepsTheOrderBetweenTwoAddresses) {
  for (const char* id : {"1", "2", "3"}) send(jid("romeo@example.org/a"), jid("juliet@example.org"), id);
  world_.settle();
  EXPECT_EQ(log_, (std::vector<std::string>{"message 1 to juliet@example.org", "message 2 to juliet@example.org",
                                            "message 3 to juliet@example.org"}));
}

TEST_P(BusTest, AnUnownedDomainIsAnsweredOnceAndAnErrorNever) {
  const xmpp::Jid romeo = jid("romeo@example.org/a"), nowhere = jid("x@nowhere.example");
  send(romeo, nowhere, "1");
  world_.settle();
  EXPECT_EQ(log_, std::vector<std::string>{"message 1 to romeo@example.org/a"});
  const auto packet = base::make_ref<const Packet>(xmpp::share(xmpp::make_message(xmpp::Type::error, "2")), romeo,
                                                   nowhere, Origin::session);
  owner(romeo).post(packet);
  world_.settle();
  EXPECT_EQ(log_.size(), 1u);
}

TEST_P(BusTest, ARequestGetsItsReplyOrItsDeadline) {
  const xmpp::Jid us = jid("example.org");
  ask(us, jid("juliet@example.org"));
  world_.settle();
  ask(us, jid("juliet@silent.example.org"));
  world_.advance(9s);
  EXPECT_EQ(replies_, std::vector{Reply::Kind::result});
  EXPECT_EQ(owner(us).open_requests(), 1u);
  world_.advance(2s);
  EXPECT_EQ(replies_, (std::vector{Reply::Kind::result, Reply::Kind::timed_out}));
  EXPECT_EQ(owner(us).open_requests(), 0u);
}

TEST_P(BusTest, AReplyFromAnybodyElseIsUnsolicited) {
  const xmpp::Jid us = jid("example.org");
  ask(us, jid("juliet@silent.example.org"));
  world_.settle();
  const std::string id = log_.at(0).substr(3, log_.at(0).find(" to ") - 3);
  xml::Document forged = xmpp::make_iq(xmpp::Type::result, id);
  const xmpp::Jid mallory = jid("mallory@example.org/m");
  owner(mallory).post(base::make_ref<const Packet>(xmpp::share(std::move(forged)), mallory, us, Origin::session));
  world_.settle();
  EXPECT_EQ(log_.back(), "unsolicited");
  EXPECT_EQ(owner(us).open_requests(), 1u);
}

TEST_P(BusTest, JobsRunOnTheShardThatOwnsTheAddress) {
  const xmpp::Jid juliet = jid("juliet@example.org");
  ShardId ran_on = 999;
  board_.router(0).run_on_owner(juliet, [&](Router& r) { ran_on = r.shard(); });
  world_.settle();
  EXPECT_EQ(ran_on, board_.owner(juliet));
}

INSTANTIATE_TEST_SUITE_P(Shards, BusTest, testing::Values(1u, 4u));

TEST(Partition, IsThatOfTheBareAddressAndSpreadsEvenly) {
  EXPECT_EQ(Switchboard::partition(xmpp::Jid::parse("a@example.org/x").value()),
            Switchboard::partition(xmpp::Jid::parse("a@example.org").value()));
  sim::World world(1, 4);
  const Switchboard board(world.loops());
  std::vector<int> owned(4);
  for (int i = 0; i < 4000; ++i)
    ++owned[board.owner(xmpp::Jid::parse("user" + std::to_string(i) + "@example.org").value())];
  for (const int share : owned) EXPECT_NEAR(share, 1000, 150);
}

}  // namespace
}  // namespace router
