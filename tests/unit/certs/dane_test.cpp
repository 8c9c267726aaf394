// TLSA records against the certificates that a server shows (RFC 6698, RFC 7671, RFC 7673).
#include "certs/dane.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include "unit/certs/minting.h"

namespace {

using namespace minting;
using certs::DaneVerdict;
const base::WallTime now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());

std::string matched(int matching, const std::string& data) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  unsigned char digest[SHA512_DIGEST_LENGTH];
  if (matching == 1) return {reinterpret_cast<char*>(SHA256(bytes, data.size(), digest)), SHA256_DIGEST_LENGTH};
  if (matching == 2) return {reinterpret_cast<char*>(SHA512(bytes, data.size(), digest)), SHA512_DIGEST_LENGTH};
  return data;
}

/// What a record has for this certificate.
std::string data_for(const certs::Pair& pair, int selector, int matching) {
  unsigned char* der = nullptr;
  const int size = selector == 0 ? i2d_X509(pair.certificate.get(), &der)
                                 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(pair.certificate.get()), &der);
  const std::string data(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return matched(matching, data);
}

struct Record {
  int usage, selector, matching;
  std::string data;
};
Record record(int usage, int selector, int matching, const certs::Pair& pair) {
  return {usage, selector, matching, data_for(pair, selector, matching)};
}

struct Dane : testing::Test {
  certs::DaneJudgement judge(const std::vector<Record>& records, const certs::Pair& pair,
                             const std::vector<const certs::Pair*>& shown = {}) const {
    std::vector<certs::TlsaRecord> given;
    for (const Record& each : records)
      given.push_back({static_cast<std::uint8_t>(each.usage), static_cast<std::uint8_t>(each.selector),
                       static_cast<std::uint8_t>(each.matching), each.data});
    std::vector<certs::CertPtr> chain;
    for (const certs::Pair* each : shown) {
      X509_up_ref(each->certificate.get());
      chain.emplace_back(each->certificate.get());
    }
    return certs::judge_by_dane(given, *pair.certificate, chain, names, now);
  }
  DaneVerdict verdict(const std::vector<Record>& records, const certs::Pair& pair,
                      const std::vector<const certs::Pair*>& shown = {}) const {
    return judge(records, pair, shown).verdict;
  }

  const std::vector<certs::PeerName> names = {{"example.org"}, {"xmpp.example.net"}};
  const certs::Pair root = mint({.common_name = "root", .authority = true});
  const certs::Pair between = mint({.common_name = "between", .authority = true}, &root);
  const certs::Pair leaf = mint({.names = {{Name::dns, "example.org"}}}, &between);
  const certs::Pair stranger = mint({.names = {{Name::dns, "example.org"}}, .authority = true});
};

TEST_F(Dane, EachWayToSayWhoTheServerIs) {
  for (const int selector : {0, 1}) {
    for (const int matching : {0, 1, 2}) {
      SCOPED_TRACE(std::to_string(selector) + " " + std::to_string(matching));
      EXPECT_EQ(verdict({record(3, selector, matching, leaf)}, leaf), DaneVerdict::proven);
      EXPECT_EQ(verdict({record(3, selector, matching, leaf)}, leaf, {&between, &root}), DaneVerdict::proven);
      EXPECT_EQ(verdict({record(3, selector, matching, stranger)}, leaf), DaneVerdict::refuted);
      EXPECT_EQ(verdict({record(3, selector, matching, between)}, leaf, {&between}), DaneVerdict::refuted);
      EXPECT_EQ(verdict({record(3, selector, matching, stranger), record(3, selector, matching, leaf)}, leaf),
                DaneVerdict::proven);
    }
  }
}

TEST_F(Dane, EachWayToSayWhoSignedIt) {
  for (const int selector : {0, 1}) {
    for (const int matching : {0, 1, 2}) {
      SCOPED_TRACE(std::to_string(selector) + " " + std::to_string(matching));
      EXPECT_EQ(verdict({record(2, selector, matching, root)}, leaf, {&between, &root}), DaneVerdict::proven);
      EXPECT_EQ(verdict({record(2, selector, matching, between)}, leaf, {&between}), DaneVerdict::proven);
      EXPECT_EQ(verdict({record(2, selector, matching, root)}, leaf, {&between}),
                matching == 0 ? DaneVerdict::proven : DaneVerdict::refuted)
          << "not shown: only a record that has all of it will do (RFC 7671 section 5.2.2)";
      EXPECT_EQ(verdict({record(2, selector, matching, stranger)}, leaf, {&between, &root}), DaneVerdict::refuted);
      EXPECT_EQ(verdict({record(2, selector, matching, stranger)}, leaf, {&between, &stranger}), DaneVerdict::refuted);
      EXPECT_EQ(verdict({record(2, selector, matching, root)}, leaf, {&root}), DaneVerdict::refuted) << "a gap";
    }
  }
}

