// Links to meetings from question to token: what the tokens say of whom, and when there are none.
#include <nlohmann/json.hpp>
#include <optional>

#include "tokensvc/verify.h"
#include "transcript/token_settings.h"
#include "unit/server/simulated.h"

namespace server_test {
namespace {

using nlohmann::json;

const std::string kRoom = "hall@conference.example.org";
constexpr std::string_view kUrl = "https://meet.example.org/";

class MeetingLinks : public Simulated {
 protected:
  explicit MeetingLinks(const base::Ref<tokensvc::Settings>& tokens = transcript::token_settings())
      : Simulated(false, tokens) {
    for (const char* name : {"romeo@example.org", "juliet@example.org"}) server.add_account(name, "wherefore");
    romeo.emplace(login("romeo", "orchard"));
    juliet.emplace(login("juliet", "balcony"));
  }

  static std::string ask_of(const std::string& whom, const std::string& id = {}) {
    return "<iq type='get' id='a' to='" + whom + "'><query xmlns='urn:xmpp:http:online-meetings:0' type='jitsi'" +
           (id.empty() ? "" : " id='" + id + "'") + "/></iq>";
  }
  void configure(const std::string& fields) {
    const std::string answer = romeo->ask("<iq type='set' id='c' to='" + kRoom +
                                          "'><query xmlns='http://jabber.org/protocol/muc#owner'>"
                                          "<x xmlns='jabber:x:data' type='submit'>" +
                                          fields + "</x></query></iq>");
    ASSERT_TRUE(answer.contains("type='result'")) << answer;
    juliet->peer.take();
  }
  static std::string field(const std::string& var, const std::string& value) {
    return "<field var='muc#roomconfig_" + var + "'><value>" + value + "</value></field>";
  }
  static std::string enter(const std::string& nick) {
    return "<presence to='" + kRoom + "/" + nick + "'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
  }
  /// Romeo makes the room, Juliet comes in.
  void meet(const std::string& fields = {}) {
    romeo->ask(enter("Romeo"));
    configure(field("meeting", "1") + fields);
    juliet->ask(enter("Juliet"));
    romeo->peer.take();
  }
  void admin(const std::string& item) {
    romeo->ask("<iq type='set' id='k' to='" + kRoom + "'><query xmlns='http://jabber.org/protocol/muc#admin'>" + item +
               "</query></iq>");
    juliet->ask("");
  }

  /// The first URL between these, or the whole answer if there is none.
  static std::string between(const std::string& answer, const std::string& before, const std::string& behind) {
    const auto at = answer.find(before);
    if (at == std::string::npos) return answer;
    const auto begin = at + before.size();
    return answer.substr(begin, answer.find(behind, begin) - begin);
  }
  static std::string url_in(const std::string& answer) { return between(answer, "<url>", "</url>"); }
  static std::string invitation_in(const std::string& answer) { return between(answer, "<external uri='", "'"); }
  /// What Jitsi reads in a link's token; nothing if the token is not good.
  json claims(const std::string& url) {
    const auto at = url.find("?jwt=");
    if (at == std::string::npos) return {};
    const auto now = std::chrono::floor<std::chrono::seconds>(server.world().loop().wall());
    const auto token = tokensvc::verify(url.substr(at + 5), transcript::token_settings()->keys,
                                        {.issuers = {"verona"}, .audiences = {"jitsi"}}, now);
    EXPECT_TRUE(token) << (token ? "" : token.error());
    return token ? token->claims : json();
  }
  json user_of(Client& who, const std::string& whom = kRoom) {
    const std::string answer = who.ask(ask_of(whom));
    const json all = claims(url_in(answer));
    EXPECT_TRUE(all.is_object()) << answer;
    return all.is_object() ? all["context"]["user"] : json::object();
  }
  void set_vcard(Client& who, const std::string& inside) {
    EXPECT_TRUE(who.ask("<iq type='set' id='v'><vCard xmlns='vcard-temp'>" + inside + "</vCard></iq>")
                    .contains("type='result'"));
  }
  std::vector<store::TokenRecord> audit() {
    std::vector<store::TokenRecord> all;
    server.store().read(
        server.world().loop(), [](store::Reader& reader) { return reader.tokens({}); },
        [&](const base::Result<std::vector<store::TokenRecord>>& read) { all = *read; });
    server.world().advance(1s);
    return all;
  }

