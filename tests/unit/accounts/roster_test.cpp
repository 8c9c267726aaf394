#include "accounts/roster.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "xml/stream_reader.h"
#include "xml/writer.h"
#include "xmpp/ns.h"

namespace accounts {
namespace {

using xmpp::Condition;
using xmpp::Type;

const xmpp::Jid kRomeo = xmpp::Jid::parse("romeo@example.org").value();
const xmpp::Jid kJuliet = xmpp::Jid::parse("juliet@example.org").value();
constexpr std::size_t kMost = 3;

base::WallTime at(std::int64_t micros) { return base::WallTime(base::WallTime::duration(micros)); }

xml::Document query(const std::string& inside, const std::string& attributes = "") {
  return xml::parse_element("<query xmlns='jabber:iq:roster'" + attributes + ">" + inside + "</query>").value();
}

std::string text(const xml::Document& document) {
  return document.empty() ? "" : xml::to_string(document.root(), xmpp::ns::roster);
}

base::Result<RosterSet, xmpp::StanzaError> parse(const std::string& inside) {
  return parse_roster_set(query(inside).root());
}

/// The store after these rows, for one owner.
struct Shelf {
  store::Roster roster;
  void take(const std::vector<store::Row>& rows) {
    for (const store::Row& row : rows) std::visit([&](const auto& r) { put(r); }, row);
  }
  void put(const store::RosterPut& r) {
    put(store::RosterDelete{r.owner, r.item.jid});
    roster.items.push_back(r.item);
  }
  void put(const store::RosterDelete& r) {
    std::erase_if(roster.items, [&](const auto& item) { return item.jid == r.jid; });
  }
  void put(const store::RosterVersionPut& r) { roster.version = r.version; }
  void put(const store::SubscriptionRequestPut& r) { roster.requests.push_back(r.request); }
  void put(const store::SubscriptionRequestDelete& r) {
    std::erase_if(roster.requests, [&](const auto& request) { return request.jid == r.jid; });
  }
  void put(const auto&) { ADD_FAILURE() << "a row that is no roster's"; }
};

class RosterTest : public testing::Test {
 protected:
  RosterChange set(const std::string& item) {
    auto change = roster.set(parse(item).value(), kMost, at(++time));
    EXPECT_TRUE(change.has_value());
    return keep(*std::move(change));
  }
  RosterChange step(Transition (*way)(const Subscription&, Type), Type type, std::string request = {}) {
    const Transition transition = way(roster.subscription(kJuliet), type);
    return keep(roster.update(kJuliet, transition.after, std::move(request), at(++time)));
  }
  RosterChange keep(RosterChange change) {
    shelf.take(change.rows);
    return change;
  }
  std::string whole() { return text(roster.get(query("").root())); }

