// What happens before a session: deadlines, limits, failed logins, faults in the bytes.
#include "c2s/account_keys.h"
#include "c2s/authenticator.h"
#include "fixture.h"

namespace c2s_test {

using namespace std::chrono_literals;

namespace {

class LoginTest : public C2sTest {
 protected:
  /// The answer to one attempt on a new stream of `client`.
  std::string attempt(Client& client, std::string_view user, std::string_view password) {
    if (client.seen.empty()) client.ask(stream_header());
    return client.ask(plain_auth(user, password));
  }
};

TEST_F(LoginTest, OffersPlaintextLoginOnLoopbackOnly) {
  EXPECT_TRUE(contains(connect().ask(stream_header()), "<mechanism>PLAIN"));
  EXPECT_TRUE(contains(connect({.peer = "[::1]:5222"}).ask(stream_header()), "<mechanism>PLAIN"));
  EXPECT_FALSE(contains(connect({.peer = "198.51.100.7:5222"}).ask(stream_header()), "<mechanism"));
  EXPECT_FALSE(contains(connect({}, 0, {}).ask(stream_header()), "<mechanism"));
}

TEST_F(LoginTest, NoHeaderInTime) {
  Client silent = connect();
  world->advance(limits.stream_header - 1s);
  EXPECT_EQ(silent.hear(), "");
  world->advance(1s);
  const std::string got = silent.hear();
  EXPECT_TRUE(got.starts_with("<?xml")) << got;
  EXPECT_TRUE(contains(got, "<connection-timeout")) << got;
}

TEST_F(LoginTest, NoLoginInTime) {
  Client slow = connect();
  world->advance(20s);
  slow.ask(stream_header());
  world->advance(limits.login - 20s - 1s);
  EXPECT_EQ(slow.hear(), "");
  world->advance(1s);
  EXPECT_TRUE(contains(slow.hear(), "<connection-timeout"));
  world->advance(limits.close);
  EXPECT_EQ(counts().connections, 0U) << "closed though the client never ended its stream (S08)";
}

TEST_F(LoginTest, NoResourceInTime) {
  Client slow = connect();
  slow.log_in();
  world->advance(limits.login);
  EXPECT_TRUE(contains(slow.hear(), "<connection-timeout"));
}

TEST_F(LoginTest, ASessionHasNoDeadline) {
  Client romeo = connect();
  romeo.bind();
  world->advance(2h);
  EXPECT_EQ(romeo.hear(), "");
  romeo.ask("   ");
  EXPECT_EQ(counts().sessions, 1U);
}

TEST_F(LoginTest, FaultsAreAnsweredBehindAHeader) {
  const struct {
    std::string_view bytes, condition;
  } rows[] = {
      {"GET / HTTP/1.1\r\n\r\n", "<not-well-formed"},
      {"\x16\x03\x01\x02\x00\x01\x00", "<not-well-formed"},
      {"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]>", "<restricted-xml"},
      {"<!-- hello -->", "<restricted-xml"},
  };
  for (const auto& row : rows) {
    Client odd = connect();
    const std::string got = odd.ask(row.bytes);
    EXPECT_TRUE(got.starts_with("<?xml")) << got;
    EXPECT_TRUE(contains(got, row.condition)) << got;
    EXPECT_TRUE(contains(got, "</stream:stream>")) << got;
    EXPECT_TRUE(odd.peer().ended());
  }
}

TEST_F(LoginTest, LimitsAreNarrowBeforeLoginAndWideAfter) {
  const std::string big = "<message id='big' to='juliet@example.org'><body>" + std::string(100000, 'x');
  const std::string end = "</body></message>";
  Client early = connect();
  early.ask(stream_header());
  EXPECT_TRUE(contains(early.ask(big + end), "<policy-violation"));
  Client romeo = connect();
  romeo.bind();
  romeo.ask(big + end);
  EXPECT_EQ(accounts().sessions.back().submitted, std::vector<std::string>{"big"});
  EXPECT_TRUE(contains(romeo.ask(big + big + big + end), "<policy-violation"));
  EXPECT_FALSE(accounts().sessions.back().bound);
}

TEST_F(LoginTest, DepthIsLimited) {
  Client romeo = connect();
  romeo.bind();
  std::string deep = "<message>";
  for (int i = 0; i < 20000; ++i) deep += "<a>";
  EXPECT_TRUE(contains(romeo.ask(deep), "<policy-violation"));
}

TEST_F(LoginTest, UnknownAndWrongLookAlike) {
  Client client = connect();
  const std::string wrong = attempt(client, "romeo", "wrong");
  EXPECT_TRUE(contains(wrong, "<not-authorized")) << wrong;
  EXPECT_EQ(attempt(client, "nobody", "secret"), wrong);
  EXPECT_EQ(attempt(client, "romeo", "\x01"), wrong);
  EXPECT_TRUE(contains(attempt(client, "romeo", "secret"), "<success"));
}

TEST_F(LoginTest, ThePasswordIsPrepared) {
  add_account("chorus", "a\u00a0b");  // RFC 8265 4.2.2: another space is mapped to the plain one
  Client client = connect();
  EXPECT_TRUE(contains(attempt(client, "chorus", "a b"), "<success"));
}

TEST_F(LoginTest, DisabledIsSaidOnlyToTheOwner) {
  add_account("prince", "secret", true);
  Client client = connect();
  EXPECT_TRUE(contains(attempt(client, "prince", "wrong"), "<not-authorized"));
  EXPECT_TRUE(contains(attempt(client, "prince", "secret"), "<account-disabled"));
}

TEST_F(LoginTest, AStoreThatIsLateIsATemporaryFailure) {
  Client client = connect();
  client.ask(stream_header());
  limits.credentials = std::chrono::milliseconds(1000);
  use(limits);
  disk->stall(10s);
  client.peer().send(plain_auth("romeo", "secret"));
  world->advance(1100ms);
  EXPECT_TRUE(contains(client.hear(), "<temporary-auth-failure"));
  world->advance(20s);
  EXPECT_EQ(client.hear(), "") << "the late answer changes nothing";
  EXPECT_TRUE(contains(client.ask(plain_auth("romeo", "secret")), "<success"));
}

TEST_F(LoginTest, NoMorePasswordsAreCheckedThanCanBeInTime) {
  c2s::Authenticator authenticator(*store, *cpu, world->loop(), {.secret = "fake", .iterations = 4});
  cpu->stall(1s);
  std::size_t fit = 0, refused = 0;
  for (std::size_t i = 0; i < c2s::Authenticator::kMostChecks + 10; ++i) {
    authenticator.check_password(xmpp::Jid::from_prepared("romeo@example.org"), base::Secret("secret"), 10s,
                                 [&](const c2s::PasswordCheck& check) { ++(check.available ? fit : refused); });
  }
  world->advance(900ms);
  EXPECT_EQ(refused, 10U);
  world->advance(5s);
  EXPECT_EQ(fit, c2s::Authenticator::kMostChecks);
  EXPECT_EQ(refused, 10U);
}

TEST_F(LoginTest, AFewFailuresEndTheStream) {
  Client client = connect();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(contains(attempt(client, "romeo", "wrong"), "<not-authorized"));
  EXPECT_TRUE(contains(attempt(client, "romeo", "wrong"), "<policy-violation"));
}

TEST_F(LoginTest, ManyFailuresDelayTheirAddressOnly) {
  limits.failed_logins_per_minute = 6;
  use(limits);
  for (int i = 0; i < 4; ++i) {
    Client attacker = connect({.peer = "127.0.0.9:1"});
    attempt(attacker, "romeo", "wrong");
    attempt(attacker, "romeo", "wrong");
  }
  Client attacker = connect({.peer = "127.0.0.9:1"});
  EXPECT_EQ(attempt(attacker, "romeo", "secret"), "");
  Client other = connect({.peer = "127.0.0.8:1"});
  EXPECT_TRUE(contains(attempt(other, "romeo", "secret"), "<success"));
  world->advance(20s);
  EXPECT_TRUE(contains(attacker.hear(), "<success"));
}

TEST_F(LoginTest, TooManyConnectionsOfOneAddressAreDropped) {
  limits.max_connections_per_address = 2;
  use(limits);
  Client one = connect(), two = connect(), three = connect();
  settle();
  EXPECT_TRUE(three.peer().ended());
  Client other = connect({.peer = "[2001:db8::1]:1"});
  settle();
  EXPECT_FALSE(other.peer().ended());
  one.peer().cut();
  settle();
  Client four = connect();
  settle();
  EXPECT_FALSE(four.peer().ended());
}

TEST_F(LoginTest, TheOldestWithoutLoginMakesRoom) {
  limits.max_unauthenticated = 2;
  use(limits);
  Client in = connect();
  in.log_in();
  Client one = connect(), two = connect(), three = connect();
  settle();
  EXPECT_TRUE(one.peer().ended());
  EXPECT_FALSE(two.peer().ended());
  EXPECT_FALSE(three.peer().ended());
  EXPECT_FALSE(in.peer().ended());
}

TEST_F(LoginTest, OtherStreamsOfTheServerGoOn) {
  Client romeo = connect();
  romeo.bind();
  connect().ask("<oops>");
  romeo.ask(message("m1"));
  EXPECT_EQ(accounts().sessions.at(0).submitted, std::vector<std::string>{"m1"});
}

/// Everything a client says from the first byte to its end, with stream management.
std::string whole_life() {
  return stream_header() + plain_auth("romeo", "secret") + stream_header() +
         "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
         "<enable xmlns='urn:xmpp:sm:3' resume='true'/>" +
         message("m1") + "\n" + message("m2") + "<r xmlns='urn:xmpp:sm:3'/></stream:stream>";
}

TEST_F(LoginTest, ByteByByteIsTheSame) {
  Client whole = connect();
  whole.ask(whole_life());
  Client split = connect({.chunk = 1});
  split.ask(whole_life());
  ASSERT_EQ(accounts().sessions.size(), 2U);
  for (const auto& session : accounts().sessions) {
    EXPECT_EQ(session.submitted, (std::vector<std::string>{"m1", "m2"}));
    EXPECT_FALSE(session.bound);
    EXPECT_TRUE(session.forget_mark);
  }
  EXPECT_TRUE(contains(whole.seen, "<a xmlns='urn:xmpp:sm:3' h='2'/>")) << whole.seen;
  EXPECT_TRUE(contains(split.seen, "<a xmlns='urn:xmpp:sm:3' h='2'/>")) << split.seen;
}

TEST_F(LoginTest, CutAtEveryByteLeavesNothing) {
  const std::string life = whole_life();
  for (std::size_t at = 0; at <= life.size(); ++at) {
    Client client = connect({.cut_to_server = std::max<std::size_t>(at, 1)});
    client.ask(life.substr(0, at));
    client.peer().cut();
    settle();
    ASSERT_EQ(counts().connections, 0U) << at;
  }
  world->advance(limits.hibernation + 1s);
  EXPECT_EQ(counts().sessions, 0U);
  for (const auto& session : accounts().sessions) EXPECT_FALSE(session.bound);
}

TEST_F(LoginTest, ReadsKeysBackFromRows) {
  const stream::ScramKeys keys = stream::derive_keys(stream::Hash::sha512, "secret", "salt", 4);
  std::vector<store::ScramKeys> rows{c2s::to_row(keys)};
  const auto back = c2s::find_keys(rows, stream::Hash::sha512);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->stored_key.reveal(), keys.stored_key.reveal());
  EXPECT_EQ(back->server_key.reveal(), keys.server_key.reveal());
  EXPECT_FALSE(c2s::find_keys(rows, stream::Hash::sha256));
  rows[0].iterations = -1;
  EXPECT_FALSE(c2s::find_keys(rows, stream::Hash::sha512)) << "a damaged record";
}

TEST_F(LoginTest, RefusesPasswordsThatCannotBePrepared) {
  c2s::ScramKeyMaker maker(*cpu, *random, 4);
  for (const char* bad : {"", "\x01", "\xff"}) {
    bool refused = false;
    maker.make_keys(base::Secret(bad), world->loop(), [&](const auto& made) { refused = !made.has_value(); });
    settle();
    EXPECT_TRUE(refused) << bad;
  }
}

}  // namespace
}  // namespace c2s_test
