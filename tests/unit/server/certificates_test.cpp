// What the log and "certs list" tell of certificates.
#include "certificates.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/log.h"

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::days;

struct Certificates : testing::Test {
  Certificates() {
    char name[] = "/tmp/certificates_test.XXXXXX";
    folder = mkdtemp(name);
    base::log::configure(base::log::Level::warning, folder + "/log");
    std::filesystem::create_directory(folder + "/data");
    data = DataFolder::open(folder + "/data").value();
    const std::string text =
        "<exedra xmlns='urn:exedra:config:1'><clients/><host domain='example.org'/>"
        "<host domain='verona.example' rooms='none'/></exedra>";
    config = parse_config(text, "exedra.xml").value();
  }
  ~Certificates() override {
    base::log::configure(base::log::Level::info, "");
    std::filesystem::remove_all(folder);
  }

  /// Since it was asked last.
  std::string logged() {
    std::ostringstream all;
    all << std::ifstream(folder + "/log").rdbuf();
    return all.str().substr(std::exchange(read, all.str().size()));
  }

  const base::WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + 12h;
  std::string folder;
  std::optional<DataFolder> data;
  Config config;
  std::size_t read = 0;
};

TEST_F(Certificates, ThatExpireAreToldAtStart) {
  const auto loaded = load_certificates(config, *data, now);
  ASSERT_TRUE(loaded) << loaded.error().what;
  EXPECT_EQ(logged(), "") << "those we make are good for years";
  const auto hosts = certificate_hosts(config, *data);
  struct Case {
    int days;
    std::string level, problem;
  };
  for (const Case& each :
       {Case{31, "", ""}, Case{30, " warning ", "expires in 30 days, on 2026-12-22"},
        Case{7, " warning ", "expires in 7 days, on 2026-11-29"},
        Case{1, " error ", "expires within a day, on 2026-11-23"}, Case{-1, " error ", "expired on 2026-11-21"}}) {
    ASSERT_TRUE(certs::create_self_signed("example.org", hosts.at(0).files, now, each.days));
    const auto again = load_certificates(config, *data, now);
    ASSERT_TRUE(again) << again.error().what;
    const std::string line = logged();
    if (each.level.empty()) {
      EXPECT_EQ(line, "");
      continue;
    }
    EXPECT_EQ(std::ranges::count(line, '\n'), 1) << line;
    for (const std::string& part :
         {each.level, std::string("certificate_expires host=example.org"), each.problem, hosts.at(0).files.certificate})
      EXPECT_NE(line.find(part), std::string::npos) << part << " is not in " << line;
    warn_of_expiry(**again, hosts, now);
    EXPECT_NE(logged().find(each.problem), std::string::npos) << "each day";
  }
}

TEST_F(Certificates, NewOnesAreToldWhenTheyAreFound) {
  const auto loaded = load_certificates(config, *data, now);
  ASSERT_TRUE(loaded);
  const auto hosts = certificate_hosts(config, *data);
  EXPECT_FALSE(reload_changed(*loaded, hosts, now));
  EXPECT_EQ(logged(), "");
  ASSERT_TRUE(certs::create_self_signed("verona.example", hosts.at(1).files, now, 5));
  EXPECT_TRUE(reload_changed(*loaded, hosts, now));
  EXPECT_NE(logged().find("certificate_expires host=verona.example"), std::string::npos);
}

TEST_F(Certificates, AreListed) {
  const auto loaded = load_certificates(config, *data, now);
  ASSERT_TRUE(loaded);
  const json listed = list_certificates(**loaded, config, *data).at("certificates");
  ASSERT_EQ(listed.size(), 2U);
  const json& first = listed.at(0);
  EXPECT_EQ(first.at("host"), "example.org");
  EXPECT_EQ(first.at("also"), json{"conference.example.org"});
  EXPECT_EQ(first.at("names"), (json{"example.org", "conference.example.org"}));
  EXPECT_EQ(first.at("issuer"), "/CN=example.org");
  EXPECT_EQ(first.at("self_signed"), true);
  EXPECT_EQ(first.at("certificate"), data->path() + "/certs/example.org.crt");
  EXPECT_EQ(first.at("key"), data->path() + "/certs/example.org.key");
  EXPECT_EQ(std::chrono::sys_seconds(std::chrono::seconds(first.at("expires"))), now + days(3650));
  EXPECT_EQ(listed.at(1).at("also"), json::array());
  EXPECT_EQ(listed.at(1).at("names"), json{"verona.example"});
}

}  // namespace