  Roster roster{kRomeo};
  Shelf shelf;
  std::int64_t time = 100;
};

TEST(RosterSet, Reads) {
  const RosterSet wanted =
      parse(
          "<item jid='Juliet@Example.ORG' name='Juliet' subscription='both' ask='subscribe' approved='true'>"
          "<group>Friends</group><group>Verona</group></item>")
          .value();
  EXPECT_EQ(wanted.contact, kJuliet);
  EXPECT_FALSE(wanted.remove);
  EXPECT_EQ(wanted.name, "Juliet");
  EXPECT_EQ(wanted.groups, (std::vector<std::string>{"Friends", "Verona"}));
  EXPECT_TRUE(parse("<item jid='juliet@example.org' subscription='remove'/>")->remove);
}

// SECURITY C09 and RFC 6121 2.3.3.
TEST(RosterSet, Refuses) {
  const std::string jid = "jid='juliet@example.org'";
  struct Row {
    std::string inside;
    Condition condition;
  };
  const std::vector<Row> table{
      {"", Condition::bad_request},
      {"<item " + jid + "/><item jid='nurse@example.org'/>", Condition::bad_request},
      {"<item xmlns='urn:other' " + jid + "/>", Condition::bad_request},
      {"<item name='x'/>", Condition::bad_request},
      {"<item jid='@'/>", Condition::bad_request},
      {"<item " + jid + "><group>a</group><group>a</group></item>", Condition::bad_request},
      {"<item " + jid + "><group/></item>", Condition::not_acceptable},
      {"<item " + jid + "><group>" + std::string(1024, 'g') + "</group></item>", Condition::not_acceptable},
      {"<item " + jid + " name='" + std::string(1024, 'n') + "'/>", Condition::not_acceptable},
  };
  for (const Row& row : table) {
    const auto parsed = parse(row.inside);
    ASSERT_FALSE(parsed.has_value()) << row.inside.substr(0, 80);
    EXPECT_EQ(parsed.error().condition, row.condition) << row.inside.substr(0, 80);
  }
  std::string groups;
  for (int i = 0; i < 101; ++i) groups += "<group>" + std::to_string(i) + "</group>";
  EXPECT_EQ(parse("<item " + jid + ">" + groups + "</item>").error().condition, Condition::not_acceptable);
}

TEST_F(RosterTest, AddsAndPushes) {
  const RosterChange change =
      set("<item jid='juliet@example.org' name='J &amp; R' subscription='both'><group>Friends</group></item>");
  EXPECT_EQ(text(change.push),
            "<query ver='101'><item jid='juliet@example.org' name='J &amp; R' subscription='none'>"
            "<group>Friends</group></item></query>");
  EXPECT_EQ(whole(), text(change.push));
}

TEST_F(RosterTest, AChangeKeepsTheSubscription) {
  set("<item jid='juliet@example.org' name='Old'><group>a</group></item>");
  step(outbound, Type::subscribe);
  const RosterChange change = set("<item jid='juliet@example.org' name='New' subscription='none'/>");
  EXPECT_EQ(text(change.push),
            "<query ver='103'><item jid='juliet@example.org' name='New' subscription='none' ask='subscribe'/></query>");
}

TEST_F(RosterTest, RemovingCancelsBothWays) {
  set("<item jid='juliet@example.org'/>");
  step(outbound, Type::subscribe);
  step(inbound, Type::subscribed);
  step(inbound, Type::subscribe);
  auto change = roster.remove(kJuliet, at(++time));
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(text(change->push),
            "<query ver='" + std::to_string(time) + "'><item jid='juliet@example.org' subscription='remove'/></query>");
  EXPECT_EQ(change->cancel, (std::vector<Type>{Type::unsubscribe, Type::unsubscribed}));
  shelf.take(change->rows);
  EXPECT_TRUE(shelf.roster.items.empty());
  EXPECT_TRUE(shelf.roster.requests.empty());
  EXPECT_EQ(roster.remove(kJuliet, at(++time)).error().condition, Condition::item_not_found);
}

TEST_F(RosterTest, RemovingAResourceLeavesTheContactSubscribed) {
  step(outbound, Type::subscribe);
  set("<item jid='juliet@example.org/balcony'/>");
  const auto change = roster.remove(xmpp::Jid::parse("juliet@example.org/balcony").value(), at(++time));
  EXPECT_TRUE(change->cancel.empty());
  EXPECT_TRUE(roster.subscription(kJuliet).ask);
}

TEST_F(RosterTest, WhoOnlyAskedIsNotShown) {
  const RosterChange asked =
      step(inbound, Type::subscribe, "<presence type='subscribe'><status>hi</status></presence>");
  EXPECT_TRUE(asked.push.empty());
  EXPECT_EQ(whole(), "<query ver='0'/>");
  EXPECT_EQ(roster.requests().at(kJuliet), "<presence type='subscribe'><status>hi</status></presence>");
  EXPECT_TRUE(roster.subscription(kJuliet).request);

  EXPECT_EQ(text(step(outbound, Type::subscribed).push),
            "<query ver='102'><item jid='juliet@example.org' subscription='from'/></query>");
  EXPECT_TRUE(roster.requests().empty());
}

TEST_F(RosterTest, ARefusedRequestLeavesNothing) {
  step(inbound, Type::subscribe);
  EXPECT_TRUE(step(outbound, Type::unsubscribed).push.empty());
  EXPECT_EQ(whole(), "<query ver='0'/>");
  EXPECT_TRUE(shelf.roster.items.empty());
  EXPECT_TRUE(shelf.roster.requests.empty());
}

TEST_F(RosterTest, AnItemStaysWhenTheSubscriptionEnds) {
  step(outbound, Type::subscribe);
  EXPECT_EQ(text(step(inbound, Type::unsubscribed).push),
            "<query ver='102'><item jid='juliet@example.org' subscription='none'/></query>");
}

TEST_F(RosterTest, PreApprovalMakesAnItem) {
  EXPECT_EQ(text(step(outbound, Type::subscribed).push),
            "<query ver='101'><item jid='juliet@example.org' subscription='none' approved='true'/></query>");
}

TEST_F(RosterTest, NoChangeNoPushNoRow) {
  step(outbound, Type::subscribe);
  const RosterChange again = step(outbound, Type::subscribe);
  EXPECT_TRUE(again.push.empty());
  EXPECT_TRUE(again.rows.empty());
}

TEST_F(RosterTest, AResourceDoesNotMatter) {
  step(outbound, Type::subscribe);
  EXPECT_TRUE(roster.subscription(xmpp::Jid::parse("juliet@example.org/balcony").value()).ask);
  EXPECT_EQ(roster.subscription(kRomeo), Subscription{});
}

TEST_F(RosterTest, TheSameVersionIsAnsweredEmpty) {
  set("<item jid='juliet@example.org'/>");
  EXPECT_TRUE(roster.get(query("", " ver='101'").root()).empty());
  EXPECT_FALSE(roster.get(query("", " ver=''").root()).empty());
  EXPECT_FALSE(roster.get(query("", " ver='100'").root()).empty());
  EXPECT_FALSE(roster.get(query("", " ver='0101'").root()).empty());
}

TEST_F(RosterTest, VersionsGrowWhenTheClockDoesNot) {
  set("<item jid='juliet@example.org'/>");
  EXPECT_EQ(roster.version(), 101);
  time = 5;
  set("<item jid='juliet@example.org'/>");
  EXPECT_EQ(roster.version(), 102);
  time = 5000;
  set("<item jid='juliet@example.org'/>");
  EXPECT_EQ(roster.version(), 5001);
}

TEST_F(RosterTest, IsBounded) {
  for (const char* item : {"<item jid='a@x'/>", "<item jid='b@x'/>", "<item jid='juliet@example.org'/>"}) set(item);
  const RosterSet one_more = parse("<item jid='c@x'/>").value();
  EXPECT_EQ(roster.set(one_more, kMost, at(1)).error().condition, Condition::resource_constraint);
  set("<item jid='b@x' name='still'/>");
  const xmpp::Jid nurse = xmpp::Jid::parse("nurse@example.org").value();
  EXPECT_TRUE(roster.overfills(nurse, {.ask = true}, kMost));
  EXPECT_FALSE(roster.overfills(kJuliet, {.ask = true}, kMost));
  EXPECT_FALSE(roster.overfills(nurse, {.request = true}, kMost));
  step(inbound, Type::subscribe);
  EXPECT_TRUE(roster.overfills(nurse, {.request = true}, 1));
}

TEST_F(RosterTest, ALongRequestIsKeptBare) {
  step(inbound, Type::subscribe, std::string(5000, 'x'));
  EXPECT_EQ(roster.requests().at(kJuliet), "<presence xmlns='jabber:client' type='subscribe'/>");
}

TEST_F(RosterTest, ComesBackFromItsRows) {
  set("<item jid='juliet@example.org' name='Juliet'><group>Friends</group></item>");
  step(outbound, Type::subscribe);
  step(inbound, Type::subscribed);
  step(inbound, Type::subscribe, "<presence type='subscribe'/>");
  set("<item jid='nurse@example.org'/>");
  const Roster again(kRomeo, shelf.roster);
  EXPECT_EQ(text(again.get(query("").root())), whole());
  EXPECT_EQ(again.requests(), roster.requests());
  EXPECT_EQ(again.version(), roster.version());
  EXPECT_EQ(again.subscription(kJuliet), roster.subscription(kJuliet));
}

}  // namespace
}  // namespace accounts
