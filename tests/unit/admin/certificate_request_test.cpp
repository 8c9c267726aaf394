// "certs request" of the command line, by what a server answered to "certs list".
#include "admin/certificate_request.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

struct CertificateRequest : testing::Test {
  CertificateRequest() {
    char name[] = "/tmp/admin_request.XXXXXX";
    folder = mkdtemp(name);
    listed = {{"certificates",
               {{{"host", "example.org"},
                 {"also", {"conference.example.org"}},
                 {"certificate", folder + "/example.org.crt"},
                 {"key", folder + "/example.org.key"}},
                {{"host", "m\u00fcnchen.example"},
                 {"also", json::array()},
                 {"certificate", folder + "/shared.pem"},
                 {"key", folder + "/shared.key"}},
                {{"host", "verona.example"},
                 {"also", {"conference.example.org"}},
                 {"certificate", folder + "/shared.pem"},
                 {"key", folder + "/shared.key"}},
                {{"host", "127.0.0.1"},
                 {"also", json::array()},
                 {"certificate", folder + "/number.crt"},
                 {"key", folder + "/number.key"}}}}};
    for (const char* file : {"example.org.crt", "example.org.key"}) std::ofstream(folder + "/" + file) << "as it was";
  }
  ~CertificateRequest() override { std::filesystem::remove_all(folder); }

  std::string folder;
  json listed;
};

TEST_F(CertificateRequest, IsWrittenBesideThePairWhichStays) {
  const auto made = admin::request_certificate(listed, "Example.ORG", false);
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(made->at("request"), folder + "/example.org.csr");
  EXPECT_EQ(made->at("key"), folder + "/example.org.request.key");
  EXPECT_EQ(made->at("names"), (json{"example.org", "conference.example.org"}));
  for (const char* file : {"example.org.csr", "example.org.request.key"})
    EXPECT_TRUE(std::filesystem::exists(folder + "/" + file)) << file;
  for (const char* file : {"example.org.crt", "example.org.key"}) {
    std::string content;
    std::getline(std::ifstream(folder + "/" + file), content);
    EXPECT_EQ(content, "as it was");
  }
  const std::string text = made->at("text");
  EXPECT_NE(text.find("mv " + folder + "/example.org.request.key " + folder + "/example.org.key"), std::string::npos);
}

TEST_F(CertificateRequest, NamesAllHostsOfTheFile) {
  const auto made = admin::request_certificate(listed, "m\u00fcnchen.example", true);
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(made->at("names"), (json{"m\u00fcnchen.example", "verona.example", "conference.example.org"}));
}

TEST_F(CertificateRequest, SaysWhyItIsRefused) {
  ASSERT_TRUE(admin::request_certificate(listed, "example.org", false));
  struct Case {
    std::string host, why;
  };
  for (const Case& each :
       {Case{"example.com", "'example.com' is no host of this server; `certs list` shows them"},
        Case{"@", "'@' is no host of this server; `certs list` shows them"},
        Case{"127.0.0.1", "'127.0.0.1' is no name of the DNS, so that no authority will vouch for it"},
        Case{"example.org", folder + "/example.org.request.key is there already, of an earlier "
                                     "request; use that one, or move it away"}}) {
    const auto refused = admin::request_certificate(listed, each.host, false);
    ASSERT_FALSE(refused) << each.host;
    EXPECT_EQ(refused.error().what, each.why);
  }
}

}  // namespace
