#include "s2s/outgoing.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "ends.h"

namespace s2s {
namespace {

const DomainPair kPair{"example.org", "example.net"};
const std::string kHeader = header_with("from='example.net' to='example.org' id='id1'");
constexpr std::string_view kProceed = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
constexpr std::string_view kStarttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
constexpr std::string_view kDialback = "<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>";
constexpr std::string_view kExternal =
    "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>";
constexpr std::string_view kBidi = "<bidi xmlns='urn:xmpp:features:bidi'/>";
constexpr std::string_view kSm = "<sm xmlns='urn:xmpp:sm:3'/>";
constexpr std::string_view kSuccess = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
constexpr std::string_view kValid = "<db:result from='example.net' to='example.org' type='valid'/>";

std::string features(std::string_view inside = {}) {
  return "<stream:features>" + std::string(inside) + "</stream:features>";
}

class OutgoingTest : public testing::Test {
 protected:
  void make(Plan plan = {}) {
    plan.pair = kPair;
    end = std::make_unique<OutgoingEnd>(server, std::move(plan));
  }
  /// Past TLS and the peer's header.
  void secure(std::set<std::string, std::less<>> names = {}) {
    if (!end) make();
    end->certificate = std::move(names);
    end->stream.on_tls_established();
    end->stream.open();
    end->feed(kHeader);
    end->sent();
  }
  void established(std::string_view offered = kDialback) {
    secure();
    end->feed(features(offered));
    end->feed(kValid);
    end->sent();
    end->news();
  }
  std::string fed(std::string_view bytes) {
    end->feed(bytes);
    return end->sent();
  }
  std::string key_for(std::string_view receiving, std::string_view originating, std::string_view id = "id1") const {
    return server.keys.key(receiving, originating, id);
  }

