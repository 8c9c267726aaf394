// Who is told how much is said in a room (XEP-0502 9).
#include "unit/server/simulated.h"

namespace server_test {
namespace {

const std::string kRoom = "hall@conference.example.org";

class RoomActivity : public Simulated {
 protected:
  RoomActivity() {
    for (const char* name : {"romeo@example.org", "juliet@example.org"}) server.add_account(name, "wherefore");
  }
  static std::string configure(const std::string& field, const std::string& value) {
    return "<iq type='set' id='c' to='" + kRoom +
           "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>"
           "<field var='muc#roomconfig_roomsecret'><value>s</value></field><field var='muc#roomconfig_" +
           field + "'><value>" + value + "</value></field></x></query></iq>";
  }
};

TEST_F(RoomActivity, IsToldOfRoomsThatAllMayFindAndEnter) {
  Client romeo = login("romeo", "orchard"), juliet = login("juliet", "balcony");
  const auto is_told = [&] {
    return juliet
        .ask("<iq type='get' id='d' to='" + kRoom + "'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
        .contains("message-activity");
  };
  romeo.ask("<presence to='" + kRoom + "/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  romeo.ask(configure("publicroom", "1"));
  EXPECT_FALSE(is_told()) << "it doesn't last";
  romeo.ask(configure("persistentroom", "1"));
  EXPECT_TRUE(is_told());
  for (const char* field : {"membersonly", "passwordprotectedroom"}) {
    romeo.ask(configure(field, "1"));
    EXPECT_FALSE(is_told()) << field;
    romeo.ask(configure(field, "0"));
    EXPECT_TRUE(is_told()) << field;
  }
  romeo.ask(configure("publicroom", "0"));
  EXPECT_FALSE(is_told());
}

}  // namespace
}  // namespace server_test
