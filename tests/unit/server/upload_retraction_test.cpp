// Who retracts a message takes back the files that it spoke of, and nobody else's (XEP-0424, XEP-0363).
#include <optional>
#include <string>

#include "unit/server/simulated.h"

namespace server_test {
namespace {

const std::string kRoom = "hall@conference.example.org";
const std::string kId = "Zm9vYmFyYmF6cXV4MTIzNA";
const std::string kUrl = "https://upload.example.org/" + kId + "/a.jpg";

class UploadRetraction : public Simulated {
 protected:
  UploadRetraction() {
    for (const char* name : {"romeo@example.org", "juliet@example.org"}) server.add_account(name, "wherefore");
    auto unit = base::make_ref<store::Unit>();
    unit->add(store::UploadPut{{.id = kId,
                                .owner = "romeo@example.org",
                                .name = "a.jpg",
                                .type = "image/jpeg",
                                .hash = "0",
                                .bytes = 1,
                                .created = server.world().loop().wall(),
                                .expires = base::WallTime::max()}});
    server.store().write(unit, server.world().loop(), [](const base::Result<void>& done) { EXPECT_TRUE(done); });
    server.world().advance(1s);
  }
  bool is_there() {
    std::optional<store::UploadRecord> found;
    server.store().read(
        server.world().loop(), [](store::Reader& reader) { return reader.upload(kId); },
        [&found](base::Result<std::optional<store::UploadRecord>> row) { found = row.value(); });
    server.world().advance(1s);
    return found.value().expires > server.world().loop().wall();
  }
  static std::string say(const std::string& to, const std::string& id, const std::string& more = "",
                         const std::string& type = "chat") {
    return "<message type='" + type + "' id='" + id + "' to='" + to + "'><body>see " + kUrl + "</body>" + more +
           "</message>";
  }
  static std::string retract(const std::string& to, const std::string& id, const std::string& type = "chat") {
    return "<message type='" + type + "' id='r' to='" + to + "'><retract xmlns='urn:xmpp:message-retract:1' id='" + id +
           "'/></message>";
  }
};

TEST_F(UploadRetraction, TheFileGoesWithItsMessage) {
  Client romeo = login("romeo", "orchard");
  romeo.ask(say("juliet@example.org", "m1"));
  EXPECT_TRUE(is_there());
  romeo.ask(retract("juliet@example.org", "m2"));
  EXPECT_TRUE(is_there()) << "that was another message";
  romeo.ask(retract("juliet@example.org", "m1"));
  EXPECT_FALSE(is_there());
}

TEST_F(UploadRetraction, WhatAnotherMessageSpeaksOfStays) {
  Client romeo = login("romeo", "orchard");
  romeo.ask(say("juliet@example.org", "m1"));
  romeo.ask(say("benvolio@example.net", "m2"));
  romeo.ask(retract("juliet@example.org", "m1"));
  EXPECT_TRUE(is_there());
  romeo.ask(retract("benvolio@example.net", "m2"));
  EXPECT_FALSE(is_there());
}

// Clients may count from 1 in each.
TEST_F(UploadRetraction, AnIdIsItsConversationsOnly) {
  Client romeo = login("romeo", "orchard");
  romeo.ask(say("juliet@example.org", "5"));
  romeo.ask(retract("benvolio@example.net", "5"));
  EXPECT_TRUE(is_there());
}

// A client may return what it can't read with all of its content.
TEST_F(UploadRetraction, AnErrorSaysNothingOfItsOwn) {
  Client romeo = login("romeo", "orchard");
  romeo.ask(say("juliet@example.org", "m1"));
  romeo.ask(
      "<message type='error' to='juliet@example.org'><retract xmlns='urn:xmpp:message-retract:1' id='m1'/>"
      "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  EXPECT_TRUE(is_there());
}

TEST_F(UploadRetraction, AMessageIsNamedByItsId) {
  Client romeo = login("romeo", "orchard");
  romeo.ask(say("juliet@example.org", "m1", "<origin-id xmlns='urn:xmpp:sid:0' id='o1'/>"));
  romeo.ask(retract("juliet@example.org", "o1"));
  EXPECT_TRUE(is_there());
  romeo.ask(retract("juliet@example.org", "m1"));
  EXPECT_FALSE(is_there());
}

TEST_F(UploadRetraction, WhoQuotesAnAddressTakesNothingBack) {
  Client juliet = login("juliet", "balcony");
  juliet.ask(say("romeo@example.org", "m1"));
  juliet.ask(retract("romeo@example.org", "m1"));
  EXPECT_TRUE(is_there());
}

TEST_F(UploadRetraction, TheFileGoesWithItsMessageInARoom) {
  for (const char* const name : {"juliet", "romeo"}) {
    Client client = login(name, "hall");
    client.ask("<presence to='" + kRoom + "/" + std::string(name) +
               "'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    client.ask(
        "<iq type='set' id='c' to='" + kRoom +
        "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>");
    const std::string heard = client.ask(say(kRoom, "m1", "", "groupchat"), 1s);
    const auto at = heard.find("<stanza-id");
    ASSERT_NE(at, std::string::npos) << heard;
    client.ask(retract(kRoom, attribute(heard.substr(at), "id"), "groupchat"), 1s);
    EXPECT_EQ(is_there(), std::string(name) == "juliet") << name;
  }
}

TEST_F(UploadRetraction, AModeratorTakesItsAuthorsFilesOnly) {
  Client romeo = login("romeo", "hall"), juliet = login("juliet", "hall");
  const std::string enter = "'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
  juliet.ask("<presence to='" + kRoom + "/juliet" + enter);
  juliet.ask(
      "<iq type='set' id='c' to='" + kRoom +
      "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>");
  romeo.ask("<presence to='" + kRoom + "/romeo" + enter);
  const auto moderate = [&](Client& author) {
    const std::string heard = author.ask(say(kRoom, "m1", "", "groupchat"), 1s);
    const auto at = heard.rfind("<stanza-id");
    ASSERT_NE(at, std::string::npos) << heard;
    const std::string answer = juliet.ask(
        "<iq type='set' id='mod' to='" + kRoom + "'><moderate xmlns='urn:xmpp:message-moderate:1' id='" +
            attribute(heard.substr(at), "id") + "'><retract xmlns='urn:xmpp:message-retract:1'/></moderate></iq>",
        1s);
    EXPECT_TRUE(answer.contains("type='result'")) << answer << " after " << heard;
  };
  moderate(juliet);
  EXPECT_TRUE(is_there()) << "she had quoted it";
  moderate(romeo);
  EXPECT_FALSE(is_there());
}

}  // namespace
}  // namespace server_test
