// SECURITY section 6, rows on streams, logins and archives, against the whole server on virtual time.
#include <algorithm>
#include <set>

#include "unit/server/simulated.h"

namespace server_test {
namespace {

class Hostile : public Simulated {
 protected:
  Hostile() {
    for (const char* name : {"romeo", "juliet"}) server.add_account(std::string(name) + "@example.org", "wherefore");
  }
};

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// ---- X07 ----

TEST_F(Hostile, X07ExactlyTwoHundredAndFiftySixLevelsPass) {
  Client juliet = login("juliet", "balcony");
  juliet.ask("<presence/>");
  const auto message = [](int levels) {
    return "<message type='chat' id='m" + std::to_string(levels) + "' to='juliet@example.org/balcony'><body>x</body>" +
           repeated("<a>", levels - 1) + repeated("</a>", levels - 1) + "</message>";
  };
  for (const int levels : {256, 257, 20'000}) {
    Client romeo = login("romeo", "orchard");
    const std::string answer = romeo.ask(message(levels));
    EXPECT_EQ(romeo.has_ended(), levels > 256) << levels;
    EXPECT_EQ(answer.contains("<policy-violation"), levels > 256) << answer;
    EXPECT_EQ(juliet.ask("").contains("id='m" + std::to_string(levels) + "'"), levels <= 256) << levels;
  }
  // The deepest one also comes out of the archive, wrapped.
  const std::string kept = juliet.ask("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
  EXPECT_TRUE(kept.contains("id='m256'")) << kept.substr(0, 500);
  EXPECT_EQ(count(kept, "<fin "), 1u);
}

// ---- X08 ----

TEST_F(Hostile, X08ExactlySixtyFourLevelsPassBeforeLogin) {
  for (const int levels : {64, 65}) {
    Client client = open();
    const std::string answer = client.ask(repeated("<a>", levels));
    EXPECT_EQ(answer.contains("<policy-violation"), levels > 64) << answer;
  }
}

// ---- S01, S06, S08 ----

TEST_F(Hostile, S01WhatIsNoXmlIsClosedWithinASecond) {
  for (const std::string_view bytes :
       {std::string_view("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"),
        std::string_view("\x16\x03\x01\x02\x00\x01\x00", 7), std::string_view("EHLO example.org\r\n"),
        std::string_view("{\"a\":1}"), std::string_view("\x05\x01\x00", 3)}) {
    Client client = connect();
    const std::string answer = client.ask(bytes, 1s);
    EXPECT_TRUE(answer.starts_with("<?xml")) << answer;
    EXPECT_TRUE(answer.contains("<not-well-formed") || answer.contains("<unsupported-encoding")) << answer;
    EXPECT_TRUE(client.has_ended()) << bytes;
  }
}

TEST_F(Hostile, S06TheDeadlinesAreThirtyAndSixtySeconds) {
  Client silent = connect(), lazy = connect();
  EXPECT_EQ(silent.ask("", 29s), "");
  lazy.peer.send(kHeader);
  EXPECT_TRUE(silent.ask("", 1s).contains("<connection-timeout"));
  EXPECT_FALSE(lazy.ask("", 29s).contains("<stream:error"));
  EXPECT_TRUE(lazy.ask("", 1s).contains("<connection-timeout")) << "counted from the first byte of the connection";
  server.world().advance(5s);
  EXPECT_TRUE(silent.peer.closed());
  EXPECT_TRUE(lazy.peer.closed());
}

// Bytes that tell nothing do not put it off.
TEST_F(Hostile, S06AnAttemptNowAndThenDoesNotPutTheDeadlineOff) {
  Client drip = connect();
  const std::string header(kHeader);
  std::size_t sent = 0;
  std::string answer;
  for (; answer.empty() && sent < header.size(); ++sent) answer = drip.ask(header.substr(sent, 1), 1s);
  EXPECT_EQ(sent, 30u);
  EXPECT_TRUE(answer.contains("<connection-timeout")) << answer;
}

TEST_F(Hostile, S08WhoNeverEndsItsStreamIsDroppedAfterFiveSeconds) {
  Client early = open(), late = login("romeo", "orchard"), leaving = login("romeo", "garden");
  early.peer.send("<oops></wrong>");
  late.peer.send("<oops></wrong>");
  leaving.peer.send("</stream:stream>");
  server.world().advance(100ms);
  for (Client* client : {&early, &late, &leaving}) {
    EXPECT_TRUE(client->peer.take().contains("</stream:stream>"));
    EXPECT_FALSE(client->peer.closed()) << "it may still answer";
  }
  server.world().advance(4800ms);
  for (Client* client : {&early, &late, &leaving}) EXPECT_FALSE(client->peer.closed());
  server.world().advance(200ms);
  for (Client* client : {&early, &late, &leaving}) EXPECT_TRUE(client->peer.closed());
}

TEST_F(Hostile, S08WhoNeverReadsIsDroppedToo) {
  Client deaf = open();
  deaf.peer.read(false);
  deaf.peer.send("<oops></wrong>");
  server.world().advance(5100ms);
  EXPECT_TRUE(deaf.peer.closed());
}

// ---- A07 ----

std::string scram_first(std::string_view name) {
  return "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>" +
         base::base64("n,,n=" + std::string(name) + ",r=abcdefgh") + "</auth>";
}

const std::string kWrongProof = "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" +
                                base::base64("c=biws,r=abcdefgh,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=") + "</response>";

TEST_F(Hostile, A07AHundredFailuresAMinuteDelayTheirAddressOnly) {
  std::vector<Client> attackers;
  std::size_t at_once = 0;
  for (int i = 0; i < 100; ++i) {
    attackers.push_back(connect("127.0.0.66:" + std::to_string(1000 + i)));
    attackers.back().ask(kHeader, 20ms);
    const bool scram = i % 2 == 0;
    if (scram) attackers.back().ask(scram_first("romeo"), 20ms);
    at_once += attackers.back().ask(scram ? kWrongProof : plain("romeo", "wrong"), 20ms).contains("<not-authorized");
  }
  EXPECT_GE(at_once, 30u);
  EXPECT_LE(at_once, 40u) << "thirty a minute, and what these five seconds add";
  server.world().advance(10s);  // the others fail now, and count

  const auto next = [this](const std::string& peer) {
    Client client = connect(peer);
    client.ask(kHeader, 100ms);
    return client;
  };
  Client delayed = next("127.0.0.66:9"), other = next("127.0.0.67:9");
  EXPECT_EQ(delayed.ask(plain("romeo", "wherefore"), 3s), "") << "even with the right password";
  EXPECT_TRUE(other.ask(plain("romeo", "wherefore"), 400ms).contains("<success"));
  EXPECT_TRUE(delayed.ask("", 20s).contains("<success")) << "but not for ever";
}

// ---- N03 ----

struct Page {
  std::vector<std::string> ids, bodies;
  std::string first, last;
  bool complete = false;
};

class Paging : public Hostile {
 protected:
  Paging() : romeo_(login("romeo", "orchard")), juliet_(login("juliet", "balcony")) {}

  /// Not waited for: it is under way while the next page is asked for.
  void say() { romeo_.peer.send(chat("juliet@example.org", "m" + std::to_string(++said_))); }

  Page page(const std::string& where) {
    const std::string got = juliet_.ask(
        "<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'>"
        "<max>3</max>" +
        where + "</set></query></iq>");
    Page found;
    constexpr std::string_view kResult = "<result xmlns='urn:xmpp:mam:2' ";
    for (auto at = got.find(kResult); at != std::string::npos; at = got.find(kResult, at + 1)) {
      found.ids.push_back(attribute(std::string_view(got).substr(at), "id"));
      const auto body = got.find("<body>", at) + 6;
      found.bodies.push_back(got.substr(body, got.find("</body>", body) - body));
    }
    EXPECT_EQ(count(got, "<fin "), 1u) << got;
    found.complete = got.contains("complete='true'");
    if (!found.ids.empty()) found.first = found.ids.front(), found.last = found.ids.back();
    return found;
  }

  std::vector<std::string> bodies_up_to(int last) const {
    std::vector<std::string> all;
    for (int i = 1; i <= last; ++i) all.push_back("m" + std::to_string(i));
    return all;
  }

  Client romeo_, juliet_;
  int said_ = 0;
};

TEST_F(Paging, N03ForwardsNothingIsMissedOrSeenTwice) {
  for (int i = 0; i < 20; ++i) say();
  server.world().advance(1s);
  std::vector<std::string> seen;
  std::set<std::string> ids;
  std::string where;
  for (int round = 0; round < 100; ++round) {
    if (round < 25) say();
    if (round % 5 == 0 && round < 25) say();
    const Page got = page(where);
    seen.insert(seen.end(), got.bodies.begin(), got.bodies.end());
    ids.insert(got.ids.begin(), got.ids.end());
    if (!got.last.empty()) where = "<after>" + got.last + "</after>";
    if (got.complete && round >= 25) break;
  }
  EXPECT_EQ(seen, bodies_up_to(said_));
  EXPECT_EQ(ids.size(), static_cast<std::size_t>(said_));
}

TEST_F(Paging, N03BackwardsNothingIsMissedOrSeenTwice) {
  for (int i = 0; i < 20; ++i) say();
  server.world().advance(1s);
  std::vector<std::string> seen;
  std::string where = "<before/>";
  for (int round = 0; round < 100; ++round) {
    const Page got = page(where);
    seen.insert(seen.begin(), got.bodies.begin(), got.bodies.end());
    where = "<before>" + got.first + "</before>";
    if (got.complete) break;
    say();
  }
  EXPECT_EQ(seen, bodies_up_to(20)) << "what came since is newer than the page it began with";
  EXPECT_GT(said_, 20);
}

// ---- N04 ----

TEST_F(Hostile, N04AnAccountThatWasRemovedLeavesNothingToTheNextOfItsName) {
  Client juliet = login("juliet", "balcony");
  Client romeo = login("romeo", "orchard");
  romeo.ask(chat("juliet@example.org", "kept by her"));
  romeo.ask("<iq type='set' id='v'><vCard xmlns='vcard-temp'><FN>Romeo</FN></vCard></iq>");
  romeo.peer.cut();
  juliet.ask(chat("romeo@example.org", "archived"));
  juliet.ask(chat("romeo@example.org", "offline"), 1s);
  Client last = login("romeo", "garden");
  EXPECT_TRUE(last.ask("<iq type='set' id='u'><query xmlns='jabber:iq:register'><remove/></query></iq>", 2s)
                  .contains("type='result'"));
  juliet.ask(chat("romeo@example.org", "to nobody"), 1s);

  server.add_account("romeo@example.org", "wherefore");
  Client next = login("romeo", "orchard");
  const std::string waiting = next.ask("<presence/>", 2s);
  EXPECT_FALSE(waiting.contains("<message")) << waiting;
  const std::string archive = next.ask("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>", 1s);
  EXPECT_TRUE(archive.contains("<fin ")) << archive;
  EXPECT_FALSE(archive.contains("<result ")) << archive;
  EXPECT_FALSE(next.ask("<iq type='get' id='v'><vCard xmlns='vcard-temp'/></iq>").contains("Romeo"));
  const std::string hers = juliet.ask("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>", 1s);
  EXPECT_TRUE(hers.contains("kept by her")) << "her archive is hers";
}

}  // namespace
}  // namespace server_test
