// Whole dialogues: byte by byte, moved between owners, and cut at every step.
#include "stream/negotiation.h"

#include <gtest/gtest.h>

#include <functional>

#include "connection.h"

namespace stream {
namespace {

const xmpp::Jid kOrchard = xmpp::Jid::from_prepared("romeo@example.org/orchard");

/// One step: what the client sends, or what the rest of the server answers.
struct Step {
  const char* name;
  std::function<void(Connection&)> run;
};
using Script = std::vector<Step>;

Step client(const char* name, std::string bytes) {
  return {name, [bytes = std::move(bytes)](Connection& c) { c.feed(bytes); }};
}
Step server(const char* name, void (*answer)(Negotiation&)) {
  return {name, [answer](Connection& c) {
            answer(c.negotiation);
            c.pump();
          }};
}

const Step kLookedUp = server("keys", [](Negotiation& n) { n.on_credentials(keys_for(Hash::sha256, "pencil")); });
const Step kMoved = server("moved", [](Negotiation& n) { n.continue_after_move(); });
const Step kBound = server("bound", [](Negotiation& n) { n.on_bound(kOrchard); });
const Step kSm = server("enabled", [](Negotiation& n) { n.on_sm_enabled({.id = "new"}); });

Step proof(std::string (*element)(std::string_view)) {
  return {"proof", [element](Connection& c) {
            c.feed(element(ScramClient(Hash::sha256, "romeo", "pencil").last(challenge_in(c.sent()))));
          }};
}

Script with_sasl() {
  const std::string first = ScramClient(Hash::sha256, "romeo", "pencil").first();
  return {client("header", std::string(kHeader)),
          client("starttls", "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
          server("tls", [](Negotiation& n) { n.on_tls_established({}); }),
          client("second header", std::string(kHeader)),
          client("auth", auth("SCRAM-SHA-256", first)),
          kLookedUp,
          proof(response),
          kMoved,
          client("third header", std::string(kHeader)),
          client("bind", "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
          kBound,
          client("enable", "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"),
          kSm,
          client("presence", "<presence/>"),
          client("end", "</stream:stream>")};
}

Script with_sasl2() {
  const std::string first = ScramClient(Hash::sha256, "romeo", "pencil").first();
  return {server("tls", [](Negotiation& n) { n.on_tls_established({}); }),
          client("header", std::string(kHeader)),
          client("authenticate",
                 authenticate("SCRAM-SHA-256", first,
                              "<resume xmlns='urn:xmpp:sm:3' previd='old' h='1'/><bind xmlns='urn:xmpp:bind:0'>"
                              "<tag>Verona</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>")),
          kLookedUp,
          proof(response2),
          kMoved,
          server("not resumed", [](Negotiation& n) { n.on_resume_failed({}); }),
          kBound,
          kSm,
          client("presence", "<presence/>"),
          client("end", "</stream:stream>")};
}

Script with_plain() {
  return {server("tls", [](Negotiation& n) { n.on_tls_established({}); }),
          client("header", std::string(kHeader)),
          client("auth", auth("PLAIN", plain_message("romeo", "pencil"))),
          server("password", [](Negotiation& n) { n.on_password_checked(true); }),
          kMoved,
          client("second header", std::string(kHeader)),
          client("resume", "<resume xmlns='urn:xmpp:sm:3' previd='old' h='1'/>"),
          server("resumed", [](Negotiation& n) { n.on_resumed(kOrchard, 4); }),
          client("presence", "<presence/>"),
          client("end", "</stream:stream>")};
}

const std::pair<const char*, Script (*)()> kScripts[] = {
    {"sasl", with_sasl}, {"sasl2", with_sasl2}, {"plain", with_plain}};

void run(Connection& connection, const Script& script, std::size_t steps) {
  for (std::size_t i = 0; i < steps; ++i) script[i].run(connection);
}

TEST(Negotiation, WholeDialogues) {
  for (const auto& [name, make] : kScripts) {
    SCOPED_TRACE(name);
    Connection connection;
    const Script script = make();
    run(connection, script, script.size());
    EXPECT_TRUE(connection.negotiation.is_established());
    EXPECT_TRUE(connection.negotiation.sm_enabled());
    EXPECT_TRUE(connection.news().ends_with("<presence/>\npeer closed"));
    connection.sent();
    connection.negotiation.close();
    EXPECT_EQ(connection.sent(), "</stream:stream>");
    EXPECT_EQ(connection.news(), "closed");
  }
}

/// Each way to break off; none may leave the stream half open.
const std::pair<const char*, void (*)(Connection&)> kCuts[] = {
    {"unknown element", [](Connection& c) { c.feed("<bogus xmlns='urn:example:bogus'/>"); }},
    {"stanza", [](Connection& c) { c.feed("<message/>"); }},
    {"no XML", [](Connection& c) { c.feed("<<"); }},
    {"comment", [](Connection& c) { c.feed("<!-- -->"); }},
    {"too much", [](Connection& c) { c.feed("<a x='" + std::string(20000, 'x')); }},
    {"timeout", [](Connection& c) { c.negotiation.fail({xmpp::StreamCondition::connection_timeout, {}}); }},
    {"shutdown", [](Connection& c) { c.negotiation.close(); }},
};

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(Negotiation, FailsCleanlyAtEveryStep) {
  for (const auto& [name, make] : kScripts) {
    const Script script = make();
    for (std::size_t steps = 0; steps < script.size(); ++steps) {
      for (const auto& [cut_name, cut] : kCuts) {
        SCOPED_TRACE(std::string(name) + " before " + script[steps].name + ": " + cut_name);
        Connection connection;
        run(connection, script, steps);
        const bool stanzas_allowed = connection.negotiation.is_established();
        std::string sent = connection.sent();
        connection.news();
        cut(connection);
        const bool waits = !connection.negotiation.wants_input() && !connection.negotiation.is_closed();
        if (waits || (stanzas_allowed && std::string_view(cut_name) == "stanza")) {
          connection.negotiation.fail({xmpp::StreamCondition::system_shutdown, {}});  // what the peer sent lies unread
        }
        sent += connection.sent();
        EXPECT_EQ(connection.times_closed, 1);
        EXPECT_TRUE(connection.negotiation.is_closed());
        EXPECT_LE(count(sent, "</stream:stream>"), 1U);
        EXPECT_LE(count(sent, "<stream:error>"), 1U);
        // Whatever is still on its way changes nothing.
        for (std::size_t i = steps; i < script.size(); ++i) {
          if (std::string_view(script[i].name) != "proof") script[i].run(connection);
        }
        EXPECT_EQ(connection.sent(), "");
        EXPECT_EQ(connection.times_closed, 1);
      }
    }
  }
}

/// An element that comes although reading should have paused ends the stream; it is never acted on.
TEST(Negotiation, OutOfTurnWhileTheOwnerIsAsked) {
  for (const auto& [name, make] : kScripts) {
    const Script script = make();
    for (std::size_t steps = 0; steps < script.size(); ++steps) {
      SCOPED_TRACE(std::string(name) + " before " + script[steps].name);
      Connection connection;
      run(connection, script, steps);
      if (connection.negotiation.wants_input()) continue;
      connection.news();
      const auto next = connection.negotiation.on_element(*xml::parse_element("<presence xmlns='jabber:client'/>"));
      EXPECT_EQ(next, xml::StreamSink::Next::pause);
      EXPECT_EQ(connection.news(), "closed policy-violation");
    }
  }
}

/// The same bytes in pieces of every size give the same dialogue.
TEST(Negotiation, HoweverTheBytesArrive) {
  const std::string bytes =
      std::string(kHeader) + auth("PLAIN", plain_message("romeo", "pencil")) + std::string(kHeader) +
      "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/></stream:stream>";
  const auto dialogue = [&](std::size_t piece) {
    Connection connection;
    connection.secure();
    std::string told;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      connection.feed(std::string_view(bytes).substr(at, piece));
      for (std::string news = connection.news(); !news.empty(); news = connection.news()) {
        told += news + "\n";
        if (news.starts_with("check")) connection.negotiation.on_password_checked(true);
        if (news.starts_with("authenticated")) connection.negotiation.continue_after_move();
        if (news.starts_with("bind")) connection.negotiation.on_bound(kOrchard);
        connection.pump();
      }
    }
    return told + connection.sent();
  };
  const std::string whole = dialogue(bytes.size());
  EXPECT_TRUE(whole.contains("<presence/>"));
  EXPECT_TRUE(whole.contains("peer closed"));
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) EXPECT_EQ(dialogue(piece), whole) << piece;
}

/// A connection that changes shards gets a new owner; the old one hears nothing more.
TEST(Negotiation, MovesToAnotherOwner) {
  Connection first, second;
  first.secure();
  first.feed(kHeader);
  first.feed(auth("PLAIN", plain_message("romeo", "pencil")));
  first.negotiation.on_password_checked(true);
  first.sent();
  first.news();
  second.negotiation = std::move(first.negotiation);
  second.negotiation.attach(second);
  second.negotiation.continue_after_move();
  second.feed(kHeader);
  EXPECT_TRUE(second.sent().contains("<bind "));
  EXPECT_EQ(first.sent(), "");
}

/// Answers may come from within the request.
TEST(Negotiation, AnswersFromWithinTheRequest) {
  class Eager final : public NegotiationOwner {
   public:
    base::Random& random() override { return random_; }
    std::optional<LocalHost> find_host(std::string_view) override { return LocalHost{.domain = "example.org"}; }
    std::string default_host() override { return "example.org"; }
    void send(std::string bytes) override { sent += bytes; }
    void restart_reader() override { reader.restart(); }
    void start_tls() override { negotiation.on_tls_established({}); }
    void look_up(const xmpp::Jid&, Hash) override { negotiation.on_unavailable(); }
    void check_password(const xmpp::Jid&, base::Secret) override { negotiation.on_password_checked(true); }
    void authenticated(const xmpp::Jid& account) override {
      negotiation.continue_after_move();
      told += account.str();
    }
    void register_account(xml::Document) override {}
    void resume(const ResumeRequest& request) override {
      negotiation.on_resume_failed({});
      told += request.previd;
    }
    void bind(const ResourceRequest& request) override {
      negotiation.on_bound(kOrchard);
      told += request.account.str();
    }
    void enable_sm(const SmRequest&) override { negotiation.on_sm_enabled({}); }
    void established(const xmpp::Jid& jid, bool) override { told += jid.str(); }
    void on_stanza(xml::Document) override { told += "stanza"; }
    void on_ack_request() override {}
    void on_ack(std::uint32_t) override {}
    void on_client_state(bool) override {}
    void peer_closed() override { negotiation.close(); }
    void closed(const xmpp::StreamError*) override { told += "closed"; }

    CountingRandom random_;
    xml::ParserPool pool;
    xml::StreamReader reader{pool, xml::Limits{}};
    std::string sent, told;
    Negotiation negotiation{*this, Connection::standard_offer()};
  };
  Eager eager;
  const std::string bytes =
      std::string(kHeader) + "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" + std::string(kHeader) +
      authenticate("PLAIN", plain_message("romeo", "pencil"),
                   "<resume xmlns='urn:xmpp:sm:3' previd='old' h='1'/><bind xmlns='urn:xmpp:bind:0'>"
                   "<enable xmlns='urn:xmpp:sm:3'/></bind>") +
      "<presence/></stream:stream>";
  EXPECT_EQ(eager.reader.feed(bytes, eager.negotiation).consumed, bytes.size());
  EXPECT_EQ(eager.told, "romeo@example.org/orchardromeo@example.orgoldromeo@example.orgstanzaclosed");
  EXPECT_TRUE(eager.sent.ends_with("</stream:features></stream:stream>"));
}

TEST(Negotiation, EveryFaultHasItsError) {
  const std::pair<xml::Fault, const char*> table[] = {
      {xml::Fault::not_well_formed, "error not-well-formed"},
      {xml::Fault::bad_namespace_prefix, "error not-well-formed"},
      {xml::Fault::restricted_xml, "error restricted-xml"},
      {xml::Fault::unsupported_encoding, "error unsupported-encoding"},
      {xml::Fault::too_big, "error policy-violation"},
  };
  for (const auto& [fault, outcome] : table) {
    Connection connection;
    connection.negotiation.on_fault(fault);
    const std::string sent = connection.sent();
    EXPECT_TRUE(sent.starts_with("<?xml version='1.0'?><stream:stream from='example.org'"));
    EXPECT_EQ(gist(sent), outcome);
  }
}

}  // namespace
}  // namespace stream
