// A room asks for its meeting's link, and a token service answers, late or not at all (XEP-0483,
// router/token_service.h).
#include <optional>

#include "router/token_service.h"
#include "unit/server/simulated.h"
#include "xml/writer.h"

namespace server_test {
namespace {

constexpr std::string_view kAsk =
    "<iq type='get' id='a' to='hall@conference.example.org'>"
    "<query xmlns='urn:xmpp:http:online-meetings:0' type='jitsi'><desc>News</desc></query></iq>";

class Tokens final : public router::Component {
 public:
  void receive(router::PacketRef packet) override { asked.push_back(std::move(packet)); }
  std::string question(std::size_t i) const { return xml::to_string(*asked.at(i)->stanza().payload()); }
  void answer(router::Router& router, std::size_t i, std::string_view url) const {
    xml::Document iq = xmpp::make_result(asked.at(i)->stanza());
    xml::Element& query = iq.root().add("query", "urn:xmpp:http:online-meetings:0");
    query.add("initiate").set_attr("type", "jitsi").add_text_child("url", url);
    send(router, i, xmpp::share(std::move(iq)));
  }
  void refuse(router::Router& router, std::size_t i, xmpp::Condition condition) const {
    send(router, i, xmpp::make_error(asked.at(i)->stanza(), condition));
  }

  std::vector<router::PacketRef> asked;

 private:
  void send(router::Router& router, std::size_t i, xmpp::StanzaRef stanza) const {
    router.post(base::make_ref<const router::Packet>(std::move(stanza), asked[i]->to(), asked[i]->from(),
                                                     router::Origin::component));
  }
};

class Meeting : public Simulated {
 protected:
  Meeting() {
    server.claim(router::kTokenService, tokens);
    for (const char* name : {"romeo@example.org", "juliet@example.org"}) server.add_account(name, "wherefore");
    romeo.emplace(login("romeo", "orchard"));
    juliet.emplace(login("juliet", "balcony"));
    entering = romeo->ask(enter("Romeo"));
    configure("<field var='muc#roomconfig_meeting'><value>1</value></field>");
    juliet->ask(enter("Juliet"));
    romeo->peer.take();
  }
  static std::string enter(const std::string& nick) {
    return "<presence to='hall@conference.example.org/" + nick +
           "'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
  }
  void configure(const std::string& fields) {
    const std::string answer = romeo->ask(
        "<iq type='set' id='c' to='hall@conference.example.org'><query xmlns='http://jabber.org/protocol/muc#owner'>"
        "<x xmlns='jabber:x:data' type='submit'>" +
        fields + "</x></query></iq>");
    EXPECT_TRUE(answer.contains("type='result'")) << answer;
    if (juliet) juliet->peer.take();
  }
  /// Of Romeo, as the room showed it.
  std::string occupant_id() const {
    EXPECT_TRUE(entering.contains("urn:xmpp:occupant-id:0")) << entering;
    return attribute(entering.substr(entering.find("<occupant-id")), "id");
  }
  router::Router& router() { return server.router_of(xmpp::Jid::from_prepared(router::kTokenService)); }

