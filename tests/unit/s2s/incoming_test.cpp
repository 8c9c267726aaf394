#include "s2s/incoming.h"

#include <gtest/gtest.h>

#include "ends.h"

namespace s2s {
namespace {

const std::string kHeader = header_with("from='example.net' to='example.org'");
constexpr std::string_view kStarttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
constexpr std::string_view kBidi = "<bidi xmlns='urn:xmpp:bidi'/>";
constexpr std::string_view kEnable = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";

std::string external(std::string_view text) {
  return "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>" + std::string(text) + "</auth>";
}

class IncomingTest : public testing::Test {
 protected:
  /// Past TLS and the header; `names` is what the peer's certificate names.
  void secure(std::set<std::string, std::less<>> names = {}) {
    end.certificate = std::move(names);
    end.stream.on_tls_established();
    end.feed(kHeader);
    end.sent();
  }
  void by_dialback() {
    secure();
    end.feed(result_from("example.net", "example.org"));
    end.stream.on_verified(end.questions.back(), {.type = DialbackType::valid});
    end.sent();
    end.news();
  }
  std::string fed(std::string_view bytes) {
    end.feed(bytes);
    return end.sent();
  }

  Server server{{"example.org", "rooms.example.org"}};
  IncomingEnd end{server};
};

// ---- headers ----

struct HeaderRow {
  std::string header;
  const char* error;
};

// RFC 6120 4.7, 4.9
const HeaderRow kHeaders[] = {
    {header_with("from='example.net' to='example.org'"), ""},
    {header_with("from='Example.NET.' to='EXAMPLE.org'"), ""},
    {header_with("to='example.org'"), ""},
    {header_with("from='example.net'"), "improper-addressing"},
    {header_with("from='example.net' to='exa mple.org'"), "improper-addressing"},
    {header_with("from='example.net' to='romeo@example.org'"), "improper-addressing"},
    {header_with("from='romeo@example.net' to='example.org'"), "invalid-from"},
    {header_with("from='example.net' to='example.com'"), "host-unknown"},
    {header_with("from='blocked.example' to='example.org'"), "policy-violation"},
    {header_with("from='rooms.example.org' to='example.org'"), "policy-violation"},
    {"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
     "version='1.0'>",
     "invalid-namespace"},
    {"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' to='example.org'>",
     "unsupported-version"},
    {"<!DOCTYPE x>", "restricted-xml"},
    {"GET / HTTP/1.1", "not-well-formed"},
};

TEST(IncomingHeader, JudgedAndAnswered) {
  for (const HeaderRow& row : kHeaders) {
    SCOPED_TRACE(row.header);
    Server server({"example.org", "rooms.example.org"});
    server.blocked = {"blocked.example"};
    IncomingEnd end(server);
    end.feed(row.header);
    const std::string sent = end.sent();
    EXPECT_TRUE(sent.starts_with("<?xml version='1.0'?><stream:stream from='example.org'"));
    EXPECT_EQ(error_in(sent), row.error);
    EXPECT_EQ(end.times_closed, *row.error == '\0' ? 0 : 1);
  }
}

TEST_F(IncomingTest, HeaderHasAnUnpredictableIdAndThePrefix) {
  const std::string sent = fed(kHeader);
  EXPECT_NE(sent.find(" to='example.net' id='AAECAwQFBgcICQoLDA0ODw' "), sent.npos);
  EXPECT_NE(sent.find("xmlns:db='jabber:server:dialback'"), sent.npos);
}

TEST_F(IncomingTest, OffersWhatMayBeUsedNow) {
  EXPECT_TRUE(
      fed(kHeader).ends_with("<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>"
                             "</starttls></stream:features>"));
  EXPECT_EQ(fed(kStarttls), "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
  end.certificate = {"example.net"};
  end.tls();
  EXPECT_TRUE(
      fed(kHeader).ends_with("<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
                             "<mechanism>EXTERNAL</mechanism></mechanisms>"
                             "<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>"
                             "<bidi xmlns='urn:xmpp:features:bidi'/><sm xmlns='urn:xmpp:sm:3'/>"
                             "</stream:features>"));
}

TEST_F(IncomingTest, DomainStaysAcrossARestart) {
  fed(kHeader);
  fed(kStarttls);
  end.tls();
  EXPECT_EQ(error_in(fed(header_with("from='example.net' to='rooms.example.org'"))), "not-authorized");
}

// ---- encryption ----

TEST_F(IncomingTest, PlaintextIsRefusedWhereEncryptionIsRequired) {
  fed(kHeader);
  const std::string sent = fed(result_from("example.net", "example.org"));
  EXPECT_TRUE(
      sent.starts_with("<db:result from='example.org' to='example.net' type='error'><error type='modify'>"
                       "<policy-violation "))
      << sent;
  EXPECT_EQ(error_in(sent), "policy-violation");
  EXPECT_EQ(end.news(), "refused example.org<>example.net policy-violation\nclosed policy-violation\n");
}

TEST_F(IncomingTest, KeysAreNotCheckedInTheClear) {
  fed(kHeader);
  EXPECT_EQ(error_in(fed("<db:verify from='example.net' to='example.org' id='1'>key</db:verify>")), "policy-violation");
}

TEST_F(IncomingTest, PlaintextWherePolicyAllowsIt) {
  server.rules.encryption_required = false;
  EXPECT_NE(fed(kHeader).find("<dialback "), std::string::npos);
  fed(result_from("example.net", "example.org"));
  EXPECT_EQ(end.questions.size(), 1U);
  end.stream.on_verified(end.questions[0], {.type = DialbackType::valid});
  EXPECT_EQ(end.sent(), "<db:result from='example.org' to='example.net' type='valid'/>");
  // What was proved in the clear is not carried into TLS.
  EXPECT_EQ(fed(kStarttls), "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>");
}

TEST_F(IncomingTest, PlaintextOfOthersOutlivesARefusal) {
  server.rules.encryption_required = false;
  fed(kHeader + result_from("example.net", "example.org"));
  end.stream.on_verified(end.questions[0], {.type = DialbackType::valid});
  server.rules.encryption_required = true;
  EXPECT_NE(fed(result_from("strict.example", "example.org")).find("<policy-violation"), std::string::npos);
  EXPECT_FALSE(end.stream.is_closed());
}

TEST_F(IncomingTest, KeyInTheClearIsForgottenByStarttls) {
  server.rules.encryption_required = false;
  fed(kHeader);
  fed(result_from("example.net", "example.org"));
  fed(kStarttls);
  end.stream.on_verified(end.questions[0], {.type = DialbackType::valid});
  EXPECT_EQ(end.sent(), "");
  EXPECT_TRUE(end.stream.receives().empty());
}

// ---- SASL EXTERNAL (XEP-0178; SECURITY F04) ----

struct ExternalRow {
  const char* names;   // what the certificate names; empty: it is not believed
  const char* header;  // its `from`
  std::string auth;
  const char* outcome;
};

const ExternalRow kExternal[] = {
    {"example.net", "from='example.net'", external("="), "success"},
    {"example.net", "from='example.net'", external("ZXhhbXBsZS5uZXQ="), "success"},
    {"example.net", "from='example.net'", external("RXhhbXBsZS5ORVQ="), "success"},          // Example.NET
    {"example.net", "from='example.net'", external("ZXhhbXBsZS5jb20="), "invalid-authzid"},  // example.com
    {"example.net", "from='example.net'", external("!"), "incorrect-encoding"},
    {"example.com", "from='example.net'", external("="), "not-authorized"},
    {"example.com", "from='example.net'", external("ZXhhbXBsZS5jb20="), "not-authorized"},
    {"", "from='example.net'", external("="), "not-authorized"},
    {"example.net", "", external("ZXhhbXBsZS5uZXQ="), "not-authorized"},
    {"example.net", "from='example.net'", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>=</auth>",
     "invalid-mechanism"},
};

TEST(IncomingExternal, OnlyForTheNameInTheCertificate) {
  for (const ExternalRow& row : kExternal) {
    SCOPED_TRACE(row.auth);
    Server server({"example.org"});
    IncomingEnd end(server);
    end.certificate = {row.names};
    end.stream.on_tls_established();
    end.feed(header_with(std::string("to='example.org' ") + row.header));
    end.sent();
    end.feed(row.auth);
    const std::string sent = end.sent();
    EXPECT_NE(sent.find(std::string("<") + row.outcome), sent.npos) << sent;
    const bool well = std::string_view(row.outcome) == "success";
    EXPECT_EQ(end.stream.receives().size(), well ? 1U : 0U);
    EXPECT_EQ(end.news(), well ? "authorised example.org<>example.net\n" : "");
  }
}

TEST_F(IncomingTest, ExternalNeedsTls) {
  end.certificate = {"example.net"};
  fed(kHeader);
  EXPECT_NE(fed(external("=")).find("<encryption-required"), std::string::npos);
}

TEST_F(IncomingTest, ExternalWithAChallenge) {
  secure({"example.net"});
  EXPECT_EQ(fed("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'/>"),
            "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  EXPECT_EQ(fed("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
            "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
}

TEST_F(IncomingTest, ExternalBindsTheNextHeader) {
  secure({"example.net", "example.com"});
  fed(external("="));
  EXPECT_EQ(error_in(fed(header_with("from='example.com' to='example.org'"))), "invalid-from");
}

TEST_F(IncomingTest, ExternalFailsOnlySoOften) {
  secure();
  for (int i = 0; i < 3; ++i) EXPECT_NE(fed(external("=")).find("<not-authorized"), std::string::npos);
  EXPECT_EQ(error_in(fed(external("="))), "policy-violation");
}

TEST_F(IncomingTest, StanzasAfterExternal) {
  secure({"example.net"});
  fed(external("="));
  const std::string features = fed(kHeader);
  EXPECT_EQ(features.find("EXTERNAL"), features.npos);
  end.news();
  fed(message_from("romeo@example.net/orchard", "juliet@example.org"));
  EXPECT_EQ(end.news(), "stanza romeo@example.net/orchard juliet@example.org\n");
  EXPECT_EQ(end.arrivals.at(0),
            "<message xmlns='jabber:client' from='romeo@example.net/orchard' to='juliet@example.org'><body>hi</body>"
            "</message>");
}

// ---- dialback as receiving server (XEP-0220 2.2.1) ----

struct VerdictRow {
  Verdict verdict;
  const char* sent;
  const char* news;
};

const VerdictRow kVerdicts[] = {
    {{.type = DialbackType::valid},
     "<db:result from='example.org' to='example.net' type='valid'/>",
     "authorised example.org<>example.net\n"},
    {{.type = DialbackType::invalid},
     "<db:result from='example.org' to='example.net' type='invalid'/></stream:stream>",
     "refused example.org<>example.net invalid\nclosed well\n"},
    {{.type = DialbackType::error, .condition = xmpp::Condition::remote_server_not_found},
     "<db:result from='example.org' to='example.net' type='error'><error type='cancel'><remote-server-not-found "
     "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>",
     "refused example.org<>example.net remote-server-not-found\n"},
};

TEST(IncomingDialback, RelaysTheVerdict) {
  for (const VerdictRow& row : kVerdicts) {
    SCOPED_TRACE(row.sent);
    Server server({"example.org"});
    IncomingEnd end(server);
    end.stream.on_tls_established();
    end.feed(kHeader + result_from("example.net", "example.org", " key\n"));
    ASSERT_EQ(end.questions.size(), 1U);
    EXPECT_EQ(end.questions[0].key, "key");
    EXPECT_NE(end.sent().find("id='" + end.questions[0].id + "'"), std::string::npos);
    end.news();
    end.stream.on_verified(end.questions[0], row.verdict);
    EXPECT_EQ(end.sent(), row.sent);
    EXPECT_EQ(end.news(), row.news);
    end.stream.on_verified(end.questions[0], {.type = DialbackType::valid});  // once only
    EXPECT_EQ(end.sent(), "");
  }
}

struct RequestRow {
  std::string request;
  const char* condition;
};

const RequestRow kRequests[] = {
    {result_from("example.net", "example.com"), "item-not-found"},
    {result_from("blocked.example", "example.org"), "policy-violation"},
    {result_from("rooms.example.org", "example.org"), "policy-violation"},
    {"<db:verify from='example.net' to='example.com' id='1'>key</db:verify>", "item-not-found"},
};

TEST_F(IncomingTest, RefusedRequestsLeaveTheStreamOpen) {
  server.blocked = {"blocked.example"};
  secure();
  for (const RequestRow& row : kRequests) {
    SCOPED_TRACE(row.request);
    const std::string sent = fed(row.request);
    EXPECT_NE(sent.find(std::string("type='error'><error type=")), sent.npos);
    EXPECT_NE(sent.find(std::string("<") + row.condition), sent.npos) << sent;
    EXPECT_FALSE(end.stream.is_closed());
  }
}

TEST_F(IncomingTest, DialbackIsNotEnoughWhereACertificateIsDemanded) {
  server.rules.dialback = false;
  secure();
  EXPECT_NE(fed(result_from("example.net", "example.org")).find("<not-authorized"), std::string::npos);
  EXPECT_TRUE(end.questions.empty());
}

TEST_F(IncomingTest, CertificateSavesDiallingBack) {
  server.rules.dialback = false;
  secure({"example.net"});
  EXPECT_EQ(fed(result_from("example.net", "example.org")),
            "<db:result from='example.org' to='example.net' type='valid'/>");
  EXPECT_TRUE(end.questions.empty());
}

TEST_F(IncomingTest, MorePairsOverOneStream) {
  by_dialback();
  fed(result_from("rooms.example.net", "example.org") + result_from("example.net", "rooms.example.org"));
  ASSERT_EQ(end.questions.size(), 3U);
  end.stream.on_verified(end.questions[2], {.type = DialbackType::valid});
  // Where others have proved theirs, a forged domain costs only itself (XEP-0220 2.2.1).
  end.stream.on_verified(end.questions[1], {.type = DialbackType::invalid});
  EXPECT_NE(end.sent().find("<forbidden"), std::string::npos);
  fed(message_from("romeo@example.net", "verona@rooms.example.org"));
  EXPECT_FALSE(end.stream.is_closed());
  EXPECT_EQ(error_in(fed(message_from("verona@rooms.example.net", "juliet@example.org"))), "invalid-from");
}

TEST_F(IncomingTest, PairsAreBounded) {
  Offer offer;
  offer.limits = {.pairs = 1, .questions = 1};
  IncomingEnd small(server, offer);
  small.stream.on_tls_established();
  small.feed(kHeader + result_from("example.net", "example.org") + result_from("a.example", "example.org"));
  EXPECT_NE(small.sent().find("<resource-constraint"), std::string::npos);
  small.stream.on_verified(small.questions[0], {.type = DialbackType::valid});
  small.sent();
  small.feed(result_from("a.example", "example.org"));
  EXPECT_NE(small.sent().find("<resource-constraint"), std::string::npos);
  EXPECT_EQ(small.questions.size(), 1U);
}

TEST_F(IncomingTest, RepeatedRequests) {
  secure();
  fed(result_from("example.net", "example.org") + result_from("example.net", "example.org", "other"));
  EXPECT_EQ(end.questions.size(), 1U);
  end.stream.on_verified(end.questions[0], {.type = DialbackType::valid});
  end.sent();
  EXPECT_EQ(fed(result_from("example.net", "example.org")),
            "<db:result from='example.org' to='example.net' type='valid'/>");
}

// ---- as authoritative server (2.2.2) ----

TEST_F(IncomingTest, TellsItsOwnKeysFromOthers) {
  secure();
  const std::string key = server.keys.key("example.com", "example.org", "id7");
  const auto asked = [&](std::string_view from, std::string_view id, std::string_view k) {
    return fed("<db:verify from='" + std::string(from) + "' to='example.org' id='" + std::string(id) + "'>" +
               std::string(k) + "</db:verify>");
  };
  EXPECT_EQ(asked("example.com", "id7", key), "<db:verify from='example.org' to='example.com' id='id7' type='valid'/>");
  EXPECT_NE(asked("example.com", "id8", key).find("type='invalid'"), std::string::npos);
  EXPECT_NE(asked("example.net", "id7", key).find("type='invalid'"), std::string::npos);
  EXPECT_NE(asked("example.com", "id7", "0").find("type='invalid'"), std::string::npos);
}

// ---- hostile (SECURITY F01 to F03) ----

struct HostileRow {
  std::string bytes;
  const char* error;
};

const HostileRow kHostile[] = {
    // F01: answers that nobody asked for, on a stream where nothing is asked
    {"<db:result from='example.net' to='example.org' type='valid'/>", "invalid-from"},
    {"<db:result from='example.com' to='example.org' type='valid'/>", "invalid-from"},
    {"<db:result from='example.net' to='example.org' type='invalid'/>", "invalid-from"},
    {"<db:result from='example.net' to='example.org' type='error'/>", "invalid-from"},
    {"<db:verify from='example.net' to='example.org' id='1' type='valid'/>", "invalid-from"},
    {"<db:verify from='example.com' to='example.org' id='1' type='valid'/>", "invalid-from"},
    {"<db:result from='example.net' to='example.org' type='yes'>key</db:result>", "bad-format"},
    // F02: domains that nobody proved
    {message_from("romeo@example.com", "juliet@example.org"), "invalid-from"},
    {message_from("romeo@rooms.example.net", "juliet@example.org"), "invalid-from"},
    {message_from("juliet@example.org", "juliet@example.org"), "invalid-from"},
    {message_from("romeo@example.net@example.com", "juliet@example.org"), "improper-addressing"},
    {message_from("romeo@example.com/example.net", "juliet@example.org"), "invalid-from"},
    {message_from("romeo@example.net", "verona@rooms.example.org"), "improper-addressing"},
    {message_from("romeo@example.net", "juliet@example.com"), "improper-addressing"},
    // F03
    {"<message from='romeo@example.net'/>", "improper-addressing"},
    {"<message to='juliet@example.org'/>", "improper-addressing"},
    {"<presence/>", "improper-addressing"},
    {"<iq from='' to='' type='get' id='1'><x xmlns='a'/></iq>", "improper-addressing"},
    {message_from("romeo@", "juliet@example.org"), "improper-addressing"},
    {"<db:result from='example.net'>key</db:result>", "improper-addressing"},
    // what has no meaning here
    {"<message xmlns='jabber:client' from='romeo@example.net' to='juliet@example.org'/>", "unsupported-stanza-type"},
    {"<a xmlns='some:thing'/>", "unsupported-stanza-type"},
    {"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "unsupported-stanza-type"},
};

TEST(IncomingHostile, EndsTheStream) {
  for (const HostileRow& row : kHostile) {
    for (const bool proved : {false, true}) {
      SCOPED_TRACE(row.bytes);
      Server server({"example.org", "rooms.example.org"});
      IncomingEnd end(server);
      end.stream.on_tls_established();
      end.feed(kHeader);
      if (proved) {
        end.feed(result_from("example.net", "example.org"));
        end.stream.on_verified(end.questions[0], {.type = DialbackType::valid});
      }
      end.sent();
      end.news();
      end.feed(row.bytes + message_from("romeo@example.net", "juliet@example.org"));
      const std::string error = error_in(end.sent());
      // Before anything is proved, whom a stanza is for does not matter.
      const bool by_the_row = proved || error != "invalid-from";
      EXPECT_EQ(error, by_the_row ? row.error : "invalid-from");
      EXPECT_EQ(end.news(), "closed " + error + "\n");
      EXPECT_TRUE(end.arrivals.empty());
    }
  }
}

TEST_F(IncomingTest, NoStanzaWhileAKeyIsBeingChecked) {
  secure();
  EXPECT_EQ(error_in(fed(result_from("example.net", "example.org") +
                         message_from("romeo@example.net", "juliet@example.org"))),
            "invalid-from");
}

// An odd address within a proved domain costs its stanza, not the stream: a user of the peer may have chosen it.
TEST_F(IncomingTest, OddAddressesAreHandedOverAsSuch) {
  by_dialback();
  fed(message_from("romeo@example.net", "jul iet@example.org") + message_from("rom eo@example.net", "example.org"));
  EXPECT_EQ(end.news(), "stanza romeo@example.net ?\nstanza ? example.org\n");
}

// ---- bidi (XEP-0288) ----

TEST_F(IncomingTest, BidiOnlyTowardsWhatWasProved) {
  secure();
  fed(kBidi);
  const DomainPair pair{"example.org", "example.net"};
  EXPECT_FALSE(end.stream.may_send(pair));
  fed(result_from("example.net", "example.org"));
  EXPECT_FALSE(end.stream.may_send(pair));
  end.stream.on_verified(end.questions[0], {.type = DialbackType::valid});
  EXPECT_TRUE(end.stream.may_send(pair));
  EXPECT_FALSE(end.stream.may_send({"rooms.example.org", "example.net"}));
  EXPECT_FALSE(end.stream.may_send({"example.org", "example.com"}));
}

TEST_F(IncomingTest, BidiNeedsTls) {
  fed(kHeader);
  EXPECT_EQ(error_in(fed(kBidi)), "policy-violation");
}

TEST_F(IncomingTest, OneWayWithoutBidi) {
  by_dialback();
  EXPECT_FALSE(end.stream.may_send({"example.org", "example.net"}));
}

// ---- stream management (XEP-0198) ----

TEST_F(IncomingTest, StreamManagementNeedsAProvedPair) {
  secure();
  EXPECT_NE(fed(kEnable).find("<unexpected-request"), std::string::npos);
  EXPECT_NE(fed("<resume xmlns='urn:xmpp:sm:3' previd='1' h='0'/>").find("<unexpected-request"), std::string::npos);
  EXPECT_EQ(fed("<r xmlns='urn:xmpp:sm:3'/>"), "");
}

TEST_F(IncomingTest, CountsWhatWasHandledSinceEnabled) {
  by_dialback();
  const std::string message = message_from("romeo@example.net", "juliet@example.org");
  fed(message);
  EXPECT_EQ(fed(kEnable), "<enabled xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(fed(message + message + "<r xmlns='urn:xmpp:sm:3'/>"), "<a xmlns='urn:xmpp:sm:3' h='2'/>");
  EXPECT_NE(fed(kEnable).find("<unexpected-request"), std::string::npos);
  end.news();
  fed("<a xmlns='urn:xmpp:sm:3' h='4294967295'/>");
  EXPECT_EQ(end.news(), "ack 4294967295\n");
  EXPECT_EQ(error_in(fed("<a xmlns='urn:xmpp:sm:3' h='-1'/>")), "bad-format");
}

TEST_F(IncomingTest, NoRestartOnceStanzasCount) {
  by_dialback();
  fed(kEnable);
  EXPECT_EQ(error_in(fed(external("="))), "policy-violation");
}

TEST_F(IncomingTest, ResumptionBringsBackThePairs) {
  Kept kept{{"sm1", {7, {{"example.org", "example.net"}, {"rooms.example.org", "example.net"}}}}};
  end.kept = &kept;
  by_dialback();
  EXPECT_NE(fed("<resume xmlns='urn:xmpp:sm:3' previd='sm2' h='0'/>").find("<item-not-found"), std::string::npos);
  EXPECT_EQ(fed("<resume xmlns='urn:xmpp:sm:3' previd='sm1' h='3'/>"),
            "<resumed xmlns='urn:xmpp:sm:3' previd='sm1' h='7'/>");
  fed(message_from("romeo@example.net", "verona@rooms.example.org"));
  EXPECT_EQ(fed("<r xmlns='urn:xmpp:sm:3'/>"), "<a xmlns='urn:xmpp:sm:3' h='8'/>");
}

// ---- the end ----

TEST_F(IncomingTest, EndsOnce) {
  by_dialback();
  EXPECT_EQ(fed("</stream:stream>"), "</stream:stream>");
  end.stream.fail({xmpp::StreamCondition::reset, {}});
  end.stream.close();
  EXPECT_EQ(end.news(), "peer closed\nclosed well\n");
}

TEST_F(IncomingTest, PeersErrorIsToldAndAnswered) {
  by_dialback();
  EXPECT_EQ(fed("<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"),
            "</stream:stream>");
  EXPECT_EQ(end.news(), "closed by peer system-shutdown\n");
}

TEST_F(IncomingTest, NothingInTheClearDuringAHandshake) {
  fed(kHeader);
  fed(kStarttls);
  end.stream.fail({xmpp::StreamCondition::connection_timeout, {}});
  EXPECT_EQ(end.sent(), "");
  EXPECT_EQ(end.times_closed, 1);
}

TEST_F(IncomingTest, PausedWhileItMoves) {
  by_dialback();
  end.stream.pause();
  fed(message_from("romeo@example.net", "juliet@example.org"));
  EXPECT_EQ(end.news(), "");
  end.stream.resume();
  end.pump();
  EXPECT_EQ(end.news(), "stanza romeo@example.net juliet@example.org\n");
}

}  // namespace
}  // namespace s2s
