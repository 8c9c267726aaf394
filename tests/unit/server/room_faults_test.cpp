// SECURITY D01 for rooms: what could not be kept is answered with an error, is not in force, and nobody has been told.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "unit/server/simulated.h"

namespace server_test {
namespace {

const std::string kRoom = "hall@conference.example.org";

std::string iq(const std::string& type, const std::string& payload) {
  return "<iq type='" + type + "' id='q' to='" + kRoom + "'>" + payload + "</iq>";
}
std::string field(const std::string& var, const std::string& value) {
  return "<field var='" + var + "'><value>" + value + "</value></field>";
}
std::string form(const std::string& fields) {
  return iq("set", "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>" +
                       fields + "</x></query>");
}
std::string affiliation(const std::string& name, const std::string& who) {
  return iq("set", "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='" + name + "' jid='" + who +
                       "@example.org'/></query>");
}
std::string list(const std::string& name) {
  return iq("get", "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='" + name + "'/></query>");
}
std::string command(const std::string& name, const std::string& fields) {
  return iq("set", "<command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:hats:commands:" + name +
                       "' action='execute'><x xmlns='jabber:x:data' type='submit'>" +
                       field("FORM_TYPE", "urn:xmpp:hats:commands") + fields + "</x></command>");
}
std::string enter(const std::string& nick, const std::string& x = "") {
  return "<presence to='" + kRoom + "/" + nick + "'><x xmlns='http://jabber.org/protocol/muc'>" + x + "</x></presence>";
}
std::string say(const std::string& body) {
  return "<message type='groupchat' id='m' to='" + kRoom + "'><body>" + body + "</body></message>";
}

/// Romeo owns the room, Juliet is in it, Tybalt is not.
class RoomOnABrokenDisk : public Simulated, public testing::WithParamInterface<int> {
 protected:
  RoomOnABrokenDisk() : Simulated(GetParam() == SQLITE_IOERR_FSYNC) {
    for (const char* name : {"romeo@example.org", "juliet@example.org", "tybalt@example.org"})
      server.add_account(name, "wherefore");
    romeo.emplace(login("romeo", "orchard"));
    juliet.emplace(login("juliet", "balcony"));
    tybalt.emplace(login("tybalt", "square"));
    romeo->ask(enter("Romeo"));
    romeo->ask(form(field("muc#roomconfig_persistentroom", "1")), 1s);
    juliet->ask(enter("Juliet"), 1s);
    romeo->peer.take();
  }
  /// What is asked fails, and neither Romeo nor Juliet hears of it in another way.
  void fails(const std::string& request) {
    sim::vfs_failure = GetParam();
    const std::string answer = romeo->ask(request, 5s);
    EXPECT_TRUE(answer.contains("<error type='wait'")) << request << answer;
    EXPECT_EQ(count(answer, "<presence") + count(answer, "<message"), 0u) << request << answer;
    EXPECT_EQ(juliet->ask(""), "") << request;
    sim::vfs_failure = SQLITE_OK;
  }
  std::string works(const std::string& request) {
    std::string answer = romeo->ask(request, 5s);
    EXPECT_TRUE(answer.contains("type='result'")) << request << answer;
    return answer;
  }
  void all_is_well() {
    EXPECT_TRUE(juliet->ask(say("here"), 5s).contains("<body>here</body>"));
    EXPECT_TRUE(romeo->ask("", 1s).contains("<body>here</body>"));
  }

