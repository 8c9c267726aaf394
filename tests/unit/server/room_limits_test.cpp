// What a room as a whole, and a service's rooms, may hold and be sent (SECURITY M06).
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "unit/server/simulated.h"

namespace server_test {
namespace {

const std::string kRoom = "hall@conference.example.org";

class RoomLimits : public Simulated {
 protected:
  RoomLimits() {
    for (const char* name : {"romeo@example.org", "juliet@example.org", "tybalt@example.org", "nurse@example.org"})
      server.add_account(name, "wherefore");
  }

  void use(const router::RoomLimits& limits, std::uint32_t occupants = 0) {
    const auto host = [](const std::string& domain) {
      return router::HostSettings{.domain = xmpp::Jid::from_prepared(domain),
                                  .rooms = xmpp::Jid::from_prepared("conference." + domain)};
    };
    std::vector<router::HostSettings> hosts{host("example.org"), host("archiveless.example.org")};
    std::vector<router::RoomService> services{{.domain = hosts[0].rooms}, {.domain = hosts[1].rooms}};
    services[0].limits = limits;
    services[0].occupants = occupants;
    server.use(base::make_ref<const router::Settings>(std::move(hosts), router::Limits{}, std::move(services)));
    server.world().advance(100ms);
  }

  static std::string enter(const std::string& nick) {
    return "<presence to='" + kRoom + "/" + nick + "'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
  }
  static std::string leave(const std::string& nick) {
    return "<presence type='unavailable' to='" + kRoom + "/" + nick + "'/>";
  }
  static std::string status(const std::string& nick, const std::string& text) {
    return "<presence to='" + kRoom + "/" + nick + "'><status>" + text + "</status></presence>";
  }
  static std::string say(const std::string& id, const std::string& body = "Hark") {
    return "<message type='groupchat' id='" + id + "' to='" + kRoom + "'><body>" + body + "</body></message>";
  }
  static std::string configure(const std::string& var, const std::string& value) {
    return "<iq type='set' id='c' to='" + kRoom +
           "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'><field var='" +
           var + "'><value>" + value + "</value></field></x></query></iq>";
  }
  /// Romeo owns it, and has configured it.
  void make_room() {
    romeo.emplace(login("romeo", "orchard"));
    romeo->ask(enter("Romeo"));
    romeo->ask(configure("muc#roomconfig_publicroom", "1"), 1s);
  }
  static bool waits(const std::string& answer, const std::string& condition) {
    return answer.contains("<error type='wait'") && answer.contains("<" + condition);
  }

