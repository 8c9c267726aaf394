#include "features/disco.h"

#include <gtest/gtest.h>

#include <string>

#include "features/caps.h"
#include "features/contact.h"
#include "features/disco_info.h"
#include "unit/features/household.h"

namespace features {
namespace {

using features_test::Account;
using features_test::jid;
using features_test::Session;

class DiscoTest : public features_test::Household {
 protected:
  void SetUp() override {
    Household::SetUp();
    const Environment environment{router(), registry, points, *this, *store, random};
    add_disco(environment);
    add_caps(environment);
    add_contact(environment);
    registry.feature(router::Target::account, "urn:kept", [](const router::HostSettings& h) { return h.archive; });
    registry.freeze();
    romeo_ = &open("romeo@example.org");
    juliet_ = &open("juliet@example.org");
    orchard_ = &romeo_->bind("orchard");
  }
  std::string ask(const std::string& to, const std::string& what, const std::string& node = "") {
    submit(*orchard_, "<iq type='get' id='d' to='" + to + "'><query xmlns='http://jabber.org/protocol/disco#" + what +
                          "'" + (node.empty() ? "" : " node='" + node + "'") + "/></iq>");
    return orchard_->take().at(0);
  }
  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

  Account* romeo_ = nullptr;
  Account* juliet_ = nullptr;
  Session* orchard_ = nullptr;
};

TEST_F(DiscoTest, TheServerShowsWhatIsRegistered) {
  EXPECT_EQ(ask("example.org", "info"),
            "<iq from='example.org' to='romeo@example.org/orchard' type='result' id='d'>"
            "<query xmlns='http://jabber.org/protocol/disco#info'>"
            "<identity category='server' type='im' name='Exedra'/><feature var='http://jabber.org/protocol/caps'/>"
            "<feature var='http://jabber.org/protocol/disco#info'/>"
            "<feature var='http://jabber.org/protocol/disco#items'/></query></iq>");
}

TEST_F(DiscoTest, TheServerShowsItsAdministrators) {
  use({.domain = jid("example.org"), .admin_contacts = {"mailto:prince@example.org", "xmpp:prince@example.org"}});
  EXPECT_TRUE(has(ask("example.org", "info"),
                  "<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>"
                  "<value>http://jabber.org/network/serverinfo</value></field>"
                  "<field var='admin-addresses' type='list-multi'><value>mailto:prince@example.org</value>"
                  "<value>xmpp:prince@example.org</value></field></x>"));
}

TEST_F(DiscoTest, TheServerListsItsComponents) {
  router().claim("conference.example.org", *this);
  router().claim("proxy.example.net", *this);
  EXPECT_TRUE(has(ask("example.org", "items"),
                  "<query xmlns='http://jabber.org/protocol/disco#items'><item jid='conference.example.org'/>"
                  "<item jid='proxy.example.net'/></query>"));
}

TEST_F(DiscoTest, AHostListsTheRoomServiceThatItNames) {
  const router::RoomService own{.domain = jid("conference.example.org"), .name = "Verona"},
      other{.domain = jid("chat.example.org")};
  const auto items = [&](const xmpp::Jid& rooms) {
    use({.domain = jid("example.org"), .rooms = rooms}, {}, {other, own});
    return ask("example.org", "items");
  };
  const auto answer = [](const std::string& children) {
    return "<query xmlns='http://jabber.org/protocol/disco#items'" +
           (children.empty() ? "/>" : ">" + children + "</query>");
  };
  const std::string verona = "<item jid='conference.example.org' name='Verona'/>";
  EXPECT_TRUE(has(items(own.domain), answer(verona)));
  EXPECT_TRUE(has(items(other.domain), answer("<item jid='chat.example.org' name='Rooms'/>")));
  EXPECT_TRUE(has(items({}), answer("")));
  router().claim("conference.example.org", *this);
  router().claim("proxy.example.org", *this);
  EXPECT_TRUE(has(items(own.domain), answer(verona + "<item jid='proxy.example.org'/>"))) << "once";
  EXPECT_TRUE(has(items({}), answer("<item jid='proxy.example.org'/>"))) << "although its name is below the host's";
}

TEST_F(DiscoTest, AnAccountShowsItselfToItself) {
  const std::string info = ask("romeo@example.org", "info");
  EXPECT_TRUE(has(info, "<identity category='account' type='registered'/>"));
  EXPECT_TRUE(has(info, "<feature var='urn:kept'/>"));
  EXPECT_TRUE(has(ask("romeo@example.org", "items"), "<query xmlns='http://jabber.org/protocol/disco#items'/>"));
  use({.domain = jid("example.org"), .archive = false});
  EXPECT_FALSE(has(ask("romeo@example.org", "info"), "urn:kept"));
}

TEST_F(DiscoTest, AnAccountShowsItselfToThoseWhoSeeItsPresence) {
  using router::SubscriptionState;
  const std::string stranger = ask("juliet@example.org", "info");
  EXPECT_TRUE(has(stranger, "<service-unavailable"));
  for (const auto& [state, seen] : {std::pair{SubscriptionState::none, false},
                                    {SubscriptionState::to, false},
                                    {SubscriptionState::from, true},
                                    {SubscriptionState::both, true}}) {
    juliet_->roster[jid("romeo@example.org")] = state;
    EXPECT_EQ(has(ask("juliet@example.org", "info"), "type='registered'"), seen);
    EXPECT_EQ(has(ask("juliet@example.org", "items"), "type='result'"), seen);
  }
}

TEST_F(DiscoTest, UnknownNodesAreNotFound) {
  for (const char* to : {"example.org", "romeo@example.org"}) {
    EXPECT_TRUE(has(ask(to, "info", "urn:nowhere"), "<item-not-found"));
    EXPECT_TRUE(has(ask(to, "items", "urn:nowhere"), "<item-not-found"));
  }
}

TEST_F(DiscoTest, TheAnnouncedNodeIsTheAnswersFingerprint) {
  const std::string features = registry.stream_features(settings().first());
  const auto c = xml::parse_element(features);
  ASSERT_TRUE(c);
  EXPECT_TRUE(c->root().is("http://jabber.org/protocol/caps", "c"));
  EXPECT_EQ(c->root().attr("hash"), "sha-1");
  const std::string ver(c->root().attr("ver"));
  const std::string node = std::string(c->root().attr("node")) + "#" + ver;
  const std::string info = ask("example.org", "info", node);
  EXPECT_TRUE(has(info, "node='" + node + "'"));
  const auto query = xml::parse_element(
      "<w>" + info.substr(info.find("<query")).substr(0, info.find("</iq>") - info.find("<query")) + "</w>");
  ASSERT_TRUE(query);
  EXPECT_EQ(verification_string(*query->root().first_child()), ver);
  use({.domain = jid("example.org"), .admin_contacts = {"mailto:prince@example.org"}});
  EXPECT_NE(registry.stream_features(settings().first()), features) << "it changes with what it tells";
}

/// XEP-0115 5.2 and 5.3.
TEST(VerificationString, IsThatOfTheExamples) {
  const auto simple = xml::parse_element(
      "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='client' name='Exodus 0.9.1' type='pc'/>"
      "<feature var='http://jabber.org/protocol/muc'/><feature var='http://jabber.org/protocol/caps'/>"
      "<feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/disco#info'/>"
      "</query>");
  EXPECT_EQ(verification_string(simple->root()), "QgayPKawpkPSDYmwT/WM94uAlu0=");
  const auto complex = xml::parse_element(
      "<query xmlns='http://jabber.org/protocol/disco#info'>"
      "<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>"
      "<identity xml:lang='el' category='client' name='&#936; 0.11' type='pc'/>"
      "<feature var='http://jabber.org/protocol/caps'/><feature var='http://jabber.org/protocol/disco#info'/>"
      "<feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/muc'/>"
      "<x xmlns='jabber:x:data' type='result'><field var='software'><value>Psi</value></field>"
      "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>"
      "<field var='ip_version'><value>ipv6</value><value>ipv4</value></field>"
      "<field var='os'><value>Mac</value></field><field var='os_version'><value>10.5.1</value></field>"
      "<field var='software_version'><value>0.11</value></field></x></query>");
  EXPECT_EQ(verification_string(complex->root()), "q07IKJEyjvHSyhy//CH0CxmKi8w=");
}

}  // namespace
}  // namespace features