  Server server{{"example.org", "rooms.example.org"}};
  std::unique_ptr<OutgoingEnd> end;
};

TEST_F(OutgoingTest, DialbackOverTls) {
  make();
  end->stream.open();
  EXPECT_EQ(end->sent(),
            "<?xml version='1.0'?><stream:stream from='example.org' to='example.net' version='1.0' xml:lang='en' "
            "xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
            "xmlns:db='jabber:server:dialback'>");
  EXPECT_EQ(fed(kHeader + features(kStarttls)), kStarttls);
  fed(kProceed);
  ASSERT_TRUE(end->tls_asked);
  end->tls();
  EXPECT_TRUE(end->sent().starts_with("<?xml"));
  EXPECT_EQ(fed(header_with("from='example.net' id='id2'") + features(kDialback)),
            "<db:result from='example.org' to='example.net'>" + key_for("example.net", "example.org", "id2") +
                "</db:result>");
  EXPECT_FALSE(end->stream.may_send(kPair));
  EXPECT_EQ(fed(kValid), "");
  EXPECT_TRUE(end->stream.may_send(kPair));
  EXPECT_EQ(end->news(), "established dialback\n");
}

TEST_F(OutgoingTest, External) {
  make({.certificate = true});
  secure({"example.net"});
  EXPECT_EQ(
      fed(features(std::string(kExternal) + std::string(kDialback))),
      "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>" + base::base64("example.org") + "</auth>");
  EXPECT_TRUE(fed(kSuccess).starts_with("<?xml version='1.0'?><stream:stream from='example.org'"));
  fed(kHeader + features());
  EXPECT_EQ(end->news(), "established external\n");
}

TEST_F(OutgoingTest, ExternalRefusedFallsToDialback) {
  make({.certificate = true});
  secure();
  fed(features(kExternal));
  EXPECT_TRUE(fed("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>")
                  .starts_with("<db:result from='example.org'"));
}

TEST_F(OutgoingTest, NoExternalWithoutACertificateOfOurs) {
  secure();
  EXPECT_TRUE(fed(features(kExternal)).starts_with("<db:result from='example.org'"));
}

// ---- whom is sent to (SECURITY F04) ----

struct PeerRow {
  bool dialback;  ///< policy: is enough to know a peer
  const char* names;
  bool believed;
};

const PeerRow kPeers[] = {
    {true, "example.net", true},   {true, "", true},   {true, "example.com", true},
    {false, "example.net", true},  {false, "", false}, {false, "example.com", false},
    {false, "example.org", false},
};

TEST(OutgoingPeer, JudgedBeforeAWordIsSaid) {
  for (const PeerRow& row : kPeers) {
    for (const bool direct : {false, true}) {
      SCOPED_TRACE(std::string(row.names) + (direct ? " direct" : ""));
      Server server({"example.org"});
      server.rules.dialback = row.dialback;
      OutgoingEnd end(server, {.pair = kPair});
      end.certificate = {row.names};
      if (direct) {
        end.stream.on_tls_established();
        end.stream.open();
      } else {
        end.stream.open();
        end.feed(kHeader + features(kStarttls));
        end.feed(kProceed);
        end.sent();
        end.tls();
      }
      EXPECT_EQ(end.sent().empty(), !row.believed);
      EXPECT_EQ(end.news(), row.believed ? "" : "closed not-authorized\n");
    }
  }
}

TEST_F(OutgoingTest, PlaintextIsRefusedWhereEncryptionIsRequired) {
  make();
  end->stream.open();
  end->sent();
  EXPECT_EQ(error_in(fed(kHeader + features(kDialback))), "policy-violation");
}

TEST_F(OutgoingTest, PlaintextWherePolicyAllowsIt) {
  server.rules.encryption_required = false;
  make();
  end->stream.open();
  end->sent();
  EXPECT_TRUE(fed(kHeader + features(kDialback)).starts_with("<db:result "));
}

TEST_F(OutgoingTest, BlockedPeersAreNotSpokenTo) {
  server.blocked = {"example.net"};
  make();
  end->stream.open();
  EXPECT_EQ(end->sent(), "");
  EXPECT_EQ(end->news(), "closed policy-violation\n");
}

// ---- hostile ----

struct HostileRow {
  std::string bytes;
  const char* error;
};

const HostileRow kHostile[] = {
    // F01: answers that don't fit what was asked; the wrong direction
    {"<db:result from='example.com' to='example.org' type='valid'/>", "invalid-from"},
    {"<db:result from='example.net' to='rooms.example.org' type='valid'/>", "invalid-from"},
    {"<db:result from='example.org' to='example.net' type='valid'/>", "invalid-from"},
    {"<db:verify from='example.net' to='example.org' id='id1' type='valid'/>", "invalid-from"},
    {"<db:verify from='example.com' to='example.org' id='q' type='valid'/>", "invalid-from"},
    {"<db:verify from='example.net' to='rooms.example.org' id='q' type='valid'/>", "invalid-from"},
    {result_from("example.net", "example.org"), "invalid-from"},
    {"<db:verify from='example.net' to='example.org' id='1'>key</db:verify>", "invalid-from"},
    {"<db:result from='example.net' type='valid'/>", "improper-addressing"},
    // F02: this stream goes one way
    {message_from("romeo@example.net", "juliet@example.org"), "invalid-from"},
    {"<message/>", "improper-addressing"},
    {"<enabled xmlns='urn:xmpp:sm:3'/>", "policy-violation"},
    {"<resumed xmlns='urn:xmpp:sm:3' h='1' previd='1'/>", "policy-violation"},
    {"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "unsupported-stanza-type"},
    {"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", "unsupported-stanza-type"},
};

TEST(OutgoingHostile, EndsTheStream) {
  for (const HostileRow& row : kHostile) {
    SCOPED_TRACE(row.bytes);
    Server server({"example.org", "rooms.example.org"});
    OutgoingEnd end(server, {.pair = kPair});
    ASSERT_TRUE(end.stream.ask({kPair, "q", "key"}));
    end.stream.on_tls_established();
    end.stream.open();
    end.feed(kHeader + features(kDialback));
    end.sent();
    end.feed(row.bytes + std::string(kValid));
    EXPECT_EQ(error_in(end.sent()), row.error);
    EXPECT_EQ(end.news(), "closed " + std::string(row.error) + "\n");
    EXPECT_TRUE(end.stream.sends().empty());
  }
}

const HostileRow kHeaders[] = {
    {header_with("from='example.com' to='example.org' id='1'"), "invalid-from"},
    {header_with("from='exa mple' to='example.org' id='1'"), "invalid-from"},
    {"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>",
     "invalid-namespace"},
    {header_with("from='example.net'") + features(kDialback), "bad-format"},
    {kHeader + "<message/>", "improper-addressing"},
    {kHeader + "<db:result/>", "policy-violation"},
    {"HTTP/1.1 400", "not-well-formed"},
};

TEST(OutgoingHostile, Headers) {
  for (const HostileRow& row : kHeaders) {
    SCOPED_TRACE(row.bytes);
    Server server({"example.org"});
    OutgoingEnd end(server, {.pair = kPair});
    end.stream.on_tls_established();
    end.stream.open();
    end.feed(row.bytes);
    EXPECT_EQ(error_in(end.sent()), row.error);
    EXPECT_TRUE(end.stream.is_closed());
  }
}

TEST_F(OutgoingTest, ValidOnlyOnce) {
  established();
  EXPECT_EQ(error_in(fed(kValid)), "invalid-from");
}

// ---- refusals (XEP-0220 2.4.2) ----

TEST_F(OutgoingTest, RefusalsAreTold) {
  const std::pair<const char*, const char*> rows[] = {
      {"<db:result from='example.net' to='example.org' type='invalid'/>", "invalid"},
      {"<db:result from='example.net' to='example.org' type='error'><error type='cancel'><item-not-found "
       "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>",
       "item-not-found"},
  };
  for (const auto& [bytes, verdict] : rows) {
    make();
    secure();
    fed(features(kDialback));
    fed(bytes);
    EXPECT_EQ(end->news(), "not accepted example.org<>example.net " + std::string(verdict) + "\n");
    EXPECT_FALSE(end->stream.is_closed());
    EXPECT_FALSE(end->stream.may_send(kPair));
  }
}

// ---- more pairs (XEP-0220 2.5) ----

TEST_F(OutgoingTest, MorePairs) {
  established();
  const DomainPair sender{"rooms.example.org", "example.net"};
  const DomainPair target{"example.org", "rooms.example.net"};
  EXPECT_TRUE(end->stream.request(sender));
  EXPECT_FALSE(end->stream.request(sender));  // under way
  EXPECT_EQ(end->sent(), "<db:result from='rooms.example.org' to='example.net'>" +
                             key_for("example.net", "rooms.example.org") + "</db:result>");
  EXPECT_TRUE(end->stream.request(target));
  fed("<db:result from='example.net' to='rooms.example.org' type='valid'/>");
  fed("<db:result from='rooms.example.net' to='example.org' type='invalid'/>");
  EXPECT_EQ(end->news(),
            "accepted rooms.example.org<>example.net\nnot accepted example.org<>rooms.example.net invalid\n");
  EXPECT_TRUE(end->stream.may_send(sender));
  EXPECT_FALSE(end->stream.may_send(target));
}

TEST_F(OutgoingTest, OtherTargetsOnlyWhereErrorsAreKnown) {
  established("");
  EXPECT_TRUE(end->stream.request({"rooms.example.org", "example.net"}));
  EXPECT_FALSE(end->stream.request({"example.org", "rooms.example.net"}));
}

TEST_F(OutgoingTest, OtherTargetsOnlyWherePolicyBelievesThem) {
  established();
  server.rules.dialback = false;
  EXPECT_FALSE(end->stream.request({"example.org", "rooms.example.net"}));
  end->certificate = {"rooms.example.net"};
  EXPECT_TRUE(end->stream.request({"example.org", "rooms.example.net"}));
}

// ---- questions (2.1.2) ----

TEST_F(OutgoingTest, QuestionsOnly) {
  make({.questions_only = true});
  EXPECT_TRUE(end->stream.ask({kPair, "q1", "key1"}));
  secure();
  EXPECT_EQ(fed(features(std::string(kDialback) + std::string(kBidi))),
            "<db:verify from='example.org' to='example.net' id='q1'>key1</db:verify>");
  EXPECT_TRUE(end->stream.ask({kPair, "q2", "key2"}));
  EXPECT_EQ(end->sent(), "<db:verify from='example.org' to='example.net' id='q2'>key2</db:verify>");
  fed("<db:verify from='example.net' to='example.org' id='q2' type='valid'/>");
  fed("<db:verify from='example.net' to='example.org' id='q1' type='invalid'/>");
  EXPECT_EQ(end->news(), "answered example.org<>example.net valid\nanswered example.org<>example.net invalid\n");
  EXPECT_EQ(error_in(fed("<db:verify from='example.net' to='example.org' id='q2' type='valid'/>")), "invalid-from");
}

TEST_F(OutgoingTest, LateAnswerToAForgottenQuestion) {
  secure();
  EXPECT_TRUE(end->stream.ask({kPair, "q1", "key"}));
  EXPECT_TRUE(end->stream.ask({kPair, "q2", "key"}));
  end->stream.forget({kPair, "q2", {}});
  EXPECT_EQ(fed(features(kDialback)).find("q2"), std::string::npos);
  end->stream.forget({kPair, "q1", {}});
  fed("<db:verify from='example.net' to='example.org' id='q1' type='valid'/>");
  EXPECT_EQ(end->news(), "");
  EXPECT_FALSE(end->stream.is_closed());
}

TEST_F(OutgoingTest, QuestionsAreBounded) {
  make({.limits = {.pairs = 1, .questions = 1}});
  EXPECT_TRUE(end->stream.ask({kPair, "q1", "key"}));
  EXPECT_FALSE(end->stream.ask({kPair, "q2", "key"}));
}

// ---- bidi (XEP-0288) ----

TEST_F(OutgoingTest, BidiBeforeAuthentication) {
  secure();
  const std::string sent = fed(features(std::string(kDialback) + std::string(kBidi)));
  EXPECT_TRUE(sent.starts_with("<bidi xmlns='urn:xmpp:bidi'/><db:result ")) << sent;
  EXPECT_FALSE(end->stream.may_receive(kPair));
  fed(kValid);
  EXPECT_EQ(end->news(), "authorised example.org<>example.net\nestablished dialback\n");
  fed(message_from("romeo@example.net", "juliet@example.org"));
  EXPECT_EQ(end->news(), "stanza romeo@example.net juliet@example.org\n");
  EXPECT_EQ(error_in(fed(message_from("romeo@rooms.example.net", "juliet@example.org"))), "invalid-from");
}

TEST_F(OutgoingTest, BidiPeerProvesFurtherDomains) {
  established(std::string(kDialback) + std::string(kBidi));
  fed(result_from("rooms.example.net", "example.org"));
  ASSERT_EQ(end->questions.size(), 1U);
  EXPECT_EQ(end->questions[0].id, "id1");
  end->stream.on_verified(end->questions[0], {.type = DialbackType::valid});
  EXPECT_EQ(end->sent(), "<db:result from='example.org' to='rooms.example.net' type='valid'/>");
  EXPECT_TRUE(end->stream.may_receive({"example.org", "rooms.example.net"}));
}

// Accepting our stanzas for another domain is no proof of being it.
TEST_F(OutgoingTest, BidiTargetIsNotASender) {
  established(std::string(kDialback) + std::string(kBidi));
  end->stream.request({"example.org", "victim.example"});
  fed("<db:result from='victim.example' to='example.org' type='valid'/>");
  EXPECT_TRUE(end->stream.may_send({"example.org", "victim.example"}));
  EXPECT_EQ(error_in(fed(message_from("romeo@victim.example", "juliet@example.org"))), "invalid-from");
}

// ---- stream management (XEP-0198) ----

TEST_F(OutgoingTest, EnablesStreamManagement) {
  secure();
  fed(features(std::string(kDialback) + std::string(kSm)));
  EXPECT_EQ(fed(kValid), "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  EXPECT_EQ(end->news(), "");
  fed("<enabled xmlns='urn:xmpp:sm:3' id='x' resume='true' max='60'/>");
  EXPECT_EQ(end->news(), "established dialback sm\n");
  EXPECT_EQ(end->reached.sm_id, "x");
  EXPECT_EQ(end->reached.max, 60U);
  end->stream.request_ack();
  EXPECT_EQ(end->sent(), "<r xmlns='urn:xmpp:sm:3'/>");
  fed("<a xmlns='urn:xmpp:sm:3' h='4'/>");
  EXPECT_EQ(end->news(), "ack 4\n");
}

TEST_F(OutgoingTest, WithoutStreamManagementWhereItFails) {
  secure();
  fed(features(std::string(kDialback) + std::string(kSm)) + std::string(kValid));
  fed("<failed xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(end->news(), "established dialback\n");
}

TEST_F(OutgoingTest, Resumes) {
  const DomainPair more{"rooms.example.org", "example.net"};
  make({.lost = Lost{.id = "o'ld", .handled = 3, .sends = {kPair, more}, .receives = {}}});
  secure();
  fed(features(std::string(kDialback) + std::string(kSm)));
  EXPECT_EQ(fed(kValid), "<resume xmlns='urn:xmpp:sm:3' h='3' previd='o&apos;ld'/>");
  fed("<resumed xmlns='urn:xmpp:sm:3' h='9' previd='o&apos;ld'/>");
  EXPECT_EQ(end->news(), "established dialback sm resumed h=9\n");
  EXPECT_TRUE(end->stream.may_send(more));
  EXPECT_EQ(end->stream.handled_count(), 3U);
}

TEST_F(OutgoingTest, EnablesWhereResumptionFails) {
  make({.lost = Lost{.id = "old"}});
  secure();
  fed(features(std::string(kDialback) + std::string(kSm)) + std::string(kValid));
  EXPECT_EQ(fed("<failed xmlns='urn:xmpp:sm:3' h='9'/>"), "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  fed("<enabled xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(end->news(), "established dialback sm h=9\n");
}

// A stanza that came before <enabled/> is not in the peer's count.
TEST_F(OutgoingTest, CountsBeginWithEnabled) {
  secure();
  fed(features(std::string(kDialback) + std::string(kBidi) + std::string(kSm)) + std::string(kValid));
  fed(message_from("romeo@example.net", "juliet@example.org"));
  fed("<enabled xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(fed(message_from("romeo@example.net", "juliet@example.org") + "<r xmlns='urn:xmpp:sm:3'/>"),
            "<a xmlns='urn:xmpp:sm:3' h='1'/>");
}

// ---- the end ----

TEST_F(OutgoingTest, PeersErrorIsTold) {
  make();
  end->stream.open();
  fed(header_with("from='example.net'") +
      "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
  EXPECT_EQ(end->news(), "closed by peer host-unknown\n");
}

TEST_F(OutgoingTest, ClosedBeforeItWasOpened) {
  make();
  end->stream.close();
  EXPECT_EQ(end->sent(), "");
  EXPECT_EQ(end->news(), "closed well\n");
  end->stream.open();
  EXPECT_FALSE(end->stream.ask({kPair, "q", "key"}));
  EXPECT_EQ(end->sent(), "");
}

}  // namespace
}  // namespace s2s
