// Rooms under those who want too much of them (SECURITY M06).
#include "unit/server/simulated.h"

namespace server_test {
namespace {

constexpr std::string_view kJoin = "<x xmlns='http://jabber.org/protocol/muc'/></presence>";

std::string enter(const std::string& room, const std::string& nick) {
  return "<presence to='" + room + "@conference.example.org/" + nick + "'>" + std::string(kJoin);
}

std::string owner(const std::string& room, const std::string& what) {
  return "<iq type='set' id='o' to='" + room +
         "@conference.example.org'><query xmlns='http://jabber.org/protocol/muc#owner'>" + what + "</query></iq>";
}

const std::string kPersistent =
    "<x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_persistentroom'><value>1</value></field></x>";

class Crowd : public Simulated {
 protected:
  Crowd() {
    for (const char* name : {"romeo@example.org", "juliet@example.org", "tybalt@example.org"})
      server.add_account(name, "wherefore");
  }
};

TEST_F(Crowd, M06WhoDoesNotReadIsCutAndDelaysNobody) {
  Client romeo = login("romeo", "orchard"), juliet = login("juliet", "balcony"), deaf = login("tybalt", "square");
  romeo.ask(enter("hall", "Romeo"));
  romeo.ask(owner("hall", "<x xmlns='jabber:x:data' type='submit'/>"));
  juliet.ask(enter("hall", "Juliet"));
  deaf.ask(enter("hall", "Tybalt"));
  deaf.peer.read(false);
  std::string heard;
  int said = 0;
  for (; said < 300 && !deaf.peer.closed(); ++said) {
    const std::string id = "m" + std::to_string(said);
    romeo.peer.send("<message type='groupchat' id='" + id + "' to='hall@conference.example.org'><body>" +
                    std::string(60'000, 'o') + "</body></message>");
    server.world().advance(200ms);
    heard = juliet.peer.take();
    ASSERT_TRUE(heard.contains("id='" + id + "'")) << id;
    romeo.peer.take();
    server.world().advance(800ms);
  }
  EXPECT_TRUE(deaf.peer.closed());
  EXPECT_GT(said, 50);  // what a socket doesn't take is kept for a while
  server.world().advance(1s);
  heard += juliet.peer.take();
  EXPECT_TRUE(heard.contains("from='hall@conference.example.org/Tybalt'")) << heard.substr(0, 2000);
  EXPECT_TRUE(heard.contains("type='unavailable'"));
  const std::string answer = romeo.ask(
      "<iq type='get' id='who' to='hall@conference.example.org'>"
      "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
  EXPECT_FALSE(answer.contains("Tybalt")) << answer;
}

TEST_F(Crowd, NobodyOwnsMoreRoomsThanOneMay) {
  Client romeo = login("romeo", "orchard"), juliet = login("juliet", "balcony");
  for (int i = 0; i < 100; ++i) {
    const std::string room = "r" + std::to_string(i);
    ASSERT_TRUE(romeo.ask(enter(room, "Romeo")).contains("code='201'")) << i;
    ASSERT_TRUE(romeo.ask(owner(room, kPersistent)).contains("type='result'")) << i;
  }
  const std::string refused = romeo.ask(enter("more", "Romeo"));
  EXPECT_TRUE(refused.contains("<resource-constraint")) << refused;
  EXPECT_TRUE(juliet.ask(enter("more", "Juliet")).contains("code='201'"));
  EXPECT_TRUE(romeo.ask(enter("more2", "Romeo")).contains("<resource-constraint"));
  romeo.ask(owner("r7", "<destroy/>"));
  EXPECT_TRUE(romeo.ask(enter("more2", "Romeo")).contains("code='201'"));
}

TEST_F(Crowd, RoomsThatTheStoreDoesNotHaveCountAsWell) {
  Client romeo = login("romeo", "orchard");
  // Four shards: each counts its own of these.
  int made = 0;
  for (int i = 0; i < 600; ++i)
    made += romeo.ask(enter("t" + std::to_string(i), "Romeo"), 50ms).contains("code='201'") ? 1 : 0;
  EXPECT_EQ(made, 400);
}

TEST_F(Crowd, WhoTalksTooFastIsRefusedAndOthersAreNot) {
  Client romeo = login("romeo", "orchard"), juliet = login("juliet", "balcony");
  romeo.ask(enter("hall", "Romeo"));
  romeo.ask(owner("hall", "<x xmlns='jabber:x:data' type='submit'/>"));
  juliet.ask(enter("hall", "Juliet"));
  std::string all;
  for (int i = 0; i < 100; ++i)
    all += "<message type='groupchat' id='m" + std::to_string(i) + "' to='hall@conference.example.org'/>";
  const std::string got = juliet.ask(all, 1ms) + juliet.ask("", 50ms);
  EXPECT_NEAR(static_cast<double>(count(got, "type='groupchat'")), 40, 3);
  EXPECT_NEAR(static_cast<double>(count(got, "<policy-violation")), 60, 3);
  EXPECT_TRUE(romeo.ask("<message type='groupchat' id='r' to='hall@conference.example.org'/>").contains("id='r'"));
  EXPECT_TRUE(juliet.ask("<message type='groupchat' id='j' to='hall@conference.example.org'/>").contains("id='j'"));
}

TEST_F(Crowd, TokensAreFewAndGoWithTheRoom) {
  Client romeo = login("romeo", "orchard"), juliet = login("juliet", "balcony"), tybalt = login("tybalt", "square");
  const std::string ask =
      "<iq type='set' id='t' to='hall@conference.example.org'><request xmlns='urn:xmpp:muc-token-invite:0'/></iq>";
  const std::string members_only =
      "<x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_membersonly'><value>1</value></field>"
      "<field var='muc#roomconfig_allowinvites'><value>1</value></field></x>";
  romeo.ask(enter("hall", "Romeo"));
  romeo.ask(owner("hall", members_only));
  romeo.ask(
      "<iq type='set' id='m' to='hall@conference.example.org'><query xmlns='http://jabber.org/protocol/muc#admin'>"
      "<item affiliation='member' jid='juliet@example.org'/></query></iq>");
  const std::string first = juliet.ask(ask);
  const auto begin = first.find('>', first.find("<token ")) + 1;
  const std::string token = first.substr(begin, first.find('<', begin) - begin);
  EXPECT_EQ(token.size(), 32u) << first;
  for (int i = 1; i < 10; ++i) EXPECT_TRUE(juliet.ask(ask).contains("<token ")) << i;
  EXPECT_TRUE(juliet.ask(ask).contains("<resource-constraint"));
  for (int i = 10; i < 50; ++i) EXPECT_TRUE(romeo.ask(ask).contains("<token ")) << i;
  EXPECT_TRUE(romeo.ask(ask).contains("<resource-constraint"));
  EXPECT_TRUE(romeo.ask(owner("hall", kPersistent)).contains("type='result'")) << "they don't fill the configuration";
  romeo.ask(owner("hall", "<destroy/>"));
  romeo.ask(enter("hall", "Romeo"));
  romeo.ask(owner("hall", members_only));
  const std::string late = tybalt.ask(
      "<presence to='hall@conference.example.org/Tybalt'><x xmlns='http://jabber.org/protocol/muc'><password>" + token +
      "</password></x></presence>");
  EXPECT_TRUE(late.contains("<registration-required")) << late;
}

}  // namespace
}  // namespace server_test
