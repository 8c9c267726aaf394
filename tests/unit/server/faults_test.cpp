// SECURITY section 6, rows on storage, logins and the clock, against the whole server.
#include <algorithm>
#include <filesystem>
#include <functional>

#include "unit/server/simulated.h"

namespace server_test {
namespace {

class Faults : public Simulated {
 protected:
  explicit Faults(bool survive_power_cut = false) : Simulated(survive_power_cut) {
    for (const char* name : {"romeo", "juliet"}) server.add_account(std::string(name) + "@example.org", "wherefore");
  }
};

// ---- D01 ----

/// With durability='power' where the sync fails: without it no commit waits for one.
class BrokenDisk : public Faults, public testing::WithParamInterface<int> {
 protected:
  BrokenDisk() : Faults(GetParam() == SQLITE_IOERR_FSYNC) {}
};

TEST_P(BrokenDisk, IsToldToTheSenderAndIsOverWhenItIsOver) {
  Client romeo = login("romeo", "orchard");
  enable(romeo);
  sim::vfs_failure = GetParam();
  const std::string refused = romeo.ask(chat("juliet@example.org", "lost") + "<r xmlns='urn:xmpp:sm:3'/>", 5s);
  EXPECT_TRUE(refused.contains("type='error' id='lost'")) << refused;
  EXPECT_TRUE(refused.contains("<error type='wait'>")) << refused;
  EXPECT_TRUE(refused.contains("<internal-server-error") || refused.contains("<resource-constraint")) << refused;
  const auto counted = refused.find("<a xmlns='urn:xmpp:sm:3' h='1'/>");
  EXPECT_TRUE(counted == std::string::npos || counted > refused.find("<error")) << "acknowledged before the answer";
  EXPECT_FALSE(romeo.has_ended());

  sim::vfs_failure = SQLITE_OK;
  const std::string kept = romeo.ask(chat("juliet@example.org", "kept") + "<r xmlns='urn:xmpp:sm:3'/>", 5s);
  EXPECT_FALSE(kept.contains("type='error'")) << kept;
  EXPECT_TRUE(kept.contains("h='2'")) << kept;
  const std::string waiting = login("juliet", "balcony").ask("<presence/>", 5s);
  EXPECT_TRUE(waiting.contains("<body>kept</body>")) << waiting;
  EXPECT_FALSE(waiting.contains("<body>lost</body>")) << waiting;
}

TEST_P(BrokenDisk, LetsNobodyInWithAPasswordThatWasNotKept) {
  Client romeo = login("romeo", "orchard");
  sim::vfs_failure = GetParam();
  const std::string answer = romeo.ask(
      "<iq type='set' id='p' to='example.org'><query xmlns='jabber:iq:register'><username>romeo</username>"
      "<password>new</password></query></iq>",
      5s);
  EXPECT_TRUE(answer.contains("<error type='wait'>")) << answer;
  sim::vfs_failure = SQLITE_OK;
  EXPECT_TRUE(open().ask(plain("romeo", "new"), 2s).contains("<not-authorized"));
  EXPECT_TRUE(open().ask(plain("romeo", "wherefore"), 2s).contains("<success"));
}

TEST_P(BrokenDisk, LeavesARoomAsItWas) {
  const std::string hall = "hall@conference.example.org";
  const auto enter = [&](const std::string& nick) {
    return "<presence to='" + hall + "/" + nick + "'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
  };
  const auto say = [&](const std::string& what) {
    return "<message type='groupchat' id='m' to='" + hall + "'>" + what + "</message>";
  };
  Client romeo = login("romeo", "orchard");
  romeo.ask(enter("Romeo"));
  romeo.ask("<iq type='set' id='c' to='" + hall +
                "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' "
                "type='submit'/></query></iq>" +
                say("<subject>kept</subject>"),
            5s);
  sim::vfs_failure = GetParam();
  for (const char* what : {"<subject>lost</subject>", "<body>lost</body>"}) {
    const std::string refused = romeo.ask(say(what), 5s);
    EXPECT_TRUE(refused.contains("<error type='wait'>")) << refused;
    EXPECT_FALSE(refused.contains("type='groupchat'")) << refused;
  }
  EXPECT_FALSE(romeo.has_ended());

  sim::vfs_failure = SQLITE_OK;
  const std::string told = login("juliet", "balcony").ask(enter("Juliet"), 5s);
  EXPECT_TRUE(told.contains("<subject>kept</subject>")) << told;
  EXPECT_FALSE(told.contains("lost")) << told;
  EXPECT_TRUE(romeo.ask(say("<subject>new</subject>"), 5s).contains("type='groupchat'"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, BrokenDisk,
                         testing::Values(SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_READONLY, SQLITE_IOERR_FSYNC));

// What cannot be read is not taken for absent: nobody is told that there is no such account, message or roster.
TEST_F(Faults, ADiskThatCannotBeReadIsTemporary) {
  Client romeo = login("romeo", "orchard");
  romeo.ask(chat("juliet@example.org", "kept"), 1s);
  server.world().advance(10min);  // what was loaded is forgotten, and juliet's account was never read
  sim::vfs_failure = SQLITE_IOERR_READ;
  const std::string archive = romeo.ask("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>", 5s);
  EXPECT_TRUE(archive.contains("<error type='wait'>") || archive.contains("<body>kept</body>")) << archive;
  const std::string login_now = open().ask(plain("juliet", "wherefore"), 5s);
  EXPECT_TRUE(login_now.contains("<temporary-auth-failure")) << login_now;
  EXPECT_FALSE(romeo.has_ended());

  sim::vfs_failure = SQLITE_OK;
  EXPECT_TRUE(romeo.ask("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>", 5s).contains("kept"));
  EXPECT_TRUE(login("juliet", "balcony").ask("<presence/>", 5s).contains("<body>kept</body>"));
}

// ---- D03 ----

TEST_F(Faults, AnAddressIsNeverAPathAndEachHasOneAccount) {
  const auto files = [this] {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
      names.push_back(entry.path().string());
    std::ranges::sort(names);
    return names;
  };
  const auto before = files();
  const struct {
    std::string_view name, outcome;
  } rows[] = {
      {"../x", "<not-acceptable"},   {"..%2Fx", "type='result'"},    {"%00", "type='result'"},
      {"..", "type='result'"},       {"caf\u00e9", "type='result'"}, {"cafe\u0301", "<conflict"},
      {"CAF\u00c9", "<conflict"},    {"Romeo", "<conflict"},         {"\uff52omeo", "<conflict"},
      {"ro/meo", "<not-acceptable"}, {"ro@meo", "<not-acceptable"},
  };
  std::uint32_t made = 0;
  for (const auto& [name, outcome] : rows) {
    if (++made % 5 == 0) server.world().advance(1h);  // registrations are counted for each address
    const std::string answer = open().ask("<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>" +
                                              std::string(name) + "</username><password>pw</password></query></iq>",
                                          2s);
    EXPECT_TRUE(answer.contains(outcome)) << name << ": " << answer;
  }
  EXPECT_EQ(files(), before);
  EXPECT_TRUE(open().ask(plain("CAFE\u0301", "pw"), 2s).contains("<success"));
  EXPECT_TRUE(open().ask(plain("..%2fX", "pw"), 2s).contains("<success"));
}

// ---- A06, A08 ----

TEST_F(Faults, AnUnknownUserLooksLikeAWrongPassword) {
  const auto judged = [this](std::string_view name, std::string_view password, std::size_t& work) {
    Client client = open();
    const std::size_t before = server.cpu().submitted();
    std::string answer = client.ask(plain(name, password), 2s);
    work = server.cpu().submitted() - before;
    return answer;
  };
  std::size_t for_known = 0, for_unknown = 0;
  EXPECT_EQ(judged("romeo", "wrong", for_known), judged("nobody", "wrong", for_unknown));
  EXPECT_EQ(for_known, for_unknown) << "as many keys are derived";
  EXPECT_GT(for_known, 0u);
}

TEST_F(Faults, AnUnknownUserHasASaltOfItsOwnThatStays) {
  const auto challenge = [this](const std::string& name) {
    const std::string answer = open().ask("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>" +
                                              base::base64("n,,n=" + name + ",r=abcdefgh") + "</auth>",
                                          2s);
    const auto begin = answer.find('>') + 1;
    const std::string text = base::from_base64(answer.substr(begin, answer.find("</") - begin)).value_or("");
    return text.substr(std::min(text.find(",s="), text.size()));  // salt and count
  };
  const std::string nobody = challenge("nobody");
  EXPECT_TRUE(nobody.starts_with(",s=")) << nobody;
  EXPECT_EQ(challenge("nobody"), nobody);
  EXPECT_NE(challenge("noone"), nobody);
  EXPECT_EQ(challenge("romeo").size(), nobody.size());
  EXPECT_EQ(challenge("romeo").substr(challenge("romeo").find(",i=")), nobody.substr(nobody.find(",i=")));
}

TEST_F(Faults, AStoreThatHangsIsATemporaryFailureWithinThreeSeconds) {
  for (const std::string_view mechanism : {"PLAIN", "SCRAM-SHA-1"}) {
    Client client = open();
    server.reading().stall(20s);
    const std::string auth = mechanism == "PLAIN"
                                 ? plain("romeo", "wherefore")
                                 : "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>" +
                                       base::base64("n,,n=romeo,r=abcdefgh") + "</auth>";
    EXPECT_EQ(client.ask(auth, 1s), "");
    EXPECT_TRUE(client.ask("", 2100ms).contains("<temporary-auth-failure")) << mechanism;
    server.world().advance(30s);
    EXPECT_TRUE(open().ask(plain("romeo", "wherefore"), 2s).contains("<success")) << "it is back";
  }
}

// ---- C14 ----

TEST_F(Faults, OfTwoWhoResumeAtOnceOneWins) {
  Client old = login("juliet", "balcony");
  const std::string id = enable(old);
  Client romeo = login("romeo", "orchard");
  romeo.ask(chat("juliet@example.org/balcony", "m1"));
  old.peer.vanish();
  const std::string resume = "<resume xmlns='urn:xmpp:sm:3' h='0' previd='" + id + "'/>";
  Client first = authenticated("juliet"), second = authenticated("juliet");
  first.peer.send(resume);
  second.peer.send(resume);
  server.world().advance(1s);
  const std::string a = first.peer.take(), b = second.peer.take();
  const bool first_lives = !first.has_ended();
  EXPECT_NE(first.has_ended(), second.has_ended());
  EXPECT_TRUE((first_lives ? b : a).contains("<conflict")) << a << "\n" << b;
  EXPECT_EQ(count(first_lives ? a : b, "<body>m1</body>"), 1u) << a << "\n" << b;
  Client& winner = first_lives ? first : second;
  EXPECT_TRUE(winner.ask("<a xmlns='urn:xmpp:sm:3' h='1'/><presence/>").contains("<presence"));
  EXPECT_FALSE(winner.ask("", 5s).contains("m1")) << "nothing is doubled";
}

// ---- R05 ----

TEST_F(Faults, ClockJumpsDisturbNobody) {
  Client romeo = login("romeo", "orchard"), juliet = login("juliet", "balcony");
  juliet.ask("<presence/>");
  Client sleeper = login("juliet", "chamber");
  const std::string sleeping = enable(sleeper);
  sleeper.peer.cut();
  std::vector<long long> ids;
  for (const auto jump : {0h, 1h, -1h, -1h, 1h, 1h, -1h}) {
    server.world().jump_wall(jump);
    server.world().advance(1s);
    for (int i = 0; i < 3; ++i) {
      romeo.ask(chat("juliet@example.org/balcony", "m" + std::to_string(ids.size())));
      const std::string got = juliet.ask("");
      ids.push_back(std::stoll("0" + attribute(got.substr(std::min(got.find("<stanza-id"), got.size())), "id")));
    }
  }
  EXPECT_TRUE(std::ranges::is_sorted(ids, std::less_equal<>())) << "unique and increasing";
  EXPECT_GT(ids.front(), 0);
  server.world().jump_wall(10min);  // asleep: calendar time passes, the timers' does not
  romeo.ask(chat("juliet@example.org/balcony", "m"));
  EXPECT_TRUE(juliet.ask("").contains("<body>m</body>"));
  EXPECT_FALSE(romeo.has_ended());
  EXPECT_FALSE(juliet.has_ended());
  Client back = authenticated("juliet");
  EXPECT_TRUE(back.ask("<resume xmlns='urn:xmpp:sm:3' h='0' previd='" + sleeping + "'/>").contains("<resumed"));
}

TEST_F(Faults, WhoWaitsForALoginIsNotTimedByTheCalendar) {
  Client idle = open();
  server.world().jump_wall(1h);
  EXPECT_EQ(idle.ask("", 20s), "");
  EXPECT_FALSE(idle.has_ended());
  EXPECT_TRUE(idle.ask("", 60s).contains("<connection-timeout"));
}

}  // namespace
}  // namespace server_test