// RFC 7671 sections 5.1 and 5.2: what DANE-EE says of a server stands for itself; below DANE-TA certificates count.
TEST_F(Dane, NamesAndDatesCountBelowAnAuthorityOnly) {
  struct Case {
    Wish wish;
    std::string reason;
  };
  const Case cases[] = {
      {{.names = {{Name::dns, "example.com"}}}, "the certificate names neither the domain nor its server"},
      {{.common_name = "example.org"}, "the certificate names neither the domain nor its server"},
      {{.names = {{Name::dns, "example.org"}}, .until = -60},
       "the certificate is not what the TLSA records say: certificate has expired"},
      {{.names = {{Name::dns, "example.org"}}, .from = 3600},
       "the certificate is not what the TLSA records say: certificate is not yet valid"},
      {{.names = {{Name::dns, "example.org"}}}, ""},
      {{.names = {{Name::srv, "_xmpp-server.example.org"}}}, ""},
      {{.names = {{Name::xmpp, "example.org"}}}, ""},
      {{.names = {{Name::dns, "xmpp.example.net"}}}, ""},
      {{.names = {{Name::dns, "*.example.net"}}}, ""},
  };
  for (const Case& each : cases) {
    const certs::Pair pair = mint(each.wish, &root);
    const auto made = judge({record(2, 1, 1, root)}, pair, {&root});
    EXPECT_EQ(made.reason, each.reason);
    EXPECT_EQ(made.verdict, each.reason.empty() ? DaneVerdict::proven : DaneVerdict::refuted);
    EXPECT_EQ(verdict({record(3, 1, 1, pair)}, pair, {&root}), DaneVerdict::proven) << each.reason;
    EXPECT_EQ(verdict({record(2, 1, 1, root), record(3, 1, 1, pair)}, pair, {&root}), DaneVerdict::proven);
  }
}

TEST_F(Dane, OfWhatCannotBeUsedNothingFollows) {
  const Record unusable[] = {
      record(0, 0, 1, root),
      record(1, 0, 1, leaf),
      record(4, 0, 1, leaf),
      record(255, 1, 1, leaf),
      {3, 2, 1, data_for(leaf, 1, 1)},
      {3, 1, 3, data_for(leaf, 1, 1)},
      {3, 1, 1, data_for(leaf, 1, 1).substr(1)},
      {3, 1, 2, data_for(leaf, 1, 1)},
      {3, 1, 1, ""},
      {3, 0, 0, ""},
      {3, 0, 0, "no certificate"},
      {3, 1, 0, "no key"},
      {2, 0, 0, data_for(leaf, 0, 0).substr(0, 100)},
      {2, 0, 0, data_for(root, 0, 0) + "more"},
  };
  EXPECT_EQ(verdict({}, leaf), DaneVerdict::silent);
  for (const Record& each : unusable) {
    SCOPED_TRACE(std::to_string(each.usage) + " " + std::to_string(each.selector) + " " +
                 std::to_string(each.matching) + " of " + std::to_string(each.data.size()));
    EXPECT_EQ(verdict({each}, leaf, {&between, &root}), DaneVerdict::silent);
    EXPECT_EQ(verdict({each, record(3, 1, 1, leaf)}, leaf), DaneVerdict::proven);
    EXPECT_EQ(verdict({each, record(3, 1, 1, stranger)}, leaf), DaneVerdict::refuted);
  }
  EXPECT_EQ(verdict({unusable, std::end(unusable)}, leaf), DaneVerdict::silent);
}

// RFC 7671 section 9: who breaks SHA-256 must not get past a SHA-512 that is there too.
TEST_F(Dane, OnlyTheStrongestDigestCounts) {
  EXPECT_EQ(verdict({record(3, 1, 1, leaf), record(3, 1, 2, stranger)}, leaf), DaneVerdict::refuted);
  EXPECT_EQ(verdict({record(3, 1, 1, stranger), record(3, 1, 2, leaf)}, leaf), DaneVerdict::proven);
  EXPECT_EQ(verdict({record(3, 1, 1, leaf), record(3, 0, 2, stranger)}, leaf), DaneVerdict::proven) << "of a selector";
}

// A signature of the authority's is what counts, and not its name.
TEST_F(Dane, AnAuthorityOfTheSameNameIsAnother) {
  const certs::Pair twin = mint({.common_name = "root", .authority = true});
  const certs::Pair forged = mint({.names = {{Name::dns, "example.org"}}}, &twin);
  EXPECT_EQ(verdict({record(2, 1, 1, root)}, forged, {&root}), DaneVerdict::refuted);
  EXPECT_EQ(verdict({record(2, 0, 0, root)}, forged), DaneVerdict::refuted);
  EXPECT_EQ(verdict({record(2, 1, 0, root)}, forged, {&twin}), DaneVerdict::refuted);
  const certs::Pair no_authority = mint({.names = {{Name::dns, "example.org"}}}, &leaf);
  EXPECT_EQ(verdict({record(2, 1, 1, root)}, no_authority, {&leaf, &between, &root}), DaneVerdict::refuted);
}

}  // namespace
