#include "features/archive.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "features/hints.h"
#include "store/unit.h"
#include "unit/features/household.h"
#include "xml/writer.h"

namespace features {
namespace {

using features_test::Account;
using features_test::jid;
using features_test::Session;
using namespace std::chrono_literals;

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const auto begin = text.find(from);
  if (begin == std::string::npos) return {};
  const auto end = text.find(to, begin + from.size());
  return text.substr(begin + from.size(), end - begin - from.size());
}

/// What a query brought: the results' ids in the order sent, and the iq that ended it.
struct Page {
  std::vector<std::string> ids, bodies;
  std::string end;
};

class ArchiveTest : public features_test::Household {
 protected:
  void SetUp() override {
    Household::SetUp();
    const Environment environment{router(), registry, points, *this, *store, random};
    add_hints(environment);
    add_archive(environment);
    registry.freeze();
    romeo_ = &open("romeo@example.org");
    juliet_ = &open("juliet@example.org");
    orchard_ = &romeo_->bind("orchard");
    balcony_ = &juliet_->bind("balcony");
  }

  void say(const std::string& body, const std::string& to = "juliet@example.org") {
    submit(*orchard_, "<message to='" + to + "' type='chat'><body>" + body + "</body></message>");
    world.advance(1s);
  }
  Page ask(Session& session, const std::string& inside, const std::string& to = "") {
    session.take();
    session.take_receipts();  // as a client that acknowledges
    submit(session, "<iq type='set' id='q'" + (to.empty() ? "" : " to='" + to + "'") +
                        "><query xmlns='urn:xmpp:mam:2' queryid='f'>" + inside + "</query></iq>");
    Page page;
    for (const std::string& text : session.take()) {
      if (text.starts_with("<iq")) page.end = text;
      if (!text.starts_with("<message")) continue;
      EXPECT_TRUE(page.end.empty()) << "a result behind the end";
      EXPECT_NE(text.find("queryid='f'"), std::string::npos) << text;
      page.ids.push_back(between(text, "queryid='f' id='", "'"));
      page.bodies.push_back(between(text, "<body>", "</body>"));
    }
    return page;
  }
  static std::string form(const std::string& fields) {
    return "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>" +
           fields + "</x>";
  }
  static std::string field(const std::string& var, const std::string& value) {
    return "<field var='" + var + "'><value>" + value + "</value></field>";
  }
  static std::string rsm(const std::string& inside) {
    return "<set xmlns='http://jabber.org/protocol/rsm'>" + inside + "</set>";
  }
  using Bodies = std::vector<std::string>;

