// <federation>: what is read, what is refused, and with which words.
#include "federation_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "config.h"

namespace {

using s2s::Certificate;

/// The element read as the server will; the mistake's text, or what the policy is.
struct Outcome {
  std::string mistake;
  FederationConfig config;
  s2s::PolicyRef policy;
};

Outcome read(const std::string& element, const std::string& folder = "/nowhere") {
  const std::string text =
      "<exedra xmlns='urn:exedra:config:1'><clients port='5222'/>\n<host domain='example.org'/>\n</exedra>";
  const auto config = parse_config(text, "exedra.xml");
  if (!config) return {config.error().what, {}, {}};
  const auto document = xml::LinedDocument::parse(element);
  if (!document) return {document.error().what, {}, {}};
  try {
    const ConfigReader reader(*document, "exedra.xml", document->root());
    Outcome outcome;
    outcome.config = read_federation(reader);
    check_federation(reader, outcome.config, *config);
    auto policy = load_federation(outcome.config, folder);
    if (!policy) return {policy.error().what, {}, {}};
    outcome.policy = *policy;
    return outcome;
  } catch (const ConfigMistake& mistake) {
    return {mistake.what, {}, {}};
  }
}

Outcome with(const std::string& attributes, const std::string& inner = "") {
  return read("<federation xmlns='urn:exedra:config:1' " + attributes + ">\n" + inner + "</federation>");
}

TEST(FederationConfig, IsPartOfTheFile) {
  const std::string inner = "<clients/><host domain='a.example'/>";
  const auto parse = [&](const std::string& more) {
    return parse_config("<exedra xmlns='urn:exedra:config:1'>" + inner + more + "</exedra>", "exedra.xml");
  };
  const auto without = parse("");
  ASSERT_TRUE(without);
  EXPECT_FALSE(without->federation);
  const auto with = parse("<federation><listen/><listen tls='direct'/></federation>");
  ASSERT_TRUE(with) << with.error().what;
  ASSERT_TRUE(with->federation);
  EXPECT_EQ(with->federation->listeners.size(), 2U);
  const auto twice = parse("<federation/><federation/>");
  ASSERT_FALSE(twice);
  EXPECT_TRUE(twice.error().what.contains("stands twice")) << twice.error().what;
  const auto wrong = parse("<federation><peer domain='a.example'/></federation>");
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().what.contains("is a host or a room service")) << wrong.error().what;
}

TEST(FederationConfig, EmptyIsFederationWithSafeRules) {
  const Outcome outcome = with("");
  ASSERT_TRUE(outcome.policy) << outcome.mistake;
  EXPECT_EQ(outcome.policy->rules("example.org", "example.net"), s2s::PairRules());
  EXPECT_TRUE(outcome.policy->allows("example.org", "example.net"));
  EXPECT_FALSE(outcome.policy->dns());
  EXPECT_TRUE(outcome.config.listeners.empty());
}

