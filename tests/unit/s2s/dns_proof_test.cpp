// What the DNS proves of a server's certificate, judged behind a handshake (RFC 7673).
#include "s2s/dns_proof.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <stdexcept>

#include "certs/pair.h"
#include "net/tls.h"
#include "unit/certs/minting.h"

namespace {

using certs::DaneVerdict;
using minting::Name;

std::string bytes_of(std::string_view hexadecimal) {
  std::string bytes;
  for (std::size_t at = 0; at < hexadecimal.size(); at += 2) {
    unsigned value = 0;
    std::from_chars(hexadecimal.data() + at, hexadecimal.data() + at + 2, value, 16);
    bytes += static_cast<char>(value);
  }
  return bytes;
}

struct DnsProofTest : testing::Test {
  DnsProofTest() {
    char name[] = "/tmp/dns_proof_test.XXXXXX";
    if (mkdtemp(name) == nullptr) throw std::runtime_error("no folder");
    folder = name;
    const certs::Files files{folder + "/pair.crt", folder + "/pair.key"};
    minting::write_certificates(files.certificate, {pair.certificate.get(), root.certificate.get()});
    minting::write_key(files.key, *pair.key);
    std::vector<certs::Problem> problems;
    store = certs::Store::load({{"example.org", files}}, {}, now, problems).value();
    minting::write_certificates(folder + "/other.crt", {minting::mint({.authority = true}).certificate.get()});
    trust = net::TlsTrust::judged_later(certs::Authorities::from(folder + "/other.crt").value()).value();
    client = std::make_unique<net::TlsEngine>(net::TlsCall{.trust = trust, .host = "example.org"});
    server = std::make_unique<net::TlsEngine>(store, "example.org");
    for (int i = 0; i < 4; ++i) {
      step(*client, *server, sent[0]);
      step(*server, *client, sent[1]);
    }
  }
  ~DnsProofTest() override { std::filesystem::remove_all(folder); }

  static void step(net::TlsEngine& from, net::TlsEngine& to, std::string& carried) {
    if (!from.open()) from.handshake();
    carried = std::exchange(from.output(), {});
    to.give(std::as_bytes(std::span(carried)));
  }

  DaneVerdict judge(std::vector<net::Tlsa> records, const std::string& host = "xmpp.example.org") const {
    return s2s::judge({host, std::move(records)}, *client, {.domain = "example.org"}, now).verdict;
  }

  const base::WallTime now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  const certs::Pair root = minting::mint({.common_name = "root", .authority = true});
  const certs::Pair pair = minting::mint({.names = {{Name::dns, "xmpp.example.org"}}}, &root);
  std::string folder;
  base::Ref<certs::Store> store;
  base::Ref<const net::TlsTrust> trust;
  std::unique_ptr<net::TlsEngine> client, server;
  std::array<std::string, 2> sent;
};

TEST_F(DnsProofTest, TheRecordsDecide) {
  ASSERT_TRUE(client->open());
  ASSERT_EQ(client->chain().size(), 2U);
  const std::string key = bytes_of(certs::key_fingerprint(*pair.certificate));
  const std::string own = bytes_of(certs::fingerprint(*pair.certificate));
  const std::string authority = bytes_of(certs::fingerprint(*root.certificate));
  const std::string other(32, 'x');
  EXPECT_EQ(judge({}), DaneVerdict::silent);
  EXPECT_EQ(judge({{3, 1, 1, key}}), DaneVerdict::proven);
  EXPECT_EQ(judge({{3, 0, 1, own}}), DaneVerdict::proven);
  EXPECT_EQ(judge({{3, 1, 1, other}}), DaneVerdict::refuted);
  EXPECT_EQ(judge({{3, 1, 1, other}, {3, 1, 1, key}}), DaneVerdict::proven);
  EXPECT_EQ(judge({{2, 0, 1, authority}}), DaneVerdict::proven);
  EXPECT_EQ(judge({{2, 0, 1, authority}}, "xmpp.example.com"), DaneVerdict::refuted);
  EXPECT_EQ(judge({{1, 0, 1, own}}), DaneVerdict::silent);
}

TEST_F(DnsProofTest, BeforeAHandshakeNothingIsProven) {
  const net::TlsEngine early(net::TlsCall{.trust = trust, .host = "example.org"});
  const net::Tlsa record{3, 1, 1, bytes_of(certs::key_fingerprint(*pair.certificate))};
  EXPECT_EQ(s2s::judge({"xmpp.example.org", {record}}, early, {.domain = "example.org"}, now).verdict,
            DaneVerdict::silent);
  EXPECT_TRUE(early.chain().empty());
}

}  // namespace