  Account* romeo_ = nullptr;
  Account* juliet_ = nullptr;
  Session* orchard_ = nullptr;
  Session* balcony_ = nullptr;
};

TEST_F(ArchiveTest, AMessageIsKeptForBothAndStampedForItsReader) {
  say("hi");
  const auto got = balcony_->take();
  ASSERT_EQ(got.size(), 1u);
  const Page hers = ask(*balcony_, "");
  ASSERT_EQ(hers.ids.size(), 1u);
  EXPECT_NE(got[0].find("<stanza-id xmlns='urn:xmpp:sid:0' id='" + hers.ids[0] + "' by='juliet@example.org'/>"),
            std::string::npos)
      << got[0];
  EXPECT_EQ(got[0].find("by='romeo@example.org'"), std::string::npos) << "his archive id is none of her business";
  EXPECT_EQ(ask(*orchard_, "").bodies, Bodies{"hi"});
}

TEST_F(ArchiveTest, AResultForwardsTheMessageWithItsTime) {
  say("hi");
  balcony_->take();
  submit(*balcony_, "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
  const auto got = balcony_->take();
  ASSERT_EQ(got.size(), 2u);
  const std::string id = between(got[0], "<result xmlns='urn:xmpp:mam:2' id='", "'");
  const std::string stamp = between(got[0], "stamp='", "'");
  EXPECT_EQ(got[0],
            "<message from='juliet@example.org' to='juliet@example.org/balcony'><result xmlns='urn:xmpp:mam:2' id='" +
                id + "'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='" + stamp +
                "'/><message xmlns='jabber:client' from='romeo@example.org/orchard' to='juliet@example.org' "
                "type='chat'><body>hi</body></message></forwarded></result></message>");
  EXPECT_EQ(got[1],
            "<iq from='juliet@example.org' to='juliet@example.org/balcony' type='result' id='q'>"
            "<fin xmlns='urn:xmpp:mam:2' complete='true' stable='true'>"
            "<set xmlns='http://jabber.org/protocol/rsm'><first index='0'>" +
                id + "</first><last>" + id + "</last><count>1</count></set></fin></iq>");
}

struct Kept {
  const char* what;
  const char* xml;
  bool kept;
};
class ArchiveRules : public ArchiveTest, public testing::WithParamInterface<Kept> {};
TEST_P(ArchiveRules, DecideWhatIsKept) {
  arrive("nurse@example.net/kitchen", "juliet@example.org", GetParam().xml);
  EXPECT_EQ(ask(*balcony_, "").ids.size(), GetParam().kept ? 1u : 0u) << GetParam().what;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, ArchiveRules,
    testing::Values(
        Kept{"normal with body", "<message><body>b</body></message>", true},
        Kept{"chat with body", "<message type='chat'><body>b</body></message>", true},
        Kept{"no body", "<message type='chat'><x xmlns='urn:x'/></message>", false},
        Kept{"store hint", "<message type='chat'><x xmlns='urn:x'/><store xmlns='urn:xmpp:hints'/></message>", true},
        Kept{"no-store", "<message type='chat'><body>b</body><no-store xmlns='urn:xmpp:hints'/></message>", false},
        Kept{"no-permanent-store",
             "<message type='chat'><body>b</body><no-permanent-store xmlns='urn:xmpp:hints'/></message>", false},
        Kept{"headline", "<message type='headline'><body>b</body></message>", false},
        Kept{"groupchat", "<message type='groupchat'><body>b</body></message>", false},
        Kept{"error", "<message type='error'><body>b</body><error type='cancel'/></message>", false},
        Kept{"error with a hint", "<message type='error'><store xmlns='urn:xmpp:hints'/></message>", false},
        Kept{"invitation", "<message><x xmlns='jabber:x:conference' jid='room@muc.example.org'/></message>", true},
        Kept{"headline with a hint", "<message type='headline'><store xmlns='urn:xmpp:hints'/></message>", false}));

TEST_F(ArchiveTest, ForgedIdsAreRemovedEvenWhereNothingIsKept) {
  const std::string forged = "<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='Juliet@example.org'/>";
  const std::string foreign = "<stanza-id xmlns='urn:xmpp:sid:0' id='2' by='room@muc.example.net'/>";
  arrive("mallory@example.net/m", "juliet@example.org", "<message><body>b</body>" + forged + foreign + "</message>");
  arrive("mallory@example.net/m", "juliet@example.org", "<message><x xmlns='urn:x'/>" + forged + "</message>");
  use({.domain = jid("example.org"), .archive = false});
  arrive("mallory@example.net/m", "juliet@example.org", "<message><body>b</body>" + forged + "</message>");
  const auto got = balcony_->take();
  ASSERT_EQ(got.size(), 3u);
  for (const std::string& text : got) EXPECT_EQ(text.find("id='1'"), std::string::npos) << text;
  EXPECT_NE(got[0].find(foreign), std::string::npos) << got[0];
  use({.domain = jid("example.org")});
  submit(*balcony_, "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
  EXPECT_EQ(balcony_->take().at(0).find("by='Juliet"), std::string::npos) << "nor are they in the archive";
}

TEST_F(ArchiveTest, IdsGrowAcrossRestartsAndClockSteps) {
  say("1");
  say("2");
  world.jump_wall(-1h);
  say("3");
  forget(*juliet_);
  juliet_ = &open("juliet@example.org");
  balcony_ = &juliet_->bind("balcony");
  say("4");
  const Page page = ask(*balcony_, "");
  EXPECT_EQ(page.bodies, (Bodies{"1", "2", "3", "4"}));
  ASSERT_EQ(page.ids.size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_GT(std::stoll(page.ids[i]), std::stoll(page.ids[i - 1]));
}

TEST_F(ArchiveTest, WhatOneWritesToOneselfIsKeptOnce) {
  say("note", "romeo@example.org");
  say("hi");
  EXPECT_EQ(ask(*orchard_, "").bodies, (Bodies{"note", "hi"}));
  EXPECT_EQ(ask(*orchard_, form(field("with", "romeo@example.org"))).bodies, Bodies{"note"});
}

TEST_F(ArchiveTest, FiltersByPeer) {
  say("1");
  say("2", "nurse@example.org/kitchen");
  say("3", "juliet@example.org/balcony");
  EXPECT_EQ(ask(*orchard_, form(field("with", "Juliet@example.org"))).bodies, (Bodies{"1", "3"}));
  EXPECT_EQ(ask(*orchard_, form(field("with", "juliet@example.org/balcony"))).bodies, Bodies{"3"});
  EXPECT_EQ(ask(*orchard_, form(field("with", "nobody@example.org"))).bodies, Bodies{});
  EXPECT_NE(ask(*orchard_, form(field("with", "@"))).end.find("<jid-malformed"), std::string::npos);
}

TEST_F(ArchiveTest, FiltersByTime) {
  std::vector<std::string> stamps;
  for (const char* body : {"1", "2", "3"}) {
    say(body);
    balcony_->take();
    submit(*balcony_,
           "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'>" + rsm("<max>1</max><before/>") + "</query></iq>");
    stamps.push_back(between(balcony_->take().at(0), "stamp='", "'"));
    balcony_->take_receipts();
  }
  EXPECT_EQ(ask(*balcony_, form(field("start", stamps[1]))).bodies, (Bodies{"2", "3"}));
  EXPECT_EQ(ask(*balcony_, form(field("end", stamps[1]))).bodies, (Bodies{"1", "2"}));
  EXPECT_EQ(ask(*balcony_, form(field("start", stamps[1]) + field("end", stamps[1]))).bodies, Bodies{"2"});
}

TEST_F(ArchiveTest, FiltersById) {
  for (const char* body : {"1", "2", "3", "4"}) say(body);
  const auto ids = ask(*balcony_, "").ids;
  EXPECT_EQ(ask(*balcony_, form(field("after-id", ids[1]))).bodies, (Bodies{"3", "4"}));
  EXPECT_EQ(ask(*balcony_, form(field("before-id", ids[1]))).bodies, Bodies{"1"});
  EXPECT_EQ(ask(*balcony_, form(field("after-id", ids[0]) + field("before-id", ids[3]))).bodies, (Bodies{"2", "3"}));
  EXPECT_EQ(ask(*balcony_, form("<field var='ids'><value>" + ids[3] + "</value><value>" + ids[0] + "</value></field>"))
                .bodies,
            (Bodies{"1", "4"}));
  EXPECT_EQ(ask(*balcony_, form(field("after-id", ids[0])) + rsm("<max>1</max><before/>")).bodies, Bodies{"4"});
  EXPECT_EQ(ask(*balcony_, form(field("before-id", ids[3])) + rsm("<after>" + ids[1] + "</after>")).bodies,
            Bodies{"3"});
}

TEST_F(ArchiveTest, PagesForwardsAndBackwards) {
  for (const char* body : {"1", "2", "3", "4", "5"}) say(body);
  const Page first = ask(*balcony_, rsm("<max>2</max>"));
  EXPECT_EQ(first.bodies, (Bodies{"1", "2"}));
  EXPECT_EQ(first.end.find("complete"), std::string::npos);
  EXPECT_NE(first.end.find("<count>5</count>"), std::string::npos);
  const Page last = ask(*balcony_, rsm("<max>2</max><before/>"));
  EXPECT_EQ(last.bodies, (Bodies{"4", "5"}));
  EXPECT_NE(last.end.find("<first index='3'>" + last.ids[0] + "</first><last>" + last.ids[1]), std::string::npos);
  const Page rest = ask(*balcony_, rsm("<max>9</max><after>" + first.ids[1] + "</after>"));
  EXPECT_EQ(rest.bodies, (Bodies{"3", "4", "5"}));
  EXPECT_NE(rest.end.find("complete='true'"), std::string::npos);
  EXPECT_EQ(ask(*balcony_, rsm("<max>2</max><before>" + last.ids[0] + "</before>")).bodies, (Bodies{"2", "3"}));
  const Page none = ask(*balcony_, rsm("<max>0</max>"));
  EXPECT_TRUE(none.ids.empty());
  EXPECT_NE(none.end.find("<set xmlns='http://jabber.org/protocol/rsm'><count>5</count></set>"), std::string::npos);
}

TEST_F(ArchiveTest, AFlippedPageIsTheSamePageTheOtherWayRound) {
  for (const char* body : {"1", "2", "3"}) say(body);
  const Page page = ask(*balcony_, rsm("<max>2</max><before/>") + "<flip-page/>");
  EXPECT_EQ(page.bodies, (Bodies{"3", "2"}));
  EXPECT_EQ(page.end, ask(*balcony_, rsm("<max>2</max><before/>")).end);
}

TEST_F(ArchiveTest, PagesAreCappedInResultsAndBytes) {
  router::Limits limits;
  limits.archive_page = 3;
  use({.domain = jid("example.org")}, limits);
  for (const char* body : {"1", "2", "3", "4"}) say(body);
  EXPECT_EQ(ask(*balcony_, "").bodies, (Bodies{"1", "2", "3"}));
  EXPECT_EQ(ask(*balcony_, rsm("<max>1000000000</max>")).bodies, (Bodies{"1", "2", "3"}));
  limits.archive_page_bytes = 300;
  use({.domain = jid("example.org")}, limits);
  const Page page = ask(*balcony_, "");
  EXPECT_EQ(page.bodies, (Bodies{"1", "2"}));
  EXPECT_EQ(page.end.find("complete"), std::string::npos);
  EXPECT_EQ(ask(*balcony_, rsm("<before/>")).bodies, (Bodies{"3", "4"}));
  limits.archive_page_bytes = 1;
  use({.domain = jid("example.org")}, limits);
  EXPECT_EQ(ask(*balcony_, "").bodies, Bodies{"1"}) << "or nobody could ever page past it";
}

struct Refused {
  const char* inside;
  const char* condition;
};
class BadQuery : public ArchiveTest, public testing::WithParamInterface<Refused> {};
TEST_P(BadQuery, IsRefused) {
  say("1");
  const Page page = ask(*balcony_, GetParam().inside);
  EXPECT_NE(page.end.find(GetParam().condition), std::string::npos) << GetParam().inside << page.end;
  EXPECT_TRUE(page.ids.empty());
}
#define FORM(fields) \
  "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>" fields "</x>"
#define FIELD(var, value) "<field var='" var "'><value>" value "</value></field>"
#define RSM(inside) "<set xmlns='http://jabber.org/protocol/rsm'>" inside "</set>"
INSTANTIATE_TEST_SUITE_P(Rows, BadQuery,
                         testing::Values(Refused{RSM("<after>12345</after>"), "<item-not-found"},
                                         Refused{RSM("<before>12345</before>"), "<item-not-found"},
                                         Refused{RSM("<after>' OR 1=1 --</after>"), "<item-not-found"},
                                         Refused{FORM(FIELD("after-id", "12345")), "<item-not-found"},
                                         Refused{FORM(FIELD("before-id", "x")), "<item-not-found"},
                                         Refused{FORM(FIELD("ids", "12345")), "<item-not-found"},
                                         Refused{FORM(FIELD("start", "yesterday")), "<bad-request"},
                                         Refused{FORM(FIELD("start", "2010-02-30T00:00:00Z")), "<bad-request"},
                                         Refused{FORM(FIELD("end", "")), "<bad-request"},
                                         Refused{FORM(FIELD("{urn:x}free-text", "a")), "<feature-not-implemented"},
                                         Refused{FORM(FIELD("include-groupchat", "perhaps")), "<bad-request"},
                                         Refused{"<x xmlns='jabber:x:data' type='submit'/>", "<bad-request"},
                                         Refused{"<x xmlns='jabber:x:data' type='form'>" FIELD("FORM_TYPE",
                                                                                               "urn:xmpp:mam:2") "</x>",
                                                 "<bad-request"},
                                         Refused{RSM("<max>many</max>"), "<bad-request"},
                                         Refused{RSM("<index>1</index>"), "<feature-not-implemented"}));

class ManyQueries : public ArchiveTest {
 protected:
  void SetUp() override {
    ArchiveTest::SetUp();
    for (int i = 0; i < 3; ++i) say(std::to_string(i));
    world.settle();
    balcony_->take();
    balcony_->take_receipts();
  }
  void query(const std::string& id) {
    submit(*balcony_, "<iq type='set' id='" + id + "'><query xmlns='urn:xmpp:mam:2'/></iq>");
  }
  /// The ids of the queries that ended since the last call, "!" before one that was refused.
  std::string ended() {
    std::string ids;
    for (const std::string& text : balcony_->take()) {
      if (!text.starts_with("<iq")) continue;
      const bool refused = text.contains("<resource-constraint") && text.contains("type='wait'");
      EXPECT_TRUE(refused || text.contains("<fin")) << text;
      ids += (refused ? "!" : "") + between(text, "id='", "'") + " ";
    }
    return ids;
  }
};

TEST_F(ManyQueries, TwoPagesAtATimeTheOthersWaitTheirTurn) {
  for (const char* id : {"a", "b", "c", "d", "e"}) query(id);
  EXPECT_EQ(ended(), "a b ");
  auto receipts = balcony_->take_receipts();
  ASSERT_EQ(receipts.size(), 2u) << "the last result of each page";
  receipts.pop_back();
  settle();
  EXPECT_EQ(ended(), "c ") << "a session that drops a page has no use for it";
  receipts.front()->acknowledged();
  settle();
  EXPECT_EQ(ended(), "d ");
  balcony_->take_receipts();
  settle();
  EXPECT_EQ(ended(), "e ");
}

TEST_F(ManyQueries, NobodyWaitsForEver) {
  for (const char* id : {"a", "b", "c"}) query(id);
  EXPECT_EQ(ended(), "a b ");
  world.advance(5s);
  query("d");
  world.advance(6s);
  EXPECT_EQ(ended(), "!c ");
  balcony_->take_receipts();
  settle();
  EXPECT_EQ(ended(), "d ");
}

TEST_F(ManyQueries, TooManyAreRefusedAtOnceAndDieWithTheirSession) {
  for (int i = 0; i < 23; ++i) query(std::to_string(i));
  EXPECT_EQ(ended(), "0 1 !22 ");
  const auto receipts = balcony_->take_receipts();
  juliet_->unbind(*balcony_);
  receipts.front()->acknowledged();
  world.advance(20s);
}

TEST_F(ArchiveTest, NobodyReadsAnothersArchive) {
  say("hi");
  const Page page = ask(*orchard_, "", "juliet@example.org");
  EXPECT_TRUE(page.ids.empty());
  EXPECT_NE(page.end.find("<forbidden"), std::string::npos);
  for (const char* payload :
       {"<prefs xmlns='urn:xmpp:mam:2'/>", "<metadata xmlns='urn:xmpp:mam:2'/>", "<query xmlns='urn:xmpp:mam:2'/>"}) {
    orchard_->take();
    submit(*orchard_, std::string("<iq type='get' id='q' to='juliet@example.org'>") + payload + "</iq>");
    EXPECT_NE(orchard_->take().at(0).find("<forbidden"), std::string::npos) << payload;
  }
}

TEST_F(ArchiveTest, AHostCanDoWithout) {
  const auto vars = [&] { return registry.features(router::Target::account, settings().first()); };
  const std::vector<std::string_view> on = vars();
  EXPECT_NE(std::ranges::find(on, "urn:xmpp:mam:2#extended"), on.end());
  say("1");
  use({.domain = jid("example.org"), .archive = false});
  EXPECT_TRUE(vars().empty());
  say("2");
  EXPECT_NE(ask(*balcony_, "").end.find("<service-unavailable"), std::string::npos);
  use({.domain = jid("example.org")});
  EXPECT_EQ(ask(*balcony_, "").bodies, Bodies{"1"});
}

TEST_F(ArchiveTest, PreferencesAreKeptAndObeyed) {
  const std::string shown =
      "<prefs xmlns='urn:xmpp:mam:2' default='roster'><always><jid>friar@example.org</jid></always>"
      "<never><jid>juliet@example.org/balcony</jid><jid>nurse@example.org</jid></never></prefs>";
  submit(*orchard_, "<iq type='get' id='q'><prefs xmlns='urn:xmpp:mam:2'/></iq>");
  EXPECT_NE(orchard_->take().at(0).find("default='always'><always/><never/></prefs>"), std::string::npos);
  submit(*orchard_,
         "<iq type='set' id='q'><prefs xmlns='urn:xmpp:mam:2' default='roster'><never>"
         "<jid>Nurse@example.org</jid><jid>juliet@example.org/balcony</jid></never>"
         "<always><jid>friar@example.org</jid></always></prefs></iq>");
  EXPECT_NE(orchard_->take().at(0).find(shown), std::string::npos);
  forget(*romeo_);
  romeo_ = &open("romeo@example.org");
  orchard_ = &romeo_->bind("orchard");
  romeo_->roster[jid("juliet@example.org")] = router::SubscriptionState::none;
  romeo_->roster[jid("nurse@example.org")] = router::SubscriptionState::both;
  say("roster");
  say("never, by resource", "juliet@example.org/balcony");
  say("never", "nurse@example.org/kitchen");
  say("always", "friar@example.org/cell");
  say("stranger", "paris@example.org");
  EXPECT_EQ(ask(*orchard_, "").bodies, (Bodies{"roster", "always"}));
  submit(*orchard_, "<iq type='set' id='q'><prefs xmlns='urn:xmpp:mam:2' default='maybe'/></iq>");
  EXPECT_NE(orchard_->take().at(0).find("<bad-request"), std::string::npos);
}

TEST_F(ArchiveTest, MetadataNamesItsEnds) {
  submit(*balcony_, "<iq type='get' id='q'><metadata xmlns='urn:xmpp:mam:2'/></iq>");
  EXPECT_NE(balcony_->take().at(0).find("<metadata xmlns='urn:xmpp:mam:2'/>"), std::string::npos);
  for (const char* body : {"1", "2", "3"}) say(body);
  const auto ids = ask(*balcony_, "").ids;
  submit(*balcony_, "<iq type='get' id='q'><metadata xmlns='urn:xmpp:mam:2'/></iq>");
  const std::string got = balcony_->take().at(0);
  EXPECT_NE(got.find("<metadata xmlns='urn:xmpp:mam:2'><start id='" + ids[0] + "' timestamp='20"), std::string::npos);
  EXPECT_NE(got.find("<end id='" + ids[2] + "' timestamp='20"), std::string::npos);
  forget(*juliet_);
  juliet_ = &open("juliet@example.org");
  balcony_ = &juliet_->bind("balcony");
  xml::Document bound("urn:xmpp:bind:0", "bound");
  for (const auto& step : points.session_bound) step(*juliet_, *balcony_, nullptr, &bound.root());
  EXPECT_NE(xml::to_string(bound.root()).find("<end id='" + ids[2] + "'"), std::string::npos);
}

TEST_F(ArchiveTest, WhatIsOlderThanTheHostKeepsGoes) {
  say("long ago");
  world.advance(24h * 20);
  say("the other day");
  world.advance(24h * 15);
  EXPECT_EQ(ask(*balcony_, "").bodies, (Bodies{"long ago", "the other day"})) << "nobody said so";
  use({.domain = jid("example.org"), .retention = {.days = std::chrono::days(30)}});
  forget(*romeo_);  // whose archive shrinks all the same
  world.advance(2h);
  const Page left = ask(*balcony_, "");
  EXPECT_EQ(left.bodies, (Bodies{"the other day"}));
  submit(*balcony_, "<iq type='get' id='q'><metadata xmlns='urn:xmpp:mam:2'/></iq>");
  EXPECT_TRUE(balcony_->take().at(0).contains("<start id='" + left.ids.at(0) + "'"));
  romeo_ = &open("romeo@example.org");
  orchard_ = &romeo_->bind("orchard");
  EXPECT_EQ(ask(*orchard_, "").bodies, (Bodies{"the other day"}));

  world.advance(24h * 40);
  EXPECT_TRUE(ask(*balcony_, "").bodies.empty());
  submit(*balcony_, "<iq type='get' id='q'><metadata xmlns='urn:xmpp:mam:2'/></iq>");
  EXPECT_TRUE(balcony_->take().at(0).contains("<metadata xmlns='urn:xmpp:mam:2'/>"));
}

TEST_F(ArchiveTest, WhatIsTooManyGoesByClassAndHost) {
  for (const char* body : {"1", "2", "3", "4", "5"}) say(body);
  use({.domain = jid("example.org"),
       .retention = {.messages = 2},
       .classes = {{.name = "ladies", .accounts = {"juliet"}, .prefixes = {}, .retention = {.messages = 4}}}});
  world.advance(2h);
  const Page left = ask(*balcony_, "");
  EXPECT_EQ(left.bodies, (Bodies{"2", "3", "4", "5"}));
  EXPECT_EQ(ask(*orchard_, "").bodies, (Bodies{"4", "5"}));
  submit(*balcony_, "<iq type='get' id='q'><metadata xmlns='urn:xmpp:mam:2'/></iq>");
  EXPECT_TRUE(balcony_->take().at(0).contains("<start id='" + left.ids.at(0) + "'")) << "XEP-0313 5";
}

TEST_F(ArchiveTest, WhatIsTooMuchGoes) {
  for (const char* body : {"1", "2", "3", "4", "5"}) say(body);
  std::size_t one = 0;
  store->read(
      router().loop(), [](store::Reader& reader) { return reader.archive({.owner = "juliet@example.org"}); },
      [&](const base::Result<store::ArchivePage>& page) { one = page->rows.at(0).stanza.size(); });
  settle();
  ASSERT_GT(one, 50u);
  use({.domain = jid("example.org"), .retention = {.bytes = 2 * one + one / 2}});
  world.advance(2h);
  EXPECT_EQ(ask(*balcony_, "").bodies, (Bodies{"4", "5"}));
  use({.domain = jid("example.org"), .retention = {.bytes = one / 2}});
  world.advance(2h);
  EXPECT_TRUE(ask(*balcony_, "").bodies.empty());
  submit(*balcony_, "<iq type='get' id='q'><metadata xmlns='urn:xmpp:mam:2'/></iq>");
  EXPECT_TRUE(balcony_->take().at(0).contains("<metadata xmlns='urn:xmpp:mam:2'/>"));
  say("6");
  EXPECT_EQ(ask(*balcony_, "").bodies, (Bodies{"6"}));
}

TEST_F(ArchiveTest, ALargeArchiveOfARoomShrinksInSmallSteps) {
  constexpr std::int64_t kAll = 12'000, kKept = 6'000;
  auto unit = base::make_ref<store::Unit>();
  for (std::int64_t id = 1; id <= kAll; ++id) {
    unit->add(store::ArchivePut{{.owner = "hall@rooms.example.org",
                                 .id = id,
                                 .with = "hall@rooms.example.org/Romeo",
                                 .time = world.loop(0).wall(),
                                 .stanza = "<message/>"}});
  }
  store->write(std::move(unit), world.loop(0), [](const base::Result<void>& done) { EXPECT_TRUE(done); });
  settle();
  const auto first = [this] {
    std::int64_t id = 0;
    store->read(
        router().loop(), [](store::Reader& reader) { return reader.archive_span("hall@rooms.example.org"); },
        [&](const base::Result<std::optional<store::ArchiveSpan>>& span) { id = (*span)->first.id; });
    settle();
    return id;
  };
  use({.domain = jid("example.org")}, {},
      {{.domain = jid("rooms.example.org"), .retention = {.messages = static_cast<std::uint32_t>(kKept)}}});
  world.advance(59min);
  std::int64_t last = first();
  EXPECT_EQ(last, 1);
  int steps = 0;
  for (int looks = 0; looks < 2000 && last <= kAll - kKept; ++looks) {
    const std::int64_t now = first();
    EXPECT_LE(now - last, 2 * store::ArchiveExpire::kMost);
    steps += now == last ? 0 : 1;
    last = now;
  }
  EXPECT_EQ(last, kAll - kKept + 1);
  EXPECT_GE(steps, 3);
  world.advance(2h);
  EXPECT_EQ(first(), kAll - kKept + 1);
}

// A room's own limit holds where its service has none, and never lengthens the service's.
TEST_F(ArchiveTest, ARoomMayKeepLessThanItsService) {
  auto unit = base::make_ref<store::Unit>();
  for (const char* owner : {"hall@rooms.example.org", "crypt@rooms.example.org", "romeo@example.org"}) {
    for (std::int64_t id = 1; id <= 10; ++id)
      unit->add(store::ArchivePut{{.owner = owner, .id = id, .time = world.loop(0).wall(), .stanza = "<message/>"}});
  }
  unit->add(store::ArchiveLimitPut{"hall@rooms.example.org", {.messages = 4}});
  unit->add(store::ArchiveLimitPut{"crypt@rooms.example.org", {.messages = 8}});
  store->write(std::move(unit), world.loop(0), [](const base::Result<void>& done) { EXPECT_TRUE(done); });
  settle();
  const auto first = [this](const std::string& owner) {
    std::int64_t id = 0;
    store->read(
        router().loop(), [owner](store::Reader& reader) { return reader.archive_span(owner); },
        [&](const base::Result<std::optional<store::ArchiveSpan>>& span) { id = (*span)->first.id; });
    settle();
    return id;
  };
  use({.domain = jid("example.org")}, {}, {{.domain = jid("rooms.example.org")}});
  world.advance(2h);
  EXPECT_EQ(first("hall@rooms.example.org"), 7);
  EXPECT_EQ(first("crypt@rooms.example.org"), 3);
  use({.domain = jid("example.org")}, {}, {{.domain = jid("rooms.example.org"), .retention = {.messages = 5}}});
  world.advance(2h);
  EXPECT_EQ(first("hall@rooms.example.org"), 7);
  EXPECT_EQ(first("crypt@rooms.example.org"), 6);
  EXPECT_EQ(first("romeo@example.org"), 1);
}

TEST_F(ArchiveTest, TellsWhatCanBeAsked) {
  submit(*balcony_, "<iq type='get' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
  const std::string got = balcony_->take().at(0);
  for (const char* var : {"with", "start", "end", "before-id", "after-id", "ids", "include-groupchat"}) {
    EXPECT_NE(got.find("var='" + std::string(var) + "'"), std::string::npos) << var;
  }
}

}  // namespace
}  // namespace features
