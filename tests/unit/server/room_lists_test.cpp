// What clients believe of who is in a room, whatever happens in it (docs/muc.md, presence on demand; XEP-0436).
#include <map>
#include <random>
#include <set>

#include "unit/server/simulated.h"

namespace server_test {
namespace {

const std::string kRoom = "hall@conference.example.org";
constexpr const char* kMuc = "http://jabber.org/protocol/muc";
constexpr std::size_t kLimit = 3;

/// A client that believes what it is told.
struct Guest {
  std::string nick;
  sim::Peer peer;
  std::set<std::string> seen = {};
  std::string version = {};
  bool inside = false;

  void hear(bool versions) {
    const std::string all = peer.take();
    for (auto at = all.find("<presence"); at != std::string::npos; at = all.find("<presence", at + 1)) {
      const std::string one = all.substr(at, all.find("</presence>", at) - at);
      ASSERT_FALSE(one.contains("type='error'")) << one;
      if (const auto ver = one.find(" ver='"); ver != std::string::npos) version = attribute(one.substr(ver), "ver");
      if (one.contains("<reset")) seen.clear();
      const std::string from = attribute(one, "from");
      if (from.size() <= kRoom.size()) continue;
      const std::string who = from.substr(kRoom.size() + 1);
      if (one.contains("code='110'")) continue;
      if (!one.contains("type='unavailable'")) {
        EXPECT_TRUE(seen.insert(who).second || versions) << nick << " is shown " << who << " twice";
      } else {
        EXPECT_TRUE(seen.erase(who) == 1 || versions) << nick << " loses " << who << ", whom it never saw";
      }
    }
  }
};

class RoomLists : public Simulated {
 protected:
  RoomLists() {
    const std::vector<std::string> names{"romeo", "juliet", "tybalt", "nurse", "paris", "benvolio"};
    for (const std::string& name : names) server.add_account(name + "@example.org", "wherefore");
    for (const std::string& name : names) guests.push_back({name, login(name, "home").peer});
  }

  void set_up(const std::string& field, const std::string& value) {
    enter(guests[0], false);
    configure(field, value);
  }
  void configure(const std::string& field, const std::string& value) {
    send(guests[0], "<iq type='set' id='c' to='" + kRoom +
                        "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>"
                        "<field var='" +
                        field + "'><value>" + value + "</value></field></x></query></iq>");
  }
  void send(Guest& guest, const std::string& bytes, bool versions = false) {
    guest.peer.send(bytes);
    server.world().advance(300ms);
    for (Guest& one : guests) one.hear(versions);
  }
  void enter(Guest& guest, bool versions) {
    guest.inside = true;
    if (!versions) guest.seen.clear();
    std::string x = "<x xmlns='" + std::string(kMuc) + "'><history maxstanzas='0'/></x>";
    if (versions)
      x += "<x xmlns='" + std::string(kMuc) + "#user'><version xmlns='urn:xmpp:muc-presence-versioning:0' ver='" +
           guest.version + "'/></x>";
    send(guest, "<presence to='" + kRoom + "/" + guest.nick + "'>" + x + "</presence>", versions);
  }
  void leave(Guest& guest, bool versions) {
    guest.inside = false;
    send(guest, "<presence type='unavailable' to='" + kRoom + "/" + guest.nick + "'/>", versions);
  }
  void act(Guest& guest, Guest& other, unsigned what, bool versions) {
    if (!guest.inside) return enter(guest, versions);
    switch (what % 5) {
      case 0:
      case 1: return leave(guest, versions);
      case 2: return send(guest, "<message type='groupchat' to='" + kRoom + "'><body>o</body></message>", versions);
      case 3:
        if (&other != &guest && other.inside && !guest.seen.contains(other.nick))
          send(guest, "<presence type='probe' to='" + kRoom + "/" + other.nick + "'/>", versions);
        return;
      default:
        if (&other != &guest && other.inside)
          send(guest, "<message type='chat' to='" + kRoom + "/" + other.nick + "'><body>o</body></message>", versions);
    }
  }
  void check(std::size_t limit) {
    std::set<std::string> inside;
    for (const Guest& one : guests)
      if (one.inside) inside.insert(one.nick);
    for (const Guest& one : guests) {
      if (!one.inside) continue;
      std::set<std::string> others = inside;
      others.erase(one.nick);
      for (const std::string& seen : one.seen) EXPECT_TRUE(others.contains(seen)) << seen << " haunts " << one.nick;
      if (inside.size() <= limit) {
        EXPECT_EQ(one.seen, others) << one.nick;
      }
      // The owner moderates.
      if (inside.contains("romeo") && one.nick != "romeo") {
        EXPECT_TRUE(one.seen.contains("romeo")) << one.nick;
      }
    }
  }
  void play(bool versions, std::size_t limit, int turns) {
    std::mt19937 dice(11);
    for (int turn = 0; turn < turns && !testing::Test::HasFailure(); ++turn) {
      Guest& guest = guests[dice() % guests.size()];
      Guest& other = guests[dice() % guests.size()];
      const unsigned what = static_cast<unsigned>(dice());
      // Somebody stays, or the room ends.
      if (&guest == &guests[1] && guest.inside && what % 5 < 2) continue;
      act(guest, other, what, versions);
      check(limit);
      EXPECT_FALSE(testing::Test::HasFailure()) << "turn " << turn << ", " << guest.nick << " " << what % 5;
    }
  }

  std::vector<Guest> guests;
};

TEST_F(RoomLists, StayTrueOnBothSidesOfThePresenceLimit) {
  set_up("exedra#roomconfig_presencelimit", std::to_string(kLimit));
  enter(guests[1], false);
  play(false, kLimit, 1500);
}

TEST_F(RoomLists, StayTrueForClientsThatComeBackWithAVersion) {
  set_up("muc#roomconfig_persistentroom", "0");
  enter(guests[1], true);
  play(true, guests.size(), 1500);
}

TEST_F(RoomLists, StayTrueWithVersionsAndALimit) {
  set_up("exedra#roomconfig_presencelimit", std::to_string(kLimit));
  enter(guests[1], true);
  play(true, kLimit, 1500);
}

// XEP-0045 7.2.1: a client that lost track is told again of those it was told of.
TEST_F(RoomLists, WhoEntersAgainIsShownWhomItKnew) {
  set_up("exedra#roomconfig_presencelimit", "none");
  enter(guests[1], false);
  enter(guests[2], false);
  configure("exedra#roomconfig_presencelimit", "1");
  guests[1].seen.clear();
  // To the others that is an update.
  send(guests[1], "<presence to='" + kRoom + "/juliet'><x xmlns='" + std::string(kMuc) + "'/></presence>", true);
  EXPECT_EQ(guests[1].seen, (std::set<std::string>{"romeo", "tybalt"}));
  leave(guests[2], false);
  check(1);
}

TEST_F(RoomLists, WhoeverAsksIsShownEverybody) {
  set_up("exedra#roomconfig_presencelimit", "1");
  for (std::size_t i = 1; i < guests.size(); ++i) enter(guests[i], false);
  for (Guest& one : guests) EXPECT_LE(one.seen.size(), 1u) << one.nick;
  for (Guest& one : guests)
    for (Guest& other : guests)
      if (&one != &other && !one.seen.contains(other.nick))
        send(one, "<presence type='probe' to='" + kRoom + "/" + other.nick + "'/>");
  for (Guest& one : guests) EXPECT_EQ(one.seen.size(), guests.size() - 1) << one.nick;
  leave(guests[5], false);
  check(1);
}

}  // namespace
}  // namespace server_test