TEST(FederationConfig, ReadsEverySetting) {
  const Outcome outcome = with(
      "certificate='dialback' encryption='optional' direction='outgoing' private-addresses='true' "
      "max-stanza-bytes='100000' stanzas-per-second='7' bytes-per-second='8000' dns-address='127.0.0.1' "
      "dns-port='5353' max-domains='1' max-links='2' queue-stanzas='3' queue-bytes='100001' message-seconds='4' "
      "request-seconds='5' ticket-ms='6' first-retry-seconds='7' last-retry-seconds='8' domain-idle-seconds='9' "
      "dns-seconds='10' connect-seconds='11' negotiation-seconds='12' verification-seconds='13' idle-seconds='14' "
      "sm-answer-seconds='15' resumption-seconds='16'",
      "<listen address='::' port='5269'/><listen address='0.0.0.0' tls='direct'/>"
      "<peer domain='Example.NET' certificate='dialback' encryption='required' address='192.0.2.1' tls='direct'/>"
      "<peer domain='*.example.net' direction='none'/>"
      "<host domain='example.org' direction='both'><peer domain='example.net' address='xmpp.example.net' port='1'/>"
      "</host><host domain='conference.example.org' max-stanza-bytes='20000'/>");
  ASSERT_TRUE(outcome.policy) << outcome.mistake;
  const s2s::Policy& policy = *outcome.policy;
  EXPECT_EQ(policy.dns(), (s2s::DnsServer{"127.0.0.1", 5353}));
  ASSERT_EQ(outcome.config.listeners.size(), 2u);
  EXPECT_EQ(outcome.config.listeners[1].port, 5270);
  EXPECT_TRUE(outcome.config.listeners[1].direct_tls);
  const s2s::PairRules any = policy.rules("conference.example.org", "example.com");
  EXPECT_FALSE(any.encryption);
  EXPECT_EQ(any.certificate, Certificate::dialback);
  EXPECT_TRUE(any.may_open() && !any.may_come() && any.private_addresses);
  EXPECT_EQ(any.max_stanza_bytes, 20000u);
  EXPECT_EQ(any.stanzas_per_second, 7u);
  EXPECT_EQ(any.bytes_per_second, 8000u);
  const s2s::PairRules peer = policy.rules("conference.example.org", "example.net");
  EXPECT_TRUE(peer.encryption);
  EXPECT_EQ(peer.certificate, Certificate::dialback);
  EXPECT_EQ(peer.address, (s2s::ForcedAddress{"192.0.2.1", 5270, true}));
  const s2s::PairRules closest = policy.rules("example.org", "example.net");
  EXPECT_EQ(closest.address, (s2s::ForcedAddress{"xmpp.example.net", 1}));
  EXPECT_TRUE(closest.may_come());
  EXPECT_FALSE(policy.rules("example.org", "chat.example.net").may_open());
  const s2s::Limits& limits = policy.limits();
  EXPECT_EQ(limits.max_domains, 1u);
  EXPECT_EQ(limits.max_links, 2u);
  EXPECT_EQ(limits.queue_stanzas, 3u);
  EXPECT_EQ(limits.queue_bytes, 100001u);
  EXPECT_EQ(limits.ticket, std::chrono::milliseconds(6));
  const std::chrono::seconds times[]{limits.message,      limits.request, limits.first_retry, limits.last_retry,
                                     limits.domain_idle,  limits.dns,     limits.connect,     limits.negotiation,
                                     limits.verification, limits.idle,    limits.sm_answer,   limits.resumption};
  const int expected[]{4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  for (std::size_t i = 0; i < std::size(times); ++i) EXPECT_EQ(times[i].count(), expected[i]) << i;
}

TEST(FederationConfig, MistakesAreNamedWithLineElementAndRemedy) {
  const struct {
    std::string attributes, inner, complaint;
  } rows[] = {
      {"encryption='yes'", "", "exedra.xml:1: <federation>: 'encryption' is 'yes'; choose one of: required, optional"},
      {"encryption='optional'", "", "<federation>: a peer without encryption shows no certificate; add certificate="},
      {"certificate='any'", "", "<federation>: 'certificate' is 'any'; choose one of: valid, pinned, dialback"},
      {"colour='red'", "", "<federation>: unknown attribute 'colour'"},
      {"queue-bytes='70000'", "", "<federation>: 'queue-bytes' has no room for one stanza"},
      {"last-retry-seconds='4'", "", "<federation>: 'last-retry-seconds' is less than 'first-retry-seconds'; give at"},
      {"message-seconds='0'", "", "<federation>: 'message-seconds' is '0'; give a whole number from 1 to 604800"},
      {"max-stanza-bytes='9999'", "", "<federation>: 'max-stanza-bytes' is '9999'; give a whole number from 10000"},
      {"bytes-per-second='5'", "", "<federation>: 'bytes-per-second' is less than 1000; give more, or 0"},
      {"dns-port='53'", "", "<federation>: 'dns-port' belongs to a 'dns-address'; add one"},
      {"dns-address='dns.example.net'", "", "<federation>: 'dns-address' is 'dns.example.net'; give an IP address"},
      {"allow-file=''", "", "<federation>: the attribute 'allow-file' is missing; add it"},
      {"allow-file='friends'", "", "<federation>: reading /nowhere/friends: No such file or directory; correct"},
      {"", "<domain/>", "exedra.xml:2: <domain>: unknown here; inside <federation> may stand: listen, peer, host"},
      {"", "<peer/>", "exedra.xml:2: <peer>: the attribute 'domain' is missing; add it"},
      {"", "<peer domain='a@b'/>", "<peer>: 'a@b' is no domain; write example.net, or *.example.net"},
      {"", "<peer domain='*.'/>", "<peer>: '*.' is no domain"},
      {"", "<peer domain='a.*'/>", "<peer>: 'a.*' is no domain"},
      {"", "<peer domain='a.b' port='1'/>", "<peer>: 'port' and 'tls' belong to an 'address'"},
      {"", "<peer domain='a.b' address='a b'/>", "<peer>: 'address' is 'a b'; give an IP address or the name"},
      {"", "<peer domain='a.b' encryption='optional'/>", "<peer>: a peer without encryption shows no certificate"},
      {"", "<peer domain='a.b'/><peer domain='A.b'/>", "<peer>: the peer 'a.b' stands twice; remove one"},
      {"", "<peer domain='Example.org'/>", "<peer>: 'example.org' is a host or a room service of this server"},
      {"", "<host domain='example.net'/>", "<host>: 'example.net' is no host and no room service of this server"},
      {"", "<host domain='example.org'><peer domain='conference.example.org'/></host>", "<peer>: 'conference.example"},
      {"", "<host domain='example.org'/><host domain='example.org'/>", "<host>: the host 'example.org' stands twice"},
      {"", "<host domain='example.org' dns-port='1'/>", "<host>: unknown attribute 'dns-port'"},
      {"", "<listen port='0'/><listen port='0'/><listen port='5222'/>", "<listen>: 127.0.0.1 port 5222 stands twice"},
  };
  for (const auto& row : rows) {
    const Outcome outcome = with(row.attributes, row.inner);
    EXPECT_TRUE(outcome.mistake.contains(row.complaint)) << row.complaint << "\n" << outcome.mistake;
  }
}

class FederationListsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "exedra-lists-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  Outcome load(const std::string& attributes) const {
    return read("<federation xmlns='urn:exedra:config:1' " + attributes + "/>", folder_);
  }

  std::filesystem::path folder_;
};