  std::optional<Client> romeo, juliet, tybalt;
};

TEST_P(RoomOnABrokenDisk, AConfigurationIsNotInForce) {
  const std::string wanted = field("muc#roomconfig_membersonly", "1") + field("muc#roomconfig_moderatedroom", "1") +
                             field("muc#roomconfig_whois", "anyone") + field("muc#roomconfig_persistentroom", "0") +
                             field("muc#roomconfig_roomowners", "romeo@example.org") +
                             field("muc#roomconfig_roomadmins", "juliet@example.org");
  fails(form(wanted));
  all_is_well();
  const std::string info = romeo->ask(iq("get", "<query xmlns='http://jabber.org/protocol/disco#info'/>"));
  for (const char* feature : {"muc_open", "muc_unmoderated", "muc_semianonymous", "muc_persistent"})
    EXPECT_TRUE(info.contains(feature)) << feature << info;
  EXPECT_FALSE(works(list("admin")).contains("juliet")) << "nor is a part of it";
  EXPECT_TRUE(tybalt->ask(enter("Tybalt"), 1s).contains("code='110'"));
  romeo->ask("");
  juliet->ask("");
  works(form(wanted));
  EXPECT_TRUE(tybalt->ask("").contains("code='322'"));
  EXPECT_TRUE(juliet->ask("").contains("affiliation='admin'"));
}

TEST_P(RoomOnABrokenDisk, AnAffiliationIsNotInForce) {
  for (const char* name : {"outcast", "member", "admin", "owner"}) {
    fails(affiliation(name, "juliet"));
    EXPECT_FALSE(works(list(name)).contains("juliet")) << name;
    all_is_well();
  }
  // With a role in the same request: all of it or nothing.
  fails(iq("set",
           "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member' jid='tybalt@example.org'/>"
           "<item role='visitor' nick='Juliet'/></query>"));
  all_is_well();
  works(affiliation("admin", "juliet"));
  EXPECT_TRUE(juliet->ask("").contains("affiliation='admin'"));
  for (const char* name : {"outcast", "none", "member"}) {
    fails(affiliation(name, "juliet"));
    EXPECT_TRUE(works(list("admin")).contains("juliet")) << name;
  }
  works(affiliation("outcast", "juliet"));
  EXPECT_TRUE(juliet->ask("").contains("code='301'"));
}

TEST_P(RoomOnABrokenDisk, ARoleNeedsNoDisk) {
  sim::vfs_failure = GetParam();
  const std::string kicked = romeo->ask(
      iq("set", "<query xmlns='http://jabber.org/protocol/muc#admin'><item role='none' nick='Juliet'/></query>"), 5s);
  EXPECT_TRUE(kicked.contains("type='result'")) << kicked;
  EXPECT_TRUE(juliet->ask("").contains("code='307'"));
}

TEST_P(RoomOnABrokenDisk, AHatIsNotWorn) {
  const std::string poet = field("hats#uri", "urn:verona:poet");
  const std::string to_juliet = field("hats#jid", "juliet@example.org") + poet;
  const auto hats = [&] { return works(command("list", "")); };
  const auto worn = [&] { return works(command("list-assigned", "")); };
  fails(command("create", field("hats#title", "Poet") + poet));
  EXPECT_FALSE(hats().contains("urn:verona:poet"));
  works(command("create", field("hats#title", "Poet") + poet));
  juliet->ask("");
  fails(command("assign", to_juliet));
  EXPECT_FALSE(worn().contains("juliet"));
  works(command("assign", to_juliet));
  EXPECT_TRUE(juliet->ask("").contains("<hat "));
  fails(command("create", field("hats#title", "Fool") + poet));
  EXPECT_TRUE(hats().contains("Poet"));
  fails(command("unassign", to_juliet));
  fails(command("destroy", poet));
  EXPECT_TRUE(hats().contains("Poet"));
  EXPECT_TRUE(worn().contains("juliet"));
  const std::string seen = tybalt->ask(enter("Tybalt"), 1s);
  EXPECT_TRUE(seen.contains("title='Poet'")) << seen;
}

TEST_P(RoomOnABrokenDisk, ARoomIsNotDestroyed) {
  const std::string destroy = iq("set", "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>");
  fails(destroy);
  all_is_well();
  EXPECT_TRUE(tybalt->ask(enter("Tybalt"), 1s).contains("code='110'"));
  romeo->ask("");
  EXPECT_TRUE(works(destroy).contains("<destroy"));
  EXPECT_TRUE(juliet->ask("").contains("<destroy"));
}

TEST_P(RoomOnABrokenDisk, ANewRoomStaysLocked) {
  const auto to_garden = [](std::string stanza) {
    for (auto at = stanza.find("hall@"); at != std::string::npos; at = stanza.find("hall@"))
      stanza.replace(at, 4, "garden");
    return stanza;
  };
  romeo->ask(to_garden(enter("Romeo")));
  fails(to_garden(form("")));
  EXPECT_TRUE(juliet->ask(to_garden(enter("Juliet")), 1s).contains("<item-not-found"));
  works(to_garden(form("")));
  EXPECT_TRUE(juliet->ask(to_garden(enter("Juliet")), 1s).contains("code='110'"));
}

TEST_P(RoomOnABrokenDisk, ANicknameIsNotReserved) {
  const std::string reserve = iq("set", "<query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>" +
                                            field("FORM_TYPE", "http://jabber.org/protocol/muc#register") +
                                            field("muc#register_roomnick", "Prince") + "</x></query>");
  sim::vfs_failure = GetParam();
  EXPECT_TRUE(juliet->ask(reserve, 5s).contains("<error type='wait'"));
  sim::vfs_failure = SQLITE_OK;
  EXPECT_TRUE(tybalt->ask(enter("Prince"), 1s).contains("code='110'"));
  EXPECT_TRUE(juliet->ask(reserve, 1s).contains("<conflict"));
}

// XEP-0488: who came in by a token does so while it is written down; if it can't be, it goes again.
TEST_P(RoomOnABrokenDisk, ATokenIsNotUsed) {
  works(affiliation("member", "juliet"));
  works(form(field("muc#roomconfig_membersonly", "1")));
  const std::string made = works(iq("set", "<request xmlns='urn:xmpp:muc-token-invite:0' counter='1'/>"));
  const auto begin = made.find('>', made.find("<token ")) + 1;
  const std::string token = "<password>" + made.substr(begin, made.find('<', begin) - begin) + "</password>";
  sim::vfs_failure = GetParam();
  const std::string refused = tybalt->ask(enter("Tybalt", token), 5s);
  EXPECT_TRUE(refused.contains("code='321'")) << refused;
  sim::vfs_failure = SQLITE_OK;
  EXPECT_TRUE(tybalt->ask(enter("Tybalt", token), 1s).contains("affiliation='member'")) << "it can be used again";
}

// XEP-0463: a version that nobody was told stands for nothing.
TEST_P(RoomOnABrokenDisk, VersionsOfTheAffiliationsGoOn) {
  const std::string mav = "<mav xmlns='urn:xmpp:muc:affiliations:1'/>";
  works(form(field("muc#roomconfig_whois", "anyone")));
  works(affiliation("admin", "juliet"));
  juliet->ask("<presence type='unavailable' to='" + kRoom + "/Juliet'/>");
  EXPECT_TRUE(juliet->ask(enter("Juliet", mav), 1s).contains("code='110'"));
  romeo->ask("");
  fails(affiliation("member", "tybalt"));
  works(affiliation("member", "tybalt"));
  const std::string told = juliet->ask("", 1s);
  EXPECT_EQ(count(told, "<mav "), 1u) << told;
  EXPECT_TRUE(told.contains("jid='tybalt@example.org'")) << told;
}

INSTANTIATE_TEST_SUITE_P(Kinds, RoomOnABrokenDisk,
                         testing::Values(SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_READONLY, SQLITE_IOERR_FSYNC));

/// The same three, with a disk that is only slow.
class RoomOnASlowDisk : public Simulated {
 protected:
  RoomOnASlowDisk() {
    for (const char* name : {"romeo@example.org", "juliet@example.org"}) server.add_account(name, "wherefore");
    romeo.emplace(login("romeo", "orchard"));
    juliet.emplace(login("juliet", "balcony"));
    romeo->ask(enter("Romeo"));
    romeo->ask(form(field("muc#roomconfig_persistentroom", "1")), 1s);
    juliet->ask(enter("Juliet"), 1s);
    romeo->peer.take();
  }
  std::optional<Client> romeo, juliet;
};

TEST_F(RoomOnASlowDisk, EverythingHasItsOrder) {
  const std::string all = say("one") + affiliation("member", "juliet") + say("two") + affiliation("owner", "juliet") +
                          say("three") + form(field("muc#roomconfig_membersonly", "1")) + say("four");
  const std::string told = romeo->ask(all, 2s), heard = juliet->ask("");
  EXPECT_EQ(count(told, "type='result'"), 3u) << told;
  std::size_t last = 0;
  for (const char* one : {"<body>one<", "affiliation='member'", "<body>two<", "affiliation='owner'", "<body>three<",
                          "code='104'", "<body>four<"}) {
    const std::size_t at = heard.find(one, last);
    EXPECT_NE(at, std::string::npos) << one << " in " << heard;
    last = at;
  }
}

TEST_F(RoomOnASlowDisk, WhatComesMeanwhileWaitsAndNobodyIsToldBefore) {
  server.writing().stall(20s);
  romeo->peer.send(form(field("muc#roomconfig_membersonly", "1")));
  server.world().advance(1s);
  juliet->peer.send(say("late") + "<presence type='unavailable' to='" + kRoom + "/Juliet'/>");
  EXPECT_EQ(juliet->ask("", 10s), "");
  EXPECT_EQ(romeo->ask("", 1s), "");
  const std::string told = romeo->ask("", 30s), heard = juliet->ask("");
  EXPECT_TRUE(told.contains("type='result'")) << told;
  EXPECT_TRUE(heard.contains("code='322'")) << heard;
  EXPECT_TRUE(heard.contains("<not-acceptable")) << "she was out when it came: " << heard;
  EXPECT_EQ(count(told, "type='unavailable'"), 1u) << "and left once: " << told;
}

}  // namespace
}  // namespace server_test
