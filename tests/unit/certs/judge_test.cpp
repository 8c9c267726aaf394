// Whom a certificate names and whether it is believed (SECURITY F04).
#include "certs/judge.h"

#include <cstdlib>
#include <filesystem>

#include "certs/authorities.h"
#include "unit/certs/minting.h"

namespace {

using namespace minting;
const base::WallTime now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());

TEST(Judge, NamesADomain) {
  struct Case {
    Name kind;
    std::string shown, domain;
    bool named;
    std::string ascii = {};
  };
  const std::string nul("example.org\0.evil.example", 25);
  const Case cases[] = {
      {Name::dns, "example.org", "example.org", true},
      {Name::dns, "EXAMPLE.org", "example.org", true},
      {Name::dns, "example.com", "example.org", false},
      {Name::dns, "chat.example.org", "example.org", false},
      {Name::dns, "example.org", "chat.example.org", false},
      {Name::dns, "*.example.org", "chat.example.org", true},
      {Name::dns, "*.example.org", "example.org", false},
      {Name::dns, "*.example.org", "a.chat.example.org", false},
      {Name::dns, "*.example.org", ".example.org", false},
      {Name::dns, "*.*.example.org", "a.chat.example.org", false},
      {Name::dns, "ch*.example.org", "chat.example.org", false},
      {Name::dns, "*", "example", false},
      {Name::dns, "*.org", "example.org", false},
      {Name::dns, "*.0.0.1", "127.0.0.1", false},
      {Name::dns, "", "example.org", false},
      {Name::dns, "example.org", "", false},
      {Name::dns, nul, "example.org", false},
      {Name::dns, "_xmpp-server.example.org", "example.org", false},
      {Name::dns, "xn--mnchen-3ya.example", "m\u00fcnchen.example", true, "xn--mnchen-3ya.example"},
      {Name::dns, "m\u00fcnchen.example", "m\u00fcnchen.example", false, "xn--mnchen-3ya.example"},
      {Name::srv, "_xmpp-server.example.org", "example.org", true},
      {Name::srv, "_XMPP-server.example.ORG", "example.org", true},
      {Name::srv, "_xmpp-server.*.example.org", "chat.example.org", true},
      {Name::srv, "_xmpp-client.example.org", "example.org", false},
      {Name::srv, "example.org", "example.org", false},
      {Name::xmpp, "example.org", "example.org", true},
      {Name::xmpp, "m\u00fcnchen.example", "m\u00fcnchen.example", true, "xn--mnchen-3ya.example"},
      {Name::xmpp, "*.example.org", "chat.example.org", false},
      {Name::xmpp, "romeo@example.org", "example.org", false},
      {Name::xmpp, nul, "example.org", false},
      {Name::uri, "example.org", "example.org", false},
  };
  for (const Case& each : cases) {
    const auto pair = mint({.names = {{Name::dns, "other.example"}, {each.kind, each.shown}}});
    EXPECT_EQ(certs::names_domain(*pair.certificate, {each.domain, each.ascii}), each.named)
        << each.shown << " for " << each.domain;
  }
  EXPECT_FALSE(certs::names_domain(*mint({.common_name = "example.org"}).certificate, {"example.org"}));
}

struct JudgeTest : testing::Test {
  JudgeTest() {
    char name[] = "/tmp/judge_test.XXXXXX";
    folder = mkdtemp(name);
    write_certificates(folder + "/root.crt", {root.certificate.get()});
    authorities = certs::Authorities::from(folder + "/root.crt").value();
  }
  ~JudgeTest() override { std::filesystem::remove_all(folder); }

  certs::Judgement judge(const certs::Pair& pair, const std::vector<certs::CertPtr>& chain = {}) const {
    return certs::judge({pair.certificate.get(), authorities->verify(*pair.certificate, chain, now)}, {"example.org"},
                        now);
  }

  const certs::Pair root = mint({.common_name = "root", .authority = true});
  const Wish good = {.names = {{Name::dns, "example.org"}}};
  std::string folder;
  base::Ref<const certs::Authorities> authorities;
};

TEST_F(JudgeTest, TakesWhatAnAuthoritySigned) {
  const auto made = judge(mint(good, &root));
  EXPECT_TRUE(made.valid());
  EXPECT_EQ(made.reason, "");
  EXPECT_FALSE(made.self_signed);
  EXPECT_EQ(certs::issuer(*mint(good, &root).certificate), "/CN=root");
}

TEST_F(JudgeTest, FollowsTheChainThatWasShown) {
  certs::Pair between = mint({.common_name = "between", .authority = true}, &root);
  const certs::Pair leaf = mint(good, &between);
  EXPECT_FALSE(judge(leaf).valid());
  std::vector<certs::CertPtr> chain;
  chain.push_back(std::move(between.certificate));
  EXPECT_TRUE(judge(leaf, chain).valid());
}

TEST_F(JudgeTest, F04RefusesTheOthers) {
  const certs::Pair stranger = mint({.common_name = "stranger", .authority = true});
  const certs::Pair no_authority = mint(good, &root);
  Wish other = good, old = good, future = good, signing = good;
  other.names = {{Name::dns, "example.com"}};
  old.until = -60;
  future.from = 3600;
  signing.use = "codeSigning";
  struct Findings {
    bool named = true, in_time = true, fit = true, believed = true, self_signed = false;
  };
  struct Case {
    certs::Pair pair;
    std::string reason;
    Findings found;
  };
  const Case cases[] = {
      {mint(other, &root), "the certificate does not name example.org", {.named = false}},
      {mint(old, &root), "the certificate has expired or is not valid yet", {.in_time = false, .believed = false}},
      {mint(future, &root), "the certificate has expired or is not valid yet", {.in_time = false, .believed = false}},
      {mint(signing, &root), "the certificate is not meant for TLS", {.fit = false}},
      {mint(good, &stranger),
       "the certificate is not believed: unable to get local issuer certificate",
       {.believed = false}},
      {mint(good),
       "the certificate is not believed: self-signed certificate",
       {.believed = false, .self_signed = true}},
      {mint(good, &no_authority), "", {.believed = false}},
  };
  for (const Case& each : cases) {
    const auto made = judge(each.pair);
    EXPECT_FALSE(made.valid()) << each.reason;
    if (!each.reason.empty()) {
      EXPECT_EQ(made.reason, each.reason);
    }
    EXPECT_EQ(made.named, each.found.named) << each.reason;
    EXPECT_EQ(made.in_time, each.found.in_time) << each.reason;
    EXPECT_EQ(made.fit, each.found.fit) << each.reason;
    EXPECT_EQ(made.believed, each.found.believed) << each.reason;
    EXPECT_EQ(made.self_signed, each.found.self_signed) << each.reason;
  }
  EXPECT_EQ(certs::judge({}, {"example.org"}, now).reason, "the peer showed no certificate");
}

TEST_F(JudgeTest, WhatIsForClientsOrServersAloneServesBoth) {
  for (const char* use : {"serverAuth", "clientAuth"}) {
    Wish wish = good;
    wish.use = use;
    EXPECT_TRUE(judge(mint(wish, &root)).valid()) << use;
  }
}

TEST_F(JudgeTest, AnAuthorityMayBeTheCertificateItself) {
  const certs::Pair own = mint(good);
  write_certificates(folder + "/own.crt", {own.certificate.get()});
  authorities = certs::Authorities::from(folder + "/own.crt").value();
  EXPECT_TRUE(judge(own).valid());
  EXPECT_FALSE(certs::Authorities::from(folder + "/none"));
  EXPECT_TRUE(certs::Authorities::system());
}

}  // namespace