TEST_F(FederationListsTest, OneDomainALineWithCommentsAndStars) {
  write("block", "# spammers\n\n  Bad.Example \r\n*.worse.example # and all below\nb\u00fccher.example\n");
  write("allow", "*.example\n");
  const Outcome outcome = load("block-file='block' allow-file='allow'");
  ASSERT_TRUE(outcome.policy) << outcome.mistake;
  for (const char* blocked : {"bad.example", "a.worse.example", "b\u00fccher.example", "example.net"})
    EXPECT_FALSE(outcome.policy->allows("example.org", blocked)) << blocked;
  for (const char* allowed : {"good.example", "worse.example", "sub.bad.example"})
    EXPECT_TRUE(outcome.policy->allows("example.org", allowed)) << allowed;
}

TEST_F(FederationListsTest, AnEmptyAllowListIsNobody) {
  write("allow", "# nobody yet\n");
  EXPECT_FALSE(load("allow-file='allow'").policy->allows("example.org", "example.net"));
}

TEST_F(FederationListsTest, AMistakeIsNamedWithItsLine) {
  write("block", "good.example\nnot a domain\n");
  const Outcome outcome = load("block-file='block'");
  EXPECT_TRUE(outcome.mistake.contains("block:2: 'not a domain' is no domain; write one a line")) << outcome.mistake;
}

TEST(FederationConfig, TheExampleIsRead) {
  std::ostringstream text;
  text << std::ifstream(std::string(EXEDRA_SOURCE_DIR) + "/docs/federation.example.xml").rdbuf();
  const Outcome outcome = read(text.str());
  EXPECT_TRUE(outcome.policy) << outcome.mistake;
}

}  // namespace
