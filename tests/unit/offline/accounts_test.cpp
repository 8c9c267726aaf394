// Archive, carbons, client states and offline store together on the real accounts, bus and store.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "features/archive.h"
#include "features/caps.h"
#include "features/carbons.h"
#include "features/contact.h"
#include "features/csi.h"
#include "features/disco.h"
#include "features/hints.h"
#include "offline/offline.h"
#include "unit/accounts/fixture.h"
#include "xml/writer.h"
#include "xmpp/timestamp.h"

namespace offline {
namespace {

using accounts_test::count_with;
using accounts_test::jid;
using accounts_test::Link;
using accounts_test::Texts;

class TogetherTest : public accounts_test::HouseTest {
 protected:
  void SetUp() override {
    HouseTest::SetUp();
    for (std::size_t s = 0; s < house.parts.size(); ++s) {
      auto& part = *house.parts[s];
      router::Router& router = house.board.router(static_cast<router::ShardId>(s));
      const features::Environment environment{router,        part.registry, part.points,
                                              part.accounts, *house.store,  part.random};
      features::add_hints(environment);
      features::add_carbons(environment);
      features::add_archive(environment);
      features::add_disco(environment);
      features::add_caps(environment);
      features::add_contact(environment);
      features::add_csi(environment);
      add_offline({router, part.registry, part.points, part.accounts, *house.store, part.random});
    }
  }
  void archive_off() {
    const auto settings = base::make_ref<const router::Settings>(
        std::vector<router::HostSettings>{{.domain = jid("example.org"), .archive = false}}, router::Limits{});
    for (std::size_t s = 0; s < house.parts.size(); ++s) {
      house.board.router(static_cast<router::ShardId>(s)).use(settings);
    }
  }
  void say(Link& from, const std::string& body, const std::string& to = "juliet@example.org") {
    house.send(from, "<message type='chat' to='" + to + "'><body>" + body + "</body></message>");
  }
  static std::string bodies(const Texts& texts) {
    std::string all;
    for (const std::string& text : texts) {
      const auto at = text.find("<body>");
      if (at != std::string::npos) all += text.substr(at + 6, text.find("</body>") - at - 6) + " ";
    }
    return all;
  }
  std::string archived(Link& link) {
    link.take();
    house.send(link, "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
    const Texts got = link.take();
    EXPECT_TRUE(!got.empty() && got.back().contains("<fin")) << "results come first";
    return bodies(got);
  }
};
EXEDRA_BOTH_SIZES(TogetherTest);

TEST_P(TogetherTest, AMessageIsDeliveredCopiedAndKeptOnEachSide) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto garden = house.login("romeo@example.org/garden");
  const auto juliet = house.login("juliet@example.org/balcony");
  house.send(*garden, "<iq type='set' id='e'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  garden->take();
  say(*romeo, "hi");
  const Texts copies = garden->take();
  ASSERT_EQ(copies.size(), 1u);
  EXPECT_NE(copies[0].find("<sent xmlns='urn:xmpp:carbons:2'>"), std::string::npos);
  EXPECT_NE(copies[0].find("by='romeo@example.org'"), std::string::npos) << "a copy shows the own archive's id";
  const Texts got = juliet->take();
  ASSERT_EQ(count_with(got, "<body>hi</body>"), 1u);
  EXPECT_EQ(count_with(got, "by='juliet@example.org'"), 1u);
  EXPECT_EQ(count_with(got, "by='romeo@example.org'"), 0u);
  EXPECT_EQ(archived(*romeo), "hi ");
  EXPECT_EQ(archived(*juliet), "hi ");
}

TEST_P(TogetherTest, AQuerySeesWhatWasSentJustBefore) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  romeo->take();
  for (const char* body : {"1", "2", "3"}) {
    house.submit(*romeo,
                 std::string("<message type='chat' to='juliet@example.org'><body>") + body + "</body></message>");
  }
  house.send(*romeo, "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
  EXPECT_EQ(bodies(romeo->take()), "1 2 3 ");
  EXPECT_EQ(romeo->complete, 5u) << "presence, three messages and the query";
}

TEST_P(TogetherTest, MessagesWaitInOrderUntilTheyAreAcknowledged) {
  const auto romeo = house.login("romeo@example.org/orchard");
  for (const char* body : {"1", "2", "3"}) say(*romeo, body);
  EXPECT_EQ(house.offline_rows("juliet@example.org").size(), 3u);
  auto juliet = house.bind("juliet@example.org/balcony");
  house.submit(*juliet, "<presence/>");
  house.submit(*romeo, "<message type='chat' to='juliet@example.org'><body>4</body></message>");
  house.settle();
  EXPECT_EQ(bodies(juliet->take()), "1 2 3 4 ");
  house.unbind(*juliet, false);
  juliet = house.bind("juliet@example.org/balcony");
  house.send(*juliet, "<presence/>");
  EXPECT_EQ(bodies(juliet->take()), "1 2 3 4 ") << "the fourth is in the archive, and waits all the same";
  juliet->acknowledge();
  house.settle();
  EXPECT_TRUE(house.offline_rows("juliet@example.org").empty());
  house.unbind(*juliet);
  juliet = house.login("juliet@example.org/balcony");
  house.settle();
  EXPECT_EQ(bodies(juliet->take()), "");
}

TEST_P(TogetherTest, WhatOneClientDidNotAcknowledgeGoesToTheNext) {
  const auto romeo = house.login("romeo@example.org/orchard");
  for (const char* body : {"1", "2"}) say(*romeo, body);
  const auto balcony = house.bind("juliet@example.org/balcony");
  house.send(*balcony, "<presence/>");
  const auto chamber = house.login("juliet@example.org/chamber");
  EXPECT_EQ(bodies(chamber->take()), "") << "the other has them";
  house.unbind(*balcony);
  EXPECT_EQ(bodies(chamber->take()), "1 2 ");
  chamber->acknowledge();
  house.settle();
  EXPECT_TRUE(house.offline_rows("juliet@example.org").empty());
}

TEST_P(TogetherTest, WhatComesLateSaysWhenItFirstCame) {
  const auto romeo = house.login("romeo@example.org/orchard");
  auto balcony = house.login("juliet@example.org/balcony", 5);
  const auto chamber = house.login("juliet@example.org/chamber", 1);
  const std::string sent = xmpp::format_timestamp(house.world.loop(0).wall()).substr(0, 16);
  say(*romeo, "1");
  house.world.advance(std::chrono::hours(1));
  house.unbind(*balcony, false);
  Texts got = chamber->take();
  ASSERT_EQ(bodies(got), "1 ");
  EXPECT_EQ(count_with(got, "<delay xmlns='urn:xmpp:delay' from='example.org' stamp='" + sent), 1u) << got.back();
  house.unbind(*chamber, false);
  EXPECT_EQ(house.offline_rows("juliet@example.org").size(), 1u) << "although the archive has it";
  house.world.advance(std::chrono::hours(1));
  balcony = house.bind("juliet@example.org/balcony");
  house.send(*balcony, "<presence/>");
  got = balcony->take();
  ASSERT_EQ(bodies(got), "1 ");
  EXPECT_EQ(count_with(got, "stamp='" + sent), 1u);
  EXPECT_EQ(count_with(got, "</delay><delay"), 0u) << "one note is enough";
  EXPECT_EQ(archived(*balcony), "1 ") << "one row in the archive, however often it was handed over";
}

TEST_P(TogetherTest, WithoutAnArchiveMessagesStillWait) {
  archive_off();
  const auto romeo = house.login("romeo@example.org/orchard");
  say(*romeo, "1");
  auto juliet = house.bind("juliet@example.org/balcony");
  house.send(*juliet, "<presence/>");
  EXPECT_EQ(bodies(juliet->take()), "1 ");
  juliet->acknowledge();
  house.settle();
  EXPECT_TRUE(house.offline_rows("juliet@example.org").empty());
}

TEST_P(TogetherTest, WhatOneSessionHasUnderWayTheNextIsNotSent) {
  archive_off();
  const auto romeo = house.login("romeo@example.org/orchard");
  house.owner(romeo->jid).sm_enabled(romeo->id, "sm1");
  const auto balcony = house.login("juliet@example.org/balcony");
  say(*romeo, "1");
  EXPECT_EQ(house.offline_rows("juliet@example.org").size(), 1u);
  const auto chamber = house.bind("juliet@example.org/chamber");
  house.send(*chamber, "<presence/>");
  EXPECT_EQ(bodies(chamber->take()), "");
  balcony->acknowledge();
  house.settle();
  EXPECT_TRUE(house.offline_rows("juliet@example.org").empty());
}

TEST_P(TogetherTest, WhatOneSessionLostBeforeTheCommitTheNextGetsOnce) {
  archive_off();
  const auto romeo = house.login("romeo@example.org/orchard");
  house.owner(romeo->jid).sm_enabled(romeo->id, "sm1");
  auto juliet = house.login("juliet@example.org/balcony");
  juliet->take();
  house.submit(*romeo, "<message type='chat' to='juliet@example.org'><body>1</body></message>");
  house.world.settle();  // no time, so no commit
  ASSERT_EQ(bodies(juliet->take()), "1 ");
  house.owner(juliet->jid).unbind(juliet->id, std::exchange(juliet->unacknowledged, {}), true);
  Link next;
  next.jid = jid("juliet@example.org/balcony");
  house.bind(next, "juliet@example.org/balcony");
  house.submit(next, "<presence/>");
  house.settle();
  EXPECT_EQ(bodies(next.take()), "1 ");
  next.acknowledge();
  house.settle();
  EXPECT_TRUE(house.offline_rows("juliet@example.org").empty());
}

TEST_P(TogetherTest, ANegativePriorityGetsACopyOfWhatWaits) {
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony", -1);
  house.send(*juliet, "<iq type='set' id='e'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  juliet->take();
  say(*romeo, "1");
  EXPECT_EQ(count_with(juliet->take(), "<received xmlns='urn:xmpp:carbons:2'>"), 1u);
  EXPECT_EQ(house.offline_rows("juliet@example.org").size(), 1u);
}

// Each message stands behind the other's drain while its own sender is drained as well.
TEST_P(TogetherTest, TwoWhoDrainAtOnceDoNotWaitForEachOther) {
  const auto romeo = house.login("romeo@example.org/orchard", -1);
  const auto juliet = house.login("juliet@example.org/balcony", -1);
  for (Link* link : {romeo.get(), juliet.get()})
    house.owner(link->jid).sm_enabled(link->id, "sm-" + std::string(link->jid.local()));
  say(*romeo, "1");
  say(*juliet, "1", "romeo@example.org");
  romeo->take();
  juliet->take();
  for (const char* body : {"2", "3"}) {
    house.submit(*romeo,
                 "<message type='chat' to='juliet@example.org'><body>" + std::string(body) + "</body></message>");
    house.submit(*juliet,
                 "<message type='chat' to='romeo@example.org'><body>" + std::string(body) + "</body></message>");
    if (body[0] == '2') house.world.settle();
  }
  house.submit(*romeo, "<presence/>");
  house.submit(*juliet, "<presence/>");
  house.world.advance(std::chrono::milliseconds(500));
  EXPECT_EQ(bodies(romeo->take()), "1 2 3 ");
  EXPECT_EQ(bodies(juliet->take()), "1 2 3 ");
}

class SlowClientTest : public TogetherTest {
 protected:
  void SetUp() override {
    TogetherTest::SetUp();
    router::Limits limits;
    limits.sm_queue_stanzas = 100;
    const auto settings = base::make_ref<const router::Settings>(
        std::vector<router::HostSettings>{{.domain = jid("example.org")}}, limits);
    for (std::size_t s = 0; s < house.parts.size(); ++s) {
      house.board.router(static_cast<router::ShardId>(s)).use(settings);
    }
    romeo = house.login("romeo@example.org/orchard");
    for (int i = 0; i < 100; ++i) say(*romeo, std::to_string(i));
    juliet = house.login("juliet@example.org/balcony");
    house.settle();
    EXPECT_EQ(juliet->take().size(), 0u) << "taken by login()";
    EXPECT_EQ(juliet->unacknowledged.size(), 52u) << "half of the queue, one too many, and her own presence";
    romeo->take();
  }
  void TearDown() override {
    house.unbind(*juliet);
    house.unbind(*romeo);
  }
  std::unique_ptr<Link> romeo, juliet;
};
EXEDRA_BOTH_SIZES(SlowClientTest);

TEST_P(SlowClientTest, NobodyWaitsAndOrderIsKept) {
  house.world.advance(std::chrono::seconds(20));
  say(*romeo, "new");
  house.send(*romeo, "<iq type='get' id='p' to='juliet@example.org/balcony'><ping xmlns='urn:xmpp:ping'/></iq>");
  house.world.advance(std::chrono::seconds(20));
  EXPECT_TRUE(romeo->take().empty()) << "nothing bounced";
  const Texts at_once = juliet->take();
  EXPECT_EQ(count_with(at_once, "<ping"), 1u);
  EXPECT_EQ(bodies(at_once), "") << "it stands behind those that wait";
  juliet->acknowledge();
  house.settle();
  const Texts rest = juliet->take();
  EXPECT_TRUE(bodies(rest).ends_with(" 98 99 ")) << bodies(rest);
  juliet->acknowledge();
  house.settle();
  const Texts last = juliet->take();
  EXPECT_EQ(bodies(last), "new ");
  EXPECT_EQ(count_with(last, "<delay xmlns='urn:xmpp:delay'"), 1u) << "it came late";
  juliet->acknowledge();
  house.settle();
  EXPECT_TRUE(house.offline_rows("juliet@example.org").empty());
  say(*romeo, "at once");
  EXPECT_EQ(bodies(juliet->take()), "at once ");
}

TEST_P(SlowClientTest, WhatWaitsBehindIsNotLostWhenTheSessionEnds) {
  say(*romeo, "new");
  house.unbind(*juliet);
  juliet = house.login("juliet@example.org/chamber");
  for (int i = 0; i < 3; ++i) {
    juliet->acknowledge();
    house.settle();
  }
  EXPECT_EQ(house.offline_rows("juliet@example.org").size(), 0u);
  EXPECT_TRUE(bodies(juliet->take()).ends_with("99 new ")) << "behind the others";
}

TEST_P(SlowClientTest, WhatIsTooMuchForTheClientIsItsOwnAffair) {
  for (int i = 0; i < 49; ++i) say(*romeo, "x");
  EXPECT_EQ(bodies(juliet->take()), "");
  say(*romeo, "last");
  EXPECT_TRUE(bodies(juliet->take()).ends_with("x last ")) << "the queue of its session decides";
  EXPECT_TRUE(romeo->take().empty());
}

TEST_P(TogetherTest, Bind2ForgetsWhatIsOnItsWayIntoTheStoreToo) {
  const auto romeo = house.login("romeo@example.org/orchard");
  house.bind("juliet@example.org/window");  // so that her account is in the memory
  house.submit(*romeo, "<message type='chat' to='juliet@example.org'><body>1</body></message>");
  house.world.settle();  // no time, so no commit
  Link balcony;
  balcony.jid = jid("juliet@example.org/balcony");
  const xml::Document request = accounts_test::element("<bind xmlns='urn:xmpp:bind:0'/>");
  house.owner(balcony.jid)
      .bind({.account = balcony.jid.bare(), .resource = "balcony", .bind2 = &request.root(), .link = &balcony},
            [&](const base::Result<router::Bound, xmpp::StanzaError>& done) { balcony.id = done->id; });
  house.submit(balcony, "<presence/>");
  house.settle();
  EXPECT_EQ(bodies(balcony.take()), "");
  EXPECT_TRUE(house.offline_rows("juliet@example.org").empty());
}

TEST_P(TogetherTest, Bind2TellsWhereTheArchiveEnds) {
  const auto romeo = house.login("romeo@example.org/orchard");
  say(*romeo, "hi");
  Link link;
  const xml::Document request =
      accounts_test::element("<bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:carbons:2'/></bind>");
  std::string bound;
  house.owner(jid("juliet@example.org"))
      .bind({.account = jid("juliet@example.org"), .resource = "", .bind2 = &request.root(), .link = &link},
            [&](const base::Result<router::Bound, xmpp::StanzaError>& done) {
              if (done) bound = xml::to_string(done->bound.root());
            });
  house.settle();
  EXPECT_TRUE(bound.starts_with("<bound xmlns='urn:xmpp:bind:0'><metadata xmlns='urn:xmpp:mam:2'><start id='"))
      << bound;
}

TEST_P(TogetherTest, AnInactiveClientIsSparedPresence) {
  house.befriend("romeo@example.org", "juliet@example.org");
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  const auto chamber = house.login("juliet@example.org/chamber");
  juliet->take();
  house.owner(juliet->jid).client_state(juliet->id, false);
  house.send(*romeo, "<presence><show>away</show></presence>");
  house.send(*romeo, "<presence><show>dnd</show></presence>");
  // Addressed to both her clients, so that each copy has a receipt.
  house.send(*romeo,
             "<message type='chat' to='juliet@example.org'>"
             "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
  EXPECT_TRUE(juliet->take().empty());
  EXPECT_EQ(count_with(chamber->take(), "composing"), 1u);
  say(*romeo, "hi");
  const Texts got = juliet->take();
  ASSERT_EQ(got.size(), 3u);
  EXPECT_NE(got[0].find("dnd"), std::string::npos);
  EXPECT_NE(got[1].find("composing"), std::string::npos);
}

}  // namespace
}  // namespace offline
