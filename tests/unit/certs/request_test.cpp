// Requests for certificates, as OpenSSL's own program reads them, and how soon certificates expire.
#include "certs/request.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "certs/expiry.h"
#include "certs/names.h"
#include "unit/certs/minting.h"

namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::seconds;

struct RequestTest : testing::Test {
  RequestTest() {
    char name[] = "/tmp/request_test.XXXXXX";
    folder = mkdtemp(name);
    files = certs::request_files({folder + "/example.org.crt", folder + "/example.org.key"});
  }
  ~RequestTest() override { std::filesystem::remove_all(folder); }

  /// What OpenSSL's program says.
  static std::string openssl(const std::string& command) {
    std::FILE* program = popen(("openssl " + command + " 2>&1").c_str(), "r");
    std::string text;
    std::array<char, 4096> some{};
    while (const std::size_t got = std::fread(some.data(), 1, some.size(), program)) text.append(some.data(), got);
    EXPECT_EQ(pclose(program), 0) << text;
    return text;
  }
  static std::string content(const std::string& path) {
    std::ostringstream all;
    all << std::ifstream(path).rdbuf();
    return all.str();
  }

  std::string folder;
  certs::RequestFiles files;
};

TEST_F(RequestTest, LiesBesideThePair) {
  struct Case {
    std::string certificate, request, key;
  };
  for (const Case& each :
       {Case{"/a/x.crt", "/a/x.csr", "/a/x.request.key"},
        Case{"/a.b/fullchain", "/a.b/fullchain.csr", "/a.b/fullchain.request.key"},
        Case{"/a/.pem", "/a/.pem.csr", "/a/.pem.request.key"}, Case{"x.y.pem", "x.y.csr", "x.y.request.key"}}) {
    const auto made = certs::request_files({each.certificate, "/elsewhere/x.key"});
    EXPECT_EQ(made.request, each.request);
    EXPECT_EQ(made.key, each.key);
  }
}

