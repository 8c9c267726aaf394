// The end of the process, as people in rooms see it (XEP-0045 11.2).
#include <string>
#include <vector>

#include "unit/server/simulated.h"

namespace server_test {
namespace {

class RoomShutDown : public Simulated {
 protected:
  static std::string enter(const std::string& room, const std::string& nick) {
    return "<presence to='" + room + "@conference.example.org/" + nick +
           "'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
  }
};

TEST_F(RoomShutDown, EverybodyIsToldOfTheOwnEndBeforeTheStreamEnds) {
  const std::vector<std::string> names{"romeo", "juliet", "mercutio", "benvolio"}, rooms{"hall", "balcony", "square"};
  std::vector<Client> clients;
  for (const std::string& name : names) {
    server.add_account(name + "@example.org", "wherefore");
    clients.push_back(login(name, "orchard"));
    for (const std::string& room : rooms) {
      clients.back().ask(enter(room, name));
      clients.front().ask("<iq type='set' id='c' to='" + room +
                          "@conference.example.org'><query xmlns='http://jabber.org/protocol/muc#owner'><x "
                          "xmlns='jabber:x:data' type='submit'/></query></iq>");
    }
  }
  for (Client& client : clients) client.peer.take();
  bool stopped = false;
  server.stop([&] { stopped = true; });
  server.world().advance(1s);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string heard = clients[i].peer.take();
    for (const std::string& room : rooms) {
      const auto at = heard.find("from='" + room + "@conference.example.org/" + names[i] + "'");
      ASSERT_NE(at, std::string::npos) << room << ": " << heard;
      EXPECT_LT(at, heard.find("system-shutdown")) << heard;
    }
    EXPECT_EQ(count(heard, "<status code='332'/>"), rooms.size()) << heard;
    EXPECT_EQ(count(heard, "<presence "), rooms.size()) << "nobody hears of the others' ends: " << heard;
    clients[i].peer.send("</stream:stream>");
  }
  server.world().advance(10s);
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace server_test
