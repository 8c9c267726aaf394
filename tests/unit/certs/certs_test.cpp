// Certificates on disk: made, judged, chosen, reloaded.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "certs/store.h"

namespace {

using namespace std::chrono_literals;
const base::WallTime now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());

class Certs : public testing::Test {
 protected:
  Certs() {
    char name[] = "/tmp/certs_test.XXXXXX";
    dir_ = mkdtemp(name);
  }
  ~Certs() override { std::filesystem::remove_all(dir_); }

  certs::Files files(const std::string& name) const { return {dir_ + "/" + name + ".crt", dir_ + "/" + name + ".key"}; }
  certs::Files make(const std::string& host, int days = 30) const {
    const certs::Files made = files(host);
    EXPECT_TRUE(certs::create_self_signed(host, made, now, days));
    return made;
  }
  static void put(const std::string& path, std::string_view text) { std::ofstream(path) << text; }

  std::string dir_;
};

TEST_F(Certs, CreatesWhatItLoads) {
  const auto made = make("example.org");
  struct stat info{};
  ASSERT_EQ(stat(made.key.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  std::vector<certs::Problem> problems;
  const auto pair = certs::load_pair(made, "example.org", now, problems);
  ASSERT_TRUE(pair);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(EVP_PKEY_get_base_id(pair->key.get()), EVP_PKEY_EC);
  EXPECT_TRUE(certs::names_host(*pair->certificate, "EXAMPLE.org"));
  EXPECT_FALSE(certs::names_host(*pair->certificate, "example.com"));
  EXPECT_NEAR(double((certs::expiry(*pair->certificate) - now) / 1s), 30 * 86400, 2);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_), {}), 2);
}

TEST_F(Certs, CreatesForSeveralNames) {
  const certs::Files made = files("example.org");
  ASSERT_TRUE(certs::create_self_signed("example.org", made, now, 30, {"conference.example.org"}));
  std::vector<certs::Problem> problems;
  const auto pair = certs::load_pair(made, "conference.example.org", now, problems);
  ASSERT_TRUE(pair);
  EXPECT_TRUE(problems.empty());
  EXPECT_TRUE(certs::names_host(*pair->certificate, "example.org"));
  EXPECT_FALSE(certs::names_host(*pair->certificate, "proxy.example.org"));
}

TEST_F(Certs, EndPointHashFollowsTheSignature) {
  for (const auto& [digest, size] : {std::pair{EVP_sha256(), 32U}, {EVP_sha1(), 32U}, {EVP_sha384(), 48U}}) {
    const auto made = make("example.org");
    std::vector<certs::Problem> problems;
    const auto pair = certs::load_pair(made, "example.org", now, problems);
    ASSERT_TRUE(pair);
    ASSERT_GT(X509_sign(pair->certificate.get(), pair->key.get(), digest), 0);
    EXPECT_EQ(certs::end_point_hash(*pair->certificate).size(), size);
  }
}

TEST_F(Certs, SaysWhatIsWrong) {
  using certs::Fault;
  const auto good = make("a.example");
  const auto other = make("b.example");
  const auto old = make("c.example", -1);
  put(dir_ + "/text", "no pem here");
  struct Case {
    certs::Files files;
    Fault fault;
    std::string file;
  };
  const Case cases[] = {
      {{dir_ + "/none", good.key}, Fault::missing, dir_ + "/none"},
      {{good.certificate, dir_ + "/none"}, Fault::missing, dir_ + "/none"},
      {{dir_, good.key}, Fault::unreadable, dir_},
      {{dir_ + "/text", good.key}, Fault::no_certificate, dir_ + "/text"},
      {{good.key, good.key}, Fault::no_certificate, good.key},
      {{good.certificate, good.certificate}, Fault::no_key, good.certificate},
      {{good.certificate, other.key}, Fault::key_mismatch, other.key},
      {other, Fault::host_not_named, other.certificate},
  };
  for (const Case& each : cases) {
    std::vector<certs::Problem> problems;
    const auto pair = certs::load_pair(each.files, "a.example", now, problems);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].fault, each.fault) << problems[0].text();
    EXPECT_EQ(problems[0].file, each.file);
    EXPECT_EQ(bool(pair), problems[0].warning());
  }
  std::vector<certs::Problem> problems;
  EXPECT_TRUE(certs::load_pair(old, "c.example", now, problems));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].fault, Fault::expired);
}

TEST_F(Certs, LoadsRsaAndRefusesEd25519) {
  for (const bool rsa : {true, false}) {
    const certs::KeyPtr key(rsa ? EVP_RSA_gen(2048) : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const auto made = make("a.example");
    std::vector<certs::Problem> problems;
    auto pair = certs::load_pair(made, "a.example", now, problems);
    X509_set_pubkey(pair->certificate.get(), key.get());
    X509_sign(pair->certificate.get(), key.get(), rsa ? EVP_sha256() : nullptr);
    std::FILE* out = std::fopen(made.certificate.c_str(), "w");
    PEM_write_X509(out, pair->certificate.get());
    std::fclose(out);
    out = std::fopen(made.key.c_str(), "w");
    PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(out);
    EXPECT_EQ(bool(certs::load_pair(made, "a.example", now, problems)), rsa);
    if (!rsa) {
      EXPECT_EQ(problems.at(0).fault, certs::Fault::unsupported_key);
    }
  }
}

TEST_F(Certs, StoreChoosesByHost) {
  std::vector<certs::Problem> problems;
  auto store = certs::Store::load(
      {{"bad.example", files("bad")}, {"a.example", make("a.example")}, {"b.example", make("b.example")}},
      {"xmpp-client"}, now, problems);
  ASSERT_TRUE(store);
  EXPECT_EQ(problems.size(), 2U);  // both files of bad.example
  EXPECT_NE((*store)->choose("a.example"), (*store)->choose("B.example"));
  EXPECT_EQ((*store)->choose("a.example"), (*store)->choose("elsewhere.example"));
  EXPECT_FALSE(certs::Store::load({{"bad.example", files("bad")}}, {}, now, problems));
}

TEST_F(Certs, ReloadTakesTheNewAndKeepsTheOldOnFailure) {
  std::vector<certs::Problem> problems;
  const auto made = make("a.example");
  const auto first = *certs::Store::load({{"a.example", made}, {"b.example", make("b.example")}}, {}, now, problems);
  const auto same = first->reload(now, problems);
  EXPECT_EQ(same->choose("a.example"), first->choose("a.example"));
  make("a.example", 60);
  const auto second = first->reload(now, problems);
  EXPECT_NE(second->choose("a.example"), first->choose("a.example"));
  EXPECT_EQ(second->choose("b.example"), first->choose("b.example"));
  EXPECT_GT(second->choose("a.example")->expires(), first->choose("a.example")->expires());
  EXPECT_TRUE(problems.empty());
  put(made.certificate, "broken");
  const auto third = second->reload(now, problems);
  EXPECT_EQ(third->choose("a.example"), second->choose("a.example"));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].fault, certs::Fault::no_certificate);
}

}  // namespace
