#include <gtest/gtest.h>

#include "connection.h"
#include "stream/client_stream.h"

namespace stream {
namespace {

constexpr Hash k256 = Hash::sha256;
const std::string kStarttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

/// To the features of a stream over TLS.
void to_login(Connection& connection, ChannelBinding binding = {}) {
  connection.secure(std::move(binding));
  connection.feed(kHeader);
  connection.sent();
}

std::string answer(Connection& connection, const std::string& element) {
  connection.feed(element);
  return gist(connection.sent());
}

// ---- TLS ----

TEST(Login, StarttlsRestartsTheStream) {
  Connection connection;
  connection.feed(kHeader);
  connection.sent();
  connection.feed(kStarttls + "<presence/>");
  EXPECT_EQ(connection.sent(), "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  EXPECT_EQ(connection.news(), "start tls");
  EXPECT_EQ(connection.left_behind, "<presence/>");  // SECURITY T01
  EXPECT_FALSE(connection.negotiation.wants_input());
  connection.secure();
  connection.feed(kHeader);
  const std::string sent = connection.sent();
  EXPECT_TRUE(sent.starts_with("<?xml"));
  EXPECT_TRUE(sent.contains("<mechanisms "));
  EXPECT_FALSE(sent.contains("<starttls "));
}

TEST(Login, NothingIsSentInTheClearDuringTheHandshake) {
  Connection connection;
  connection.feed(std::string(kHeader) + kStarttls);
  connection.sent();
  connection.negotiation.fail({xmpp::StreamCondition::connection_timeout, {}});
  EXPECT_EQ(connection.sent(), "");
  EXPECT_EQ(connection.news(), "start tls\nclosed connection-timeout");
  connection.secure();  // the handshake ends too late
  EXPECT_TRUE(connection.negotiation.is_closed());
}

TEST(Login, TheHostMayNotChange) {
  const auto other = [](const char* to) {
    return "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='" +
           std::string(to) + "' version='1.0'>";
  };
  for (const auto& [to, error] :
       {std::pair("example.net", "error not-authorized"), std::pair("example.com", "error host-unknown"),
        std::pair("", "error host-unknown")}) {
    Connection after_tls;
    after_tls.feed(kHeader);
    after_tls.feed(kStarttls);
    after_tls.secure();
    after_tls.sent();
    EXPECT_EQ(answer(after_tls, other(to)), error);
    Connection after_sasl;
    to_login(after_sasl);
    after_sasl.feed(auth("PLAIN", plain_message("romeo", "pencil")));
    after_sasl.negotiation.on_password_checked(true);
    after_sasl.negotiation.continue_after_move();
    after_sasl.sent();
    EXPECT_EQ(answer(after_sasl, other(to)), error);
  }
}

TEST(Login, AfterItTheHeaderMayNameNobodyElse) {
  for (const auto& [from, error] : {std::pair("juliet@example.org", true), std::pair("romeo@example.org/x", false)}) {
    Connection connection;
    to_login(connection);
    connection.feed(auth("PLAIN", plain_message("romeo", "pencil")));
    connection.negotiation.on_password_checked(true);
    connection.negotiation.continue_after_move();
    std::string header(kHeader);
    header.insert(header.size() - 1, " from='" + std::string(from) + "'");
    connection.feed(header);
    EXPECT_EQ(gist(connection.sent()) == "error invalid-from", error);
  }
}

TEST(Login, WithoutTlsOnLoopbackWhereAllowed) {
  Connection connection(Connection::standard_offer(), true);
  connection.feed(kHeader);
  EXPECT_TRUE(connection.sent().contains("<mechanisms "));
  connection.feed(auth("PLAIN", plain_message("romeo", "pencil")));
  EXPECT_EQ(connection.news(), "check romeo@example.org pencil");
}

// ---- SCRAM ----

std::string scram_login(Connection& connection, const std::string& mechanism, Hash hash, ScramClient client) {
  connection.feed(auth(mechanism, client.first()));
  EXPECT_EQ(connection.news(), "look up romeo@example.org " + std::string(to_string(hash)));
  EXPECT_FALSE(connection.negotiation.wants_input());
  connection.negotiation.on_credentials(keys_for(hash, "pencil"));
  connection.feed(response(client.last(challenge_in(connection.sent()))));
  const std::string told = connection.news();
  if (told != "authenticated romeo@example.org") return told + gist(connection.sent());
  EXPECT_EQ(connection.sent(), "");  // nothing is said before the move
  EXPECT_FALSE(connection.negotiation.wants_input());
  connection.negotiation.continue_after_move();
  const std::string sent = connection.sent();
  return client.verifies(challenge_in(sent)) ? gist(sent) : "the server does not know the password";
}

TEST(Login, ScramByEveryHash) {
  const std::pair<const char*, Hash> all[] = {
      {"SCRAM-SHA-1", Hash::sha1}, {"SCRAM-SHA-256", k256}, {"SCRAM-SHA-512", Hash::sha512}};
  for (const auto& [name, hash] : all) {
    Connection connection;
    to_login(connection);
    EXPECT_EQ(scram_login(connection, name, hash, {hash, "romeo", "pencil"}), "success");
    Connection wrong;
    to_login(wrong);
    EXPECT_EQ(scram_login(wrong, name, hash, {hash, "romeo", "pencils"}), "failure not-authorized");
  }
}

TEST(Login, ScramPlusBindsToTheConnection) {
  const ChannelBinding binding{.tls_exporter = "exported", .tls_server_end_point = "hashed"};
  const struct {
    const char *gs2, *data, *outcome;
  } table[] = {
      {"p=tls-exporter,,", "exported", "success"},
      {"p=tls-server-end-point,,", "hashed", "success"},
      {"p=tls-exporter,,", "exported elsewhere", "failure not-authorized"},
  };
  for (const auto& row : table) {
    Connection connection;
    to_login(connection, binding);
    EXPECT_EQ(scram_login(connection, "SCRAM-SHA-256-PLUS", k256, {k256, "romeo", "pencil", row.gs2, row.data}),
              row.outcome);
  }
  Connection downgraded;  // SECURITY A05
  to_login(downgraded, binding);
  EXPECT_EQ(answer(downgraded, auth("SCRAM-SHA-256", "y,,n=romeo,r=abc")), "failure not-authorized");
  Connection unoffered;
  to_login(unoffered);
  EXPECT_EQ(answer(unoffered, auth("SCRAM-SHA-256-PLUS", "p=tls-exporter,,n=romeo,r=abc")),
            "failure invalid-mechanism");
}

/// The same elements for an account that is not there and for a name that can't be one (SECURITY A06).
TEST(Login, UnknownUsersLookLikeWrongPasswords) {
  std::vector<std::string> salts;
  for (const char* name : {"nobody", "nobody", "no body", "romeo@example.net", "ro@meo@example.org", "@example.org"}) {
    Connection connection;
    to_login(connection);
    ScramClient client(k256, name, "pencil");
    connection.feed(auth("SCRAM-SHA-256", client.first()));
    const bool asked = connection.news() == "look up nobody@example.org SHA-256";
    EXPECT_EQ(asked, std::string_view(name) == "nobody") << name;
    if (asked) connection.negotiation.on_credentials(std::nullopt);
    const std::string challenge = challenge_in(connection.sent());
    salts.push_back(challenge.substr(challenge.find(",s=")));
    EXPECT_TRUE(challenge.contains(",i=64,h=")) << challenge;
    connection.feed(response(client.last(challenge)));
    const std::string sent = connection.sent();
    EXPECT_EQ(gist(sent), "failure not-authorized");
    EXPECT_TRUE(sent.contains("Wrong name or password.")) << sent;
  }
  EXPECT_EQ(salts[0], salts[1]);
}

TEST(Login, NamesArePrepared) {
  for (const char* name : {"Romeo", "romeo@example.org", "ROMEO@EXAMPLE.ORG", "\xef\xbc\xb2omeo"}) {
    Connection connection;
    to_login(connection);
    connection.feed(auth("PLAIN", plain_message(name, "pencil")));
    EXPECT_EQ(connection.news(), "check romeo@example.org pencil") << name;
  }
}

// ---- PLAIN, authorization identities ----

TEST(Login, TheAuthzidMustBeTheAccount) {
  const struct {
    const char* authzid;
    bool own;
  } table[] = {
      {"", true},
      {"romeo@example.org", true},
      {"Romeo@EXAMPLE.org", true},
      {"juliet@example.org", false},
      {"romeo@example.net", false},
      {"romeo@example.org/orchard", false},
      {"romeo", false},
      {"example.org", false},
      {"@", false},
      {"\xff", false},
  };
  for (const auto& row : table) {
    for (const bool sasl2 : {false, true}) {
      SCOPED_TRACE(row.authzid);
      Connection connection;
      to_login(connection);
      const std::string message = plain_message("romeo", "pencil", row.authzid);
      connection.feed(sasl2 ? authenticate("PLAIN", message) : auth("PLAIN", message));
      connection.negotiation.on_password_checked(true);
      EXPECT_EQ(gist(connection.sent()), row.own ? "" : "failure invalid-authzid");
      EXPECT_EQ(connection.news().contains("authenticated"), row.own);
    }
    Connection by_scram;
    to_login(by_scram);
    if (std::string_view(row.authzid).empty()) continue;
    const std::string outcome = scram_login(by_scram, "SCRAM-SHA-256", k256,
                                            {k256, "romeo", "pencil", "n,a=" + std::string(row.authzid) + ","});
    EXPECT_EQ(outcome, row.own ? "success" : "failure invalid-authzid");
  }
}

TEST(Login, InSasl2TheHeadersAccountIsMeant) {
  for (const auto& [from, good] : {std::pair("romeo@example.org", true), std::pair("juliet@example.org", false)}) {
    Connection connection;
    connection.secure();
    std::string header(kHeader);
    header.insert(header.size() - 1, " from='" + std::string(from) + "'");
    connection.feed(header);
    connection.sent();
    connection.feed(authenticate("PLAIN", plain_message("romeo", "pencil")));
    connection.negotiation.on_password_checked(true);
    EXPECT_EQ(gist(connection.sent()), good ? "" : "failure invalid-authzid");
  }
}

TEST(Login, WrongPassword) {
  Connection connection;
  to_login(connection);
  connection.feed(auth("PLAIN", plain_message("romeo", "ink")));
  connection.negotiation.on_password_checked(false);
  EXPECT_EQ(gist(connection.sent()), "failure not-authorized");
  EXPECT_EQ(answer(connection, auth("PLAIN", plain_message("ro meo", "ink"))), "failure not-authorized");
  EXPECT_EQ(connection.news(), "check romeo@example.org ink");
  connection.feed(auth("PLAIN", plain_message("romeo", "pencil")));  // and the stream goes on
  EXPECT_EQ(connection.news(), "check romeo@example.org pencil");
}

// ---- failures (RFC 6120 6.5) ----

TEST(Login, FailuresByCondition) {
  const std::string sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
  const struct {
    std::string element;
    const char* outcome;
  } table[] = {
      {"<auth " + sasl + ">AAAA</auth>", "failure invalid-mechanism"},
      {"<auth " + sasl + " mechanism='plain'>AAAA</auth>", "failure invalid-mechanism"},
      {"<auth " + sasl + " mechanism='ANONYMOUS'/>", "failure invalid-mechanism"},
      {"<auth " + sasl + " mechanism='PLAIN'>!</auth>", "failure incorrect-encoding"},
      {"<auth " + sasl + " mechanism='PLAIN'>=</auth>", "failure malformed-request"},
      {auth("PLAIN", "romeo"), "failure malformed-request"},
      {auth("PLAIN", std::string(8193, 'a')), "failure malformed-request"},
      {auth("PLAIN", std::string(1000000, 'a')), "error policy-violation"},
      {auth("SCRAM-SHA-256", "n,,m=1,n=romeo,r=abc"), "failure malformed-request"},
      {"<auth " + sasl + " mechanism='PLAIN'/>", "challenge"},
      {"<authenticate xmlns='urn:xmpp:sasl:2'/>", "failure invalid-mechanism"},
      {"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>", "challenge"},
  };
  for (const auto& row : table) {
    Connection connection;
    to_login(connection);
    EXPECT_EQ(answer(connection, row.element), row.outcome) << row.element.substr(0, 100);
  }
  Connection connection;
  to_login(connection);
  EXPECT_EQ(answer(connection, "<auth " + sasl + " mechanism='PLAIN'/>"), "challenge");
  EXPECT_EQ(answer(connection, "<response " + sasl + ">!</response>"), "failure incorrect-encoding");
  EXPECT_EQ(answer(connection, response("hm")), "failure malformed-request");
}

TEST(Login, TheHostsAuthenticatorDecidesWhatIsTaken) {
  Connection connection;
  connection.hosts = {{.domain = "example.org", .scram = false}};
  to_login(connection);
  EXPECT_EQ(answer(connection, auth("SCRAM-SHA-256", "n,,n=romeo,r=abc")), "failure invalid-mechanism");
}

TEST(Login, TheSixthAttemptEndsTheStream) {
  for (const std::string& attempt :
       {auth("ANONYMOUS", ""), authenticate("ANONYMOUS", ""), response("x"), response2("x"),
        std::string("<abort xmlns='urn:xmpp:sasl:2'/>"), auth("PLAIN", plain_message("no body", "x"))}) {
    Connection connection;
    to_login(connection);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(answer(connection, attempt).starts_with("failure "));
    EXPECT_EQ(answer(connection, auth("PLAIN", plain_message("romeo", "pencil"))), "error policy-violation");
    EXPECT_EQ(connection.news(), "closed policy-violation");
  }
}

TEST(Login, FailuresOutliveStarttls) {
  Connection connection;
  connection.feed(kHeader);
  for (int i = 0; i < 5; ++i) connection.feed(auth("PLAIN", "x"));
  connection.feed(kStarttls);
  to_login(connection);
  EXPECT_EQ(answer(connection, auth("PLAIN", "x")), "error policy-violation");
}

TEST(Login, AnAuthenticatorThatIsDown) {
  for (const char* mechanism : {"PLAIN", "SCRAM-SHA-256"}) {
    Connection connection;
    to_login(connection);
    const bool plain = std::string_view(mechanism) == "PLAIN";
    connection.feed(auth(mechanism, plain ? plain_message("romeo", "pencil") : "n,,n=romeo,r=abc"));
    connection.negotiation.on_unavailable();
    EXPECT_EQ(gist(connection.sent()), "failure temporary-auth-failure");
    EXPECT_TRUE(connection.negotiation.wants_input());
  }
}

TEST(Login, TheOwnerMayRefuseAfterThePasswordWasRight) {
  Connection connection;
  to_login(connection);
  connection.feed(authenticate("PLAIN", plain_message("romeo", "pencil"),
                               "<bind xmlns='urn:xmpp:bind:0'/><resume xmlns='urn:xmpp:sm:3' previd='x' h='1'/>"));
  connection.negotiation.on_password_checked(true);
  connection.negotiation.refuse_login(SaslCondition::account_disabled);
  EXPECT_EQ(gist(connection.sent()), "failure account-disabled");
  connection.news();
  connection.feed(authenticate("PLAIN", plain_message("romeo", "pencil")));
  connection.negotiation.on_password_checked(true);
  connection.negotiation.continue_after_move();
  EXPECT_EQ(connection.news(), "check romeo@example.org pencil\nauthenticated romeo@example.org")
      << "requests of the first attempt are forgotten";
}

// ---- registration ----

TEST(Login, RegistrationWhereTheHostAllows) {
  const std::string request = "<iq type='get' id='r'><query xmlns='jabber:iq:register'/></iq>";
  Connection connection;
  connection.hosts = {{.domain = "example.org", .registration = true}};
  to_login(connection);
  connection.feed(request + auth("PLAIN", plain_message("romeo", "pencil")));
  EXPECT_EQ(connection.news(), "register r");
  EXPECT_FALSE(connection.negotiation.wants_input());
  connection.negotiation.on_registration_answer(
      *xml::parse_element("<iq xmlns='jabber:client' type='result' id='r'/>"));
  EXPECT_EQ(connection.sent(), "<iq type='result' id='r'/>");
  connection.pump();
  EXPECT_EQ(connection.news(), "check romeo@example.org pencil");
  Connection plain;
  plain.hosts = connection.hosts;
  plain.feed(kHeader);
  plain.sent();
  EXPECT_EQ(answer(plain, request), "error not-authorized");
}

}  // namespace
}  // namespace stream
