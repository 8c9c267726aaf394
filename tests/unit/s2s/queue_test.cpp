// The queue of a pair by itself: bounds, deadlines, who is answered, whose slot goes on.
#include "s2s/queue.h"

#include "outbound_fixture.h"

namespace s2s_test {
namespace {

using namespace std::chrono_literals;
using s2s::Outbound;

class QueueTest : public OutboundTest {
 protected:
  void SetUp() override {
    OutboundTest::SetUp();
    spool.emplace(*store, world.loop(), "example.net");
    queue = std::make_unique<s2s::Queue>(router(), shard->policy, *spool, "example.net");
  }
  void TearDown() override {
    queue.reset();
    OutboundTest::TearDown();
  }
  void add(const std::string& id, bool promised = true) { queue->add(packet(message(id), slot(promised))); }
  void add_request(const std::string& id) {
    xml::Document iq = xmpp::make_iq(xmpp::Type::get, id);
    iq.root().add("ping", "urn:xmpp:ping");
    queue->add(packet(std::move(iq), slot()));
  }
  std::string id_of(const Outbound& stanza) { return std::string(stanza.stanza->id()); }
  Texts take_all() {
    Texts ids;
    while (!queue->empty()) {
      Outbound stanza = queue->take();
      ids.push_back(id_of(stanza));
      queue->finish(std::move(stanza));
    }
    return ids;
  }

  std::optional<s2s::Spool> spool;
  std::unique_ptr<s2s::Queue> queue;
};

TEST_F(QueueTest, WhatIsPutBackStandsInFront) {
  for (const char* id : {"1", "2", "3"}) add(id);
  Outbound first = queue->take(), second = queue->take();
  EXPECT_EQ(queue->held(), 3u) << "what is on its way takes room";
  queue->put_back(std::move(second));
  queue->put_back(std::move(first));
  EXPECT_EQ(take_all(), (Texts{"1", "2", "3"}));
  EXPECT_EQ(queue->held(), 0u);
  EXPECT_EQ(queue->held_bytes(), 0u);
}

TEST_F(QueueTest, ADeadlineHoldsForWhatWasPutBackToo) {
  add_request("1");
  Outbound first = queue->take();
  world.advance(61s);
  EXPECT_TRUE(home.errors.empty()) << "on its way";
  queue->put_back(std::move(first));
  world.advance(1s);
  EXPECT_EQ(home.errors.size(), 1u);
  EXPECT_EQ(open_slots, 0);
}

TEST_F(QueueTest, EachStanzaHasItsOwnDeadline) {
  add("message");
  world.advance(560s);
  add_request("request");
  world.advance(45s);
  ASSERT_EQ(home.errors.size(), 1u);
  EXPECT_TRUE(home.errors[0].starts_with("message remote-server-timeout"));
  queue->note({.text = "the name is not known"});
  world.advance(20s);
  EXPECT_EQ(home.errors.back(), "request remote-server-timeout: the name is not known");
}

TEST_F(QueueTest, AFailureAnswersWhatCannotWaitAndAFinalOneAll) {
  add("1");
  add_request("2");
  add("3");
  queue->fail({.text = "down"});
  world.settle();
  EXPECT_EQ(home.errors, Texts{"2 remote-server-timeout: down"});
  queue->fail({xmpp::Condition::remote_server_not_found, "no such domain", true});
  world.settle();
  EXPECT_EQ(home.errors.size(), 3u);
  EXPECT_EQ(home.errors.back(), "3 remote-server-not-found: no such domain");
  EXPECT_EQ(queue->held_bytes(), 0u);
}

TEST_F(QueueTest, ErrorsAndResultsAreNeverAnswered) {
  queue->add(packet(xmpp::make_message(xmpp::Type::error, "1"), slot()));
  queue->add(packet(xmpp::make_iq(xmpp::Type::result, "2"), slot()));
  queue->fail({.text = "down", .final = true});
  world.settle();
  EXPECT_TRUE(home.errors.empty());
  EXPECT_EQ(open_slots, 0);
}

TEST_F(QueueTest, OnlyOldTicketsAreLetGo) {
  add("1");
  world.advance(1s);
  add("2");
  EXPECT_TRUE(queue->release(world.loop().now() - 500ms));
  EXPECT_EQ(open_slots, 1);
  EXPECT_EQ(spooled(), Texts{"1"});
  EXPECT_FALSE(queue->release(world.loop().now()));
  EXPECT_EQ(open_slots, 0);
}

TEST_F(QueueTest, ARowIsTakenBackHoweverFarItIs) {
  for (const base::Duration late : {base::Duration(0), base::Duration(1ms), base::Duration(1s)}) {
    add("1");
    queue->release(base::MonoTime::max());
    world.advance(late);
    take_all();
    world.advance(1s);
    EXPECT_TRUE(spooled().empty());
    EXPECT_FALSE(spool->busy());
  }
}

TEST_F(QueueTest, ManyDeadlinesCloseTogetherAreFewLooks) {
  for (int i = 0; i < 1000; ++i) {
    add(std::to_string(i), false);
    world.advance(1ms);
  }
  world.advance(603s);
  EXPECT_EQ(home.errors.size(), 1000u);
  EXPECT_EQ(queue->held(), 0u);
}

}  // namespace
}  // namespace s2s_test