  Tokens tokens;
  std::optional<Client> romeo, juliet;
  std::string entering;
};

TEST_F(Meeting, TheServiceLearnsWhoAsksAndTheAskerWhatItAnswers) {
  EXPECT_EQ(romeo->ask(kAsk), "");
  ASSERT_EQ(tokens.asked.size(), 1u);
  EXPECT_EQ(tokens.asked[0]->from().str(), "hall@conference.example.org");
  EXPECT_EQ(tokens.asked[0]->origin(), router::Origin::server);
  EXPECT_EQ(tokens.question(0),
            "<query xmlns='urn:xmpp:http:online-meetings:0' type='jitsi' id='hall'><desc>News</desc>"
            "<for xmlns='urn:exedra:tokens:1' jid='romeo@example.org' id='" +
                occupant_id() + "' nick='Romeo' moderator='true'/></query>");
  tokens.answer(router(), 0, "https://meet.example.org/hall?jwt=x");
  const std::string answer = romeo->ask("");
  EXPECT_TRUE(
      answer.contains("<query xmlns='urn:xmpp:http:online-meetings:0'><initiate type='jitsi'>"
                      "<url>https://meet.example.org/hall?jwt=x</url></initiate></query></iq>"))
      << answer;
  EXPECT_TRUE(answer.contains("id='a'") && answer.contains("from='hall@conference.example.org'")) << answer;
  juliet->ask(kAsk);
  ASSERT_EQ(tokens.asked.size(), 2u);
  EXPECT_TRUE(tokens.question(1).contains("jid='juliet@example.org'")) << tokens.question(1);
  EXPECT_TRUE(tokens.question(1).contains("nick='Juliet' moderator='false'")) << tokens.question(1);
  tokens.refuse(router(), 1, xmpp::Condition::policy_violation);
  const std::string refused = juliet->ask("");
  EXPECT_TRUE(refused.contains("<policy-violation")) << refused;
  EXPECT_TRUE(refused.contains("id='a'")) << refused;
}

TEST_F(Meeting, TheOwnersSayHowItIsCalledAndWhoModerates) {
  struct Case {
    const char *who, *owner, *none;
  };
  const Case cases[] = {{"owners", "true", "false"}, {"nobody", "false", "false"}};
  for (const auto& [who, owner, none] : cases) {
    configure(
        "<field var='muc#roomconfig_meetingname'><value>verona</value></field>"
        "<field var='muc#roomconfig_meetingmoderators'><value>" +
        std::string(who) + "</value></field>");
    tokens.asked.clear();
    romeo->ask(kAsk);
    juliet->ask(kAsk);
    ASSERT_EQ(tokens.asked.size(), 2u) << who;
    EXPECT_TRUE(tokens.question(0).contains("id='verona'")) << tokens.question(0);
    EXPECT_TRUE(tokens.question(0).contains("moderator='" + std::string(owner) + "'")) << who;
    EXPECT_TRUE(tokens.question(1).contains("moderator='" + std::string(none) + "'")) << who;
    for (const std::size_t i : {0, 1}) tokens.answer(router(), i, "https://meet.example.org/");
    romeo->ask("");
    juliet->ask("");
  }
}

TEST_F(Meeting, TheServiceLearnsTheAddressOthersMaySee) {
  configure("<field var='muc#roomconfig_whois'><value>anyone</value></field>");
  romeo->ask(kAsk);
  ASSERT_EQ(tokens.asked.size(), 1u);
  EXPECT_TRUE(tokens.question(0).contains("jid='romeo@example.org' id='romeo@example.org'")) << tokens.question(0);
}

TEST_F(Meeting, NobodyWaitsLongerThanTheDeadline) {
  romeo->ask(kAsk);
  const std::string again = romeo->ask(kAsk);
  EXPECT_TRUE(again.contains("<resource-constraint")) << "one question at a time: " << again;
  EXPECT_TRUE(romeo->ask("", 9s).empty());
  EXPECT_TRUE(romeo->ask("", 1s).contains("<remote-server-timeout"));
  tokens.answer(router(), 0, "https://meet.example.org/late");
  EXPECT_EQ(romeo->ask(""), "");
  romeo->ask(kAsk);
  EXPECT_EQ(tokens.asked.size(), 2u) << "and may ask again";
}

TEST_F(Meeting, WhoIsOutOrIsLessMeanwhileGetsNone) {
  juliet->ask(kAsk);
  romeo->ask(
      "<iq type='set' id='k' to='hall@conference.example.org'><query "
      "xmlns='http://jabber.org/protocol/muc#admin'><item nick='Juliet' role='none'/></query></iq>");
  juliet->peer.take();
  tokens.answer(router(), 0, "https://meet.example.org/hall");
  const std::string out = juliet->ask("");
  EXPECT_FALSE(out.contains("https:")) << out;
  EXPECT_TRUE(out.contains("<not-acceptable")) << out;
  romeo->ask(kAsk);
  configure("<field var='muc#roomconfig_meetingmoderators'><value>nobody</value></field>");
  tokens.answer(router(), 1, "https://meet.example.org/hall");
  const std::string less = romeo->ask("");
  EXPECT_TRUE(less.contains("<not-acceptable")) << less;
}

TEST_F(Meeting, AClientIsNoRoom) {
  romeo->ask(
      "<iq type='get' id='t' to='tokens.invalid'><query xmlns='urn:xmpp:http:online-meetings:0' type='jitsi'/>"
      "</iq>");
  ASSERT_EQ(tokens.asked.size(), 1u);
  EXPECT_EQ(tokens.asked[0]->origin(), router::Origin::session);
}

}  // namespace
}  // namespace server_test