TEST_F(RequestTest, OpensslReadsIt) {
  const certs::Wanted wanted{.names = {{"m\u00fcnchen.example", "xn--mnchen-3ya.example"}, {"conference.example.org"}}};
  ASSERT_TRUE(certs::create_request(wanted, files));
  EXPECT_NE(openssl("req -noout -verify -in " + files.request).find("verify OK"), std::string::npos);
  const std::string text = openssl("req -noout -text -nameopt RFC2253 -in " + files.request);
  for (const std::string part : {"CN=xn--mnchen-3ya.example", "id-ecPublicKey", "DNS:xn--mnchen-3ya.example",
                                 "DNS:conference.example.org", "SRVName", "XmppAddr", "ecdsa-with-SHA256"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in " << text;
  EXPECT_EQ(openssl("req -noout -pubkey -in " + files.request), openssl("pkey -pubout -in " + files.key));
}

/// The names of a request, by a certificate that copies them.
std::vector<std::string> names_in(const std::string& path) {
  std::FILE* in = std::fopen(path.c_str(), "r");
  X509_REQ* request = PEM_read_X509_REQ(in, nullptr, nullptr, nullptr);
  std::fclose(in);
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request);
  const certs::CertPtr copy(X509_new());
  for (int i = 0; i < sk_X509_EXTENSION_num(extensions); ++i)
    X509_add_ext(copy.get(), sk_X509_EXTENSION_value(extensions, i), -1);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  X509_REQ_free(request);
  return certs::names_of(*copy);
}

// RFC 6120 13.7.1.2.1.
TEST_F(RequestTest, NamesWhatFederationAsksFor) {
  certs::Wanted wanted{.names = {{"m\u00fcnchen.example", "xn--mnchen-3ya.example"}, {"conference.example.org"}}};
  ASSERT_TRUE(certs::create_request(wanted, files));
  using Names = std::vector<std::string>;
  EXPECT_EQ(
      names_in(files.request),
      (Names{"xn--mnchen-3ya.example", "conference.example.org", "_xmpp-server.xn--mnchen-3ya.example",
             "_xmpp-client.xn--mnchen-3ya.example", "m\u00fcnchen.example", "_xmpp-server.conference.example.org"}));
  std::filesystem::remove(files.key);
  std::filesystem::remove(files.request);
  wanted.dns_only = true;
  ASSERT_TRUE(certs::create_request(wanted, files));
  EXPECT_EQ(names_in(files.request), (Names{"xn--mnchen-3ya.example", "conference.example.org"}));
}

TEST_F(RequestTest, KeyIsForItsOwnerOnly) {
  ASSERT_TRUE(certs::create_request({.names = {{"example.org"}}}, files));
  struct stat info{};
  ASSERT_EQ(stat(files.key.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2);
}

TEST_F(RequestTest, AnEarlierRequestIsNotLost) {
  ASSERT_TRUE(certs::create_request({.names = {{"example.org"}}}, files));
  const std::string key = content(files.key), request = content(files.request);
  const auto again = certs::create_request({.names = {{"example.org"}}}, files);
  ASSERT_FALSE(again);
  EXPECT_TRUE(again.error().what.starts_with(files.key + " is there already")) << again.error().what;
  EXPECT_EQ(content(files.key), key);
  EXPECT_EQ(content(files.request), request);
}

TEST_F(RequestTest, NeedsANameAndAFolder) {
  EXPECT_FALSE(certs::create_request({}, files));
  EXPECT_FALSE(certs::create_request({.names = {{"example.org"}}}, {folder + "/none/x.csr", folder + "/none/x.key"}));
  EXPECT_FALSE(certs::create_request({.names = {{"example.org"}}}, {folder + "/none/x.csr", folder + "/x.key"}));
  EXPECT_TRUE(std::filesystem::is_empty(folder)) << "no key without its request";
}

TEST_F(RequestTest, ALongNameIsInTheNamesOnly) {
  const std::string domain = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
  ASSERT_TRUE(certs::create_request({.names = {{domain}}, .dns_only = true}, files));
  EXPECT_EQ(names_in(files.request), std::vector{domain});
  EXPECT_EQ(openssl("req -noout -subject -in " + files.request).find("CN"), std::string::npos);
}

TEST(Names, OfAnyCertificateAreShown) {
  using minting::Name;
  const auto pair = minting::mint({.names = {{Name::dns, "example.org"},
                                             {Name::dns, "example.org"},
                                             {Name::srv, "_xmpp-server.example.org"},
                                             {Name::xmpp, "m\u00fcnchen.example"},
                                             {Name::uri, "http://example.org"},
                                             {Name::dns, std::string("a\0\n\x1b[2J", 7)}}});
  EXPECT_EQ(certs::names_of(*pair.certificate),
            (std::vector<std::string>{"example.org", "_xmpp-server.example.org", "m\u00fcnchen.example", "a???[2J"}));
  EXPECT_TRUE(certs::names_of(*minting::mint({}).certificate).empty());
}

TEST(Expiry, IsToldInTime) {
  using certs::Urgency;
  const base::WallTime expires = std::chrono::sys_days(std::chrono::year(2026) / 12 / 4) + 12h;
  struct Case {
    seconds left;
    Urgency urgency;
    std::string begins;
  };
  const Case cases[] = {
      {days(30), Urgency::month, "expires in 30 days, on 2026-12-04: renew it in time"},
      {days(8) - 1s, Urgency::month, "expires in 7 days, on 2026-12-04: renew it in time"},
      {days(7), Urgency::week, "expires in 7 days, on 2026-12-04: renew it now"},
      {days(2) - 1s, Urgency::week, "expires in 1 day, on 2026-12-04: renew it now"},
      {days(1), Urgency::day, "expires within a day, on 2026-12-04: "},
      {1s, Urgency::day, "expires within a day, on 2026-12-04: "},
      {0s, Urgency::over, "expired on 2026-12-04: "},
      {-days(400), Urgency::over, "expired on 2026-12-04: "},
  };
  for (const Case& each : cases) {
    const auto warning = certs::expiry_warning(expires, expires - each.left);
    ASSERT_TRUE(warning) << each.begins;
    EXPECT_EQ(warning->urgency, each.urgency) << each.begins;
    EXPECT_TRUE(warning->text.starts_with(each.begins)) << warning->text;
  }
  EXPECT_FALSE(certs::expiry_warning(expires, expires - days(30) - 1s));
}

}  // namespace