  std::optional<Client> romeo, juliet;
};

TEST_F(MeetingLinks, OwnerAndParticipantGetDifferentTokensForOneRoom) {
  meet();
  const json owner = claims(url_in(romeo->ask(ask_of(kRoom)))), other = claims(url_in(juliet->ask(ask_of(kRoom))));
  for (const json& token : {owner, other}) {
    EXPECT_EQ(token["room"], "hall");
    EXPECT_EQ(token["sub"], "meet.example.org");
    EXPECT_EQ(token["exp"].get<int>() - token["iat"].get<int>(), 600);
    EXPECT_FALSE(token["context"].contains("room")) << "one room, not a pattern";
  }
  EXPECT_EQ(owner["moderator"], true);
  EXPECT_EQ(owner["context"]["user"]["affiliation"], "owner");
  EXPECT_EQ(owner["context"]["user"]["name"], "Romeo");
  EXPECT_EQ(other["moderator"], false);
  EXPECT_EQ(other["context"]["user"]["affiliation"], "member");
  EXPECT_EQ(other["context"]["user"]["name"], "Juliet");
  EXPECT_NE(owner["context"]["user"]["id"], other["context"]["user"]["id"]);
}

TEST_F(MeetingLinks, ARoomThatHidesAddressesHidesThemInTheMeeting) {
  set_vcard(*romeo, "<NICKNAME>Rom</NICKNAME><PHOTO><EXTVAL>https://example.org/romeo.png</EXTVAL></PHOTO>");
  meet();
  const json hidden = user_of(*romeo);
  EXPECT_EQ(hidden["id"].get<std::string>().size(), 40u) << hidden;
  EXPECT_FALSE(hidden.dump().contains("example.org")) << hidden;
  EXPECT_EQ(hidden["name"], "Romeo");
  EXPECT_EQ(user_of(*romeo)["id"], hidden["id"]) << "the same person, whenever it asks";
  configure(field("whois", "anyone"));
  const json open = user_of(*romeo);
  EXPECT_EQ(open["id"], "romeo@example.org");
  EXPECT_EQ(open["name"], "Romeo") << "as in the room";
  EXPECT_EQ(open["avatar"], "https://example.org/romeo.png");
}

TEST_F(MeetingLinks, TheInvitationHoldsNoTokenOfTheAskers) {
  meet();
  const std::string answer = romeo->ask(ask_of(kRoom));
  EXPECT_EQ(invitation_in(answer), std::string(kUrl) + "hall") << "whoever is to come asks the room";
}

TEST_F(MeetingLinks, WhoWasKickedOrBannedGetsNone) {
  meet();
  EXPECT_EQ(user_of(*juliet)["name"], "Juliet");
  admin("<item nick='Juliet' role='none'/>");
  const std::string kicked = juliet->ask(ask_of(kRoom));
  EXPECT_TRUE(kicked.contains("<not-acceptable")) << kicked;
  juliet->ask(enter("Juliet"));
  EXPECT_EQ(user_of(*juliet)["name"], "Juliet") << "again inside";
  admin("<item affiliation='outcast' jid='juliet@example.org'/>");
  const std::string banned = juliet->ask(ask_of(kRoom));
  EXPECT_TRUE(banned.contains("<not-acceptable")) << banned;
  EXPECT_FALSE(banned.contains("jwt")) << banned;
}

TEST_F(MeetingLinks, ARoleThatChangedCountsAtOnce) {
  meet();
  EXPECT_EQ(user_of(*juliet)["moderator"], false);
  admin("<item nick='Juliet' role='moderator'/>");
  EXPECT_EQ(user_of(*juliet)["moderator"], true);
  configure(field("meetingmoderators", "nobody"));
  EXPECT_EQ(user_of(*romeo)["moderator"], false);
}

TEST_F(MeetingLinks, AHostGivesItsAccountsMeetingsOfTheirOwn) {
  set_vcard(*juliet, "<FN>Juliet Capulet</FN><PHOTO><EXTVAL>https://example.org/j.png</EXTVAL></PHOTO>");
  const std::string answer = juliet->ask(ask_of("example.org", "Orchard"));
  const json own = claims(url_in(answer)), guest = claims(invitation_in(answer));
  ASSERT_TRUE(own.is_object() && guest.is_object()) << answer;
  EXPECT_EQ(own["moderator"], true);
  const json expected{{"id", "juliet@example.org"},
                      {"name", "Juliet Capulet"},
                      {"avatar", "https://example.org/j.png"},
                      {"affiliation", "owner"},
                      {"moderator", true}};
  EXPECT_EQ(own["context"]["user"], expected);
  EXPECT_EQ(guest["moderator"], false);
  EXPECT_EQ(guest["room"], own["room"]);
  EXPECT_FALSE(guest.dump().contains("uliet")) << guest;
  EXPECT_EQ(user_of(*romeo, "example.org")["name"], "romeo") << "who has no vCard";
}

TEST_F(MeetingLinks, EachTokenLeavesARow) {
  meet();
  romeo->ask(ask_of(kRoom));
  juliet->ask(ask_of("example.org"));
  const auto rows = audit();
  ASSERT_EQ(rows.size(), 3u) << "one of them for guests";
  EXPECT_EQ(rows[0].caller, "chat");
  EXPECT_EQ(rows[0].name, "Romeo");
  EXPECT_EQ(rows[0].room, "hall");
  EXPECT_TRUE(rows[0].moderator);
  EXPECT_EQ(rows[1].user, "juliet@example.org");
  EXPECT_EQ(rows[2].user, "guest");
  EXPECT_FALSE(rows[2].moderator);
}

TEST_F(MeetingLinks, OnePersonDoesNotUseUpTheRateOfAll) {
  meet();
  int links = 0;
  std::string refused;
  for (int i = 0; i < 10; ++i) {
    const std::string answer = juliet->ask(ask_of(kRoom));
    if (answer.contains("?jwt=")) {
      ++links;
    } else {
      refused = answer;
    }
  }
  EXPECT_EQ(links, 5);
  EXPECT_TRUE(refused.contains("<error type='wait'><resource-constraint")) << refused;
  EXPECT_TRUE(refused.contains("<retry xmlns='urn:xmpp:http:online-meetings:0' stamp='20")) << refused;
  EXPECT_EQ(user_of(*romeo)["name"], "Romeo");
  EXPECT_TRUE(juliet->ask(ask_of("example.org")).contains("<resource-constraint")) << "of a host likewise";
  server.world().advance(10s);
  EXPECT_EQ(user_of(*juliet)["name"], "Juliet");
}

TEST_F(MeetingLinks, AStoreThatTakesNoRowMeansNoLink) {
  meet();
  sim::vfs_failure = SQLITE_FULL;
  const std::string answer = romeo->ask(ask_of(kRoom));
  EXPECT_FALSE(answer.contains("jwt")) << answer;
  EXPECT_TRUE(answer.contains("<error type='wait'><service-unavailable")) << answer;
  sim::vfs_failure = SQLITE_OK;
}

TEST_F(MeetingLinks, AReloadTakesARuleAway) {
  meet();
  auto without = transcript::token_settings();
  without->rules.clear();
  server.use(tokensvc::SettingsRef(without));
  server.world().settle();
  const std::string answer = romeo->ask(ask_of(kRoom));
  EXPECT_TRUE(answer.contains("<service-unavailable")) << answer;
}

TEST_F(MeetingLinks, AHostAnswersOneQuestionAtATime) {
  juliet->peer.send(ask_of("example.org") + ask_of("example.org"));
  const std::string answers = juliet->ask("");
  EXPECT_EQ(count(answers, "?jwt="), 2u) << "the asker's and the guests', of one question: " << answers;
  EXPECT_TRUE(answers.contains("you have asked already")) << answers;
  EXPECT_TRUE(juliet->ask(ask_of("example.org")).contains("?jwt="));
}

base::Ref<tokensvc::Settings> weak_caller() {
  auto tokens = transcript::token_settings();
  tokens->callers[0].caller.may_moderate = false;
  tokens->callers[0].caller.channels = {"hall", "private-*"};
  tokens->rules[1].mapping = tokensvc::Mapping::prefix;
  tokens->rules[1].text = "private-";
  tokens->rules[1].tenant = "verona";
  return tokens;
}

class WeakCaller : public MeetingLinks {
 protected:
  WeakCaller() : MeetingLinks(weak_caller()) {}
};

TEST_F(WeakCaller, LimitsWhatOwnersGet) {
  meet();
  EXPECT_EQ(user_of(*romeo)["moderator"], false) << "the caller may make none";
  configure(field("meetingname", "verona"));
  const std::string answer = romeo->ask(ask_of(kRoom));
  EXPECT_TRUE(answer.contains("<forbidden")) << answer;
  EXPECT_FALSE(answer.contains("channel")) << "configuration is nobody's business: " << answer;
}

TEST_F(WeakCaller, CommandsAreToldWhyThereIsNone) {
  meet(field("meetingname", "verona"));
  const std::string command =
      "'><command xmlns='http://jabber.org/protocol/commands' node='urn:exedra:commands:meeting'/></iq>";
  for (const std::string& whom : {kRoom, std::string("example.org")}) {
    const std::string answer = romeo->ask("<iq type='set' id='e' to='" + whom + command);
    EXPECT_TRUE(answer.contains("<error type='auth'><forbidden")) << answer;
    EXPECT_TRUE(answer.contains(">this server gives no link to that meeting<")) << answer;
  }
}

TEST_F(WeakCaller, ATenantMustBeAllowed) {
  EXPECT_TRUE(juliet->ask(ask_of("example.org")).contains("<forbidden"));
  auto more = weak_caller();
  more->callers[0].caller.tenants = {"verona"};
  server.use(tokensvc::SettingsRef(more));
  server.world().settle();
  const std::string answer = juliet->ask(ask_of("example.org"));
  EXPECT_TRUE(url_in(answer).starts_with("https://meet.example.org/verona/private-")) << answer;
  EXPECT_EQ(claims(url_in(answer))["sub"], "verona");
}

}  // namespace
}  // namespace server_test