  std::optional<Client> romeo;
};

TEST_F(RoomLimits, AllTogetherSayNoMoreThanARoomMayBeTold) {
  use({.room_total_messages_per_second = 5});
  make_room();
  Client juliet = login("juliet", "balcony"), tybalt = login("tybalt", "square");
  juliet.ask(enter("Juliet"));
  tybalt.ask(enter("Tybalt"));
  romeo->peer.take();
  std::string of_juliet, of_tybalt;
  for (int i = 0; i < 8; ++i) {
    of_juliet += say("j" + std::to_string(i));
    of_tybalt += say("t" + std::to_string(i));
  }
  tybalt.peer.send(of_tybalt);
  const std::string told_juliet = juliet.ask(of_juliet, 50ms), told_tybalt = tybalt.ask("", 50ms);
  EXPECT_NEAR(static_cast<double>(count(romeo->ask(""), "<body>Hark</body>")), 10, 1) << "two seconds' worth";
  EXPECT_NEAR(static_cast<double>(count(told_juliet + told_tybalt, "<resource-constraint")), 6, 1);
  EXPECT_TRUE(waits(told_juliet + told_tybalt, "resource-constraint"));
  EXPECT_TRUE(romeo->ask(say("r")).contains("id='r'")) << "who runs the room can speak";
  EXPECT_FALSE(romeo->ask("").contains("type='error'"));

  // Who comes and who goes is not hindered, and what is no message to pass on is none.
  EXPECT_TRUE(login("nurse", "kitchen").ask(enter("Nurse")).contains("code='110'"));
  EXPECT_TRUE(juliet.ask("<iq type='get' id='p' to='" + kRoom + "/Juliet'><ping xmlns='urn:xmpp:ping'/></iq>")
                  .contains("type='result'"));
  EXPECT_TRUE(juliet.ask(leave("Juliet")).contains("type='unavailable'"));
  EXPECT_TRUE(romeo->ask("").contains("type='unavailable'"));
  server.world().advance(2s);
  EXPECT_TRUE(tybalt.ask(say("later")).contains("type='groupchat'"));
}

TEST_F(RoomLimits, AllTogetherChangePresenceNoOftenerThanARoomMayBeTold) {
  use({.room_total_presences_per_second = 2});
  make_room();
  Client juliet = login("juliet", "balcony"), tybalt = login("tybalt", "square");
  // Six enter within a moment.
  for (const char* resource : {"1", "2", "3"}) {
    EXPECT_TRUE(login("juliet", resource).ask(enter("J" + std::string(resource)), 50ms).contains("code='110'"));
    EXPECT_TRUE(login("tybalt", resource).ask(enter("T" + std::string(resource)), 50ms).contains("code='110'"));
  }
  EXPECT_TRUE(juliet.ask(enter("Juliet")).contains("code='110'"));
  EXPECT_TRUE(tybalt.ask(enter("Tybalt")).contains("code='110'"));
  romeo->peer.take();
  const std::string told = juliet.ask(status("Juliet", "a") + status("Juliet", "b") + status("Juliet", "c") +
                                          status("Juliet", "d") + status("Juliet", "e"),
                                      50ms);
  EXPECT_EQ(count(told, "<resource-constraint"), 1u) << told;
  EXPECT_TRUE(waits(tybalt.ask(status("Mercutio", "f"), 50ms), "resource-constraint")) << "another nickname as well";
  EXPECT_EQ(count(romeo->ask("", 50ms), "<status>"), 4u);
  EXPECT_TRUE(juliet.ask(leave("Juliet"), 50ms).contains("type='unavailable'"));
  EXPECT_TRUE(romeo->ask("", 50ms).contains("type='unavailable'"));
  EXPECT_TRUE(romeo->ask(status("Romeo", "g"), 50ms).contains("<status>g</status>"));
  server.world().advance(2s);
  EXPECT_TRUE(tybalt.ask(status("Tybalt", "h")).contains("<status>h</status>"));
}

TEST_F(RoomLimits, AllTogetherSendNoMoreBytesThanARoomMayBeSent) {
  use({.room_total_bytes_per_second = 1000});
  make_room();
  server.world().advance(2s);
  Client juliet = login("juliet", "balcony");
  juliet.ask(enter("Juliet"));
  EXPECT_TRUE(juliet.ask(say("long", std::string(3000, 'o')), 50ms).contains("type='groupchat'")) << "one passes";
  EXPECT_TRUE(waits(juliet.ask(say("more"), 50ms), "resource-constraint"));
  EXPECT_TRUE(waits(romeo->ask(say("owner"), 50ms), "resource-constraint")) << "nobody fills everybody's queues";
  EXPECT_TRUE(login("tybalt", "square").ask(enter("Tybalt"), 50ms).contains("code='110'"));
  server.world().advance(4s);
  EXPECT_TRUE(juliet.ask(say("later")).contains("type='groupchat'"));
}

TEST_F(RoomLimits, ARoomIsFullWhenItsServiceSaysSoButNotForThoseWhoRunIt) {
  use({.room_occupants = 3}, 2);
  make_room();
  Client juliet = login("juliet", "balcony"), tybalt = login("tybalt", "square"), nurse = login("nurse", "kitchen");
  const std::string form =
      romeo->ask("<iq type='get' id='f' to='" + kRoom + "'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>");
  EXPECT_TRUE(form.contains("<value>2</value></option>")) << form;
  EXPECT_TRUE(juliet.ask(enter("Juliet")).contains("code='110'"));
  EXPECT_TRUE(waits(tybalt.ask(enter("Tybalt")), "service-unavailable"));
  romeo->ask(configure("muc#roomconfig_maxusers", "none"));
  EXPECT_TRUE(tybalt.ask(enter("Tybalt")).contains("code='110'")) << "its owners may want more";
  EXPECT_TRUE(waits(nurse.ask(enter("Nurse")), "service-unavailable")) << "never more than the service";
  const std::string made = romeo->ask("<iq type='set' id='a' to='" + kRoom +
                                      "'><query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='admin' "
                                      "jid='nurse@example.org'/></query>"
                                      "</iq>");
  EXPECT_TRUE(made.contains("type='result'")) << made;
  EXPECT_TRUE(nurse.ask(enter("Nurse")).contains("code='110'")) << "nobody keeps its admins out by filling it";
  std::vector<Client> more;
  for (int i = 0; i < 22; ++i) {
    more.push_back(login("nurse", "k" + std::to_string(i)));
    const std::string answer = more.back().ask(enter("Nurse"), 400ms);  // not faster than one person may
    EXPECT_EQ(answer.contains("code='110'"), i < 19) << i << answer;
  }
}

TEST_F(RoomLimits, ValuesOfAFormThatAreNoLimitAreNotAcceptable) {
  make_room();
  for (const char* value : {"0", "-1", "many", "", "100001", "7x"})
    EXPECT_TRUE(romeo->ask(configure("muc#roomconfig_maxusers", value)).contains("<not-acceptable")) << value;
  EXPECT_TRUE(romeo->ask(configure("muc#roomconfig_maxusers", "7")).contains("type='result'"));
  EXPECT_TRUE(
      romeo->ask("<iq type='get' id='f' to='" + kRoom + "'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>")
          .contains("<value>7</value></option>"));
}

TEST_F(RoomLimits, EachServiceSaysHowManyRoomsOneOwns) {
  use({.rooms_per_owner = 1});
  make_room();
  romeo->ask(configure("muc#roomconfig_persistentroom", "1"));
  const auto make = [&](const std::string& room) {
    return romeo->ask("<presence to='" + room + "/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  };
  EXPECT_TRUE(waits(make("garden@conference.example.org"), "resource-constraint"));
  EXPECT_TRUE(make("garden@conference.archiveless.example.org").contains("code='201'"));
}

TEST_F(RoomLimits, WithoutAnyLimitARoomOfManyIsNotHindered) {
  make_room();
  std::vector<Client> others;
  for (int i = 0; i < 30; ++i) others.push_back(login(i % 2 == 0 ? "juliet" : "tybalt", "r" + std::to_string(i)));
  for (std::size_t i = 0; i < others.size(); ++i)
    others[i].peer.send(enter("N" + std::to_string(i)) + say("a" + std::to_string(i)));
  server.world().advance(1s);
  EXPECT_EQ(count(romeo->peer.take(), "<body>Hark</body>"), 30u);
}

}  // namespace
}  // namespace server_test
