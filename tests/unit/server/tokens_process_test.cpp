// A process that runs the token service and nothing else: entrances, audit, reload, status.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "admin/ctl_client.h"
#include "process.h"
#include "tokensvc/verify.h"
#include "unit/net/loopback_client.h"

namespace {

using nlohmann::json;

const std::string kOld = "0123456789abcdef0123456789abcdef", kNew = "fedcba9876543210fedcba9876543210";
const std::string kNul(1, '\0');

std::string config(const std::string& caller, const std::string& beside = "") {
  return "<exedra xmlns='urn:exedra:config:1'><log level='error'/>" + beside +
         "<tokens><key algorithm='HS256' secret-file='key'/>" + caller +
         "<line port='0' caller='skotos'/></tokens></exedra>";
}
const std::string kCaller = "<caller name='skotos' issuer='skotos' subject='meet.example.org' channels='tavern'/>";

class TokenServer : public testing::Test {
 protected:
  TokenServer() {
    char name[] = "/tmp/server_test.XXXXXX";
    dir_ = std::string(mkdtemp(name)) + "/data";
    std::filesystem::create_directory(dir_);
    secret(kOld);
    write(config(kCaller));
  }
  ~TokenServer() override {
    if (thread_.joinable()) {
      EXPECT_TRUE(ask({{"op", "stop"}}));
      thread_.join();
    }
    process_.reset();
    std::filesystem::remove_all(std::filesystem::path(dir_).parent_path());
  }

  void write(const std::string& text) const { std::ofstream(dir_ + "/exedra.xml") << text; }
  void secret(const std::string& text) const {
    std::ofstream(dir_ + "/key") << text << "\n";
    chmod((dir_ + "/key").c_str(), 0600);
  }
  void start() {
    auto data = DataFolder::open(dir_);
    ASSERT_TRUE(data) << data.error().what;
    auto read = parse_config(read_file(dir_ + "/exedra.xml").value(), "exedra.xml");
    ASSERT_TRUE(read) << read.error().what;
    auto process = Process::start({dir_ + "/exedra.xml"}, std::move(*data), std::move(*read));
    ASSERT_TRUE(process) << process.error().what;
    process_ = std::move(*process);
    thread_ = std::jthread([this] { process_->run(); });
    const auto status = ask({{"op", "status"}});
    ASSERT_TRUE(status) << status.error().what;
    const std::string where = status->at("tokens").at(0).at("where");
    port_ = static_cast<std::uint16_t>(std::stoul(where.substr(where.rfind(':') + 1)));
  }
  base::Result<json> ask(const json& request) const {
    auto client = admin::CtlClient::connect(dir_);
    if (!client) return std::unexpected(client.error());
    return client->ask(request);
  }
  static json answer(loopback::Client& game, const std::string& request) {
    game.send(request + kNul);
    std::string reply;
    while (!reply.ends_with('\0')) {
      const std::string some = game.receive_some();
      if (some.empty()) return {};
      reply += some;
    }
    reply.pop_back();
    return json::parse(reply);
  }
  static bool signed_with(const std::string& secret, const json& reply) {
    std::vector<tokensvc::Key> keys;
    keys.push_back(std::move(*tokensvc::Key::from_secret(tokensvc::Algorithm::hs256, {}, base::Secret(secret))));
    const auto ring = std::move(*tokensvc::KeyRing::make(std::move(keys)));
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return tokensvc::verify(reply.at("token").get<std::string>(), ring, {.issuers = {"skotos"}}, now).has_value();
  }

  std::string dir_;
  std::unique_ptr<Process> process_;
  std::jthread thread_;
  std::uint16_t port_ = 0;
};

const std::string kTavern = R"({"displayName":"Romeo","channel":"tavern","seq":1})";

TEST_F(TokenServer, SaysWhereGamesConnect) {
  start();
  const std::string greeting = process_->greeting();
  EXPECT_NE(greeting.find("serves tokens"), std::string::npos) << greeting;
  EXPECT_NE(greeting.find("tokens for games: 127.0.0.1:" + std::to_string(port_) + "\n"), std::string::npos)
      << greeting;
  EXPECT_EQ(ask({{"op", "status"}})->at("shards"), 1) << "there is one thread's work";
}

TEST_F(TokenServer, IssuesAndRecords) {
  start();
  loopback::Client game(port_);
  EXPECT_TRUE(signed_with(kOld, answer(game, kTavern)));
  const auto audit = ask({{"op", "tokensvc audit"}, {"last", 5}});
  ASSERT_TRUE(audit) << audit.error().what;
  ASSERT_EQ(audit->at("tokens").size(), 1U);
  const json& row = audit->at("tokens")[0];
  EXPECT_EQ(row.at("caller"), "skotos");
  EXPECT_EQ(row.at("way"), "line");
  EXPECT_EQ(row.at("name"), "Romeo");
  EXPECT_EQ(row.at("room"), "tavern");
  EXPECT_EQ(row.at("expires").get<int>() - row.at("time").get<int>(), 600);
  EXPECT_TRUE(ask({{"op", "tokensvc audit"}, {"caller", "nobody"}})->at("tokens").empty());
  const auto keys = ask({{"op", "tokensvc keys"}});
  ASSERT_TRUE(keys) << keys.error().what;
  EXPECT_EQ(keys->at("keys").at(0).at("algorithm"), "HS256");
  EXPECT_EQ(keys->dump().find(kOld), std::string::npos);
}

TEST_F(TokenServer, AReloadRotatesTheKeyUnderAnOpenConnection) {
  start();
  loopback::Client game(port_);
  EXPECT_TRUE(signed_with(kOld, answer(game, kTavern)));
  secret(kNew);
  ASSERT_TRUE(ask({{"op", "reload"}}));
  EXPECT_TRUE(signed_with(kNew, answer(game, kTavern)));
  secret("short");
  const auto refused = ask({{"op", "reload"}});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("<key>"), std::string::npos) << refused.error().what;
  EXPECT_TRUE(signed_with(kNew, answer(game, kTavern))) << "the old configuration stays";
}

TEST_F(TokenServer, AReloadChangesWhatACallerMay) {
  start();
  loopback::Client game(port_);
  const std::string castle = R"({"displayName":"Romeo","channel":"castle","seq":1})";
  EXPECT_EQ(answer(game, castle).at("code"), "forbidden");
  write(config("<caller name='skotos' issuer='skotos' subject='meet.example.org' channels='castle'/>"));
  ASSERT_TRUE(ask({{"op", "reload"}}));
  EXPECT_EQ(answer(game, castle).at("success"), true);
  EXPECT_EQ(answer(game, kTavern).at("code"), "forbidden");
  write("<exedra xmlns='urn:exedra:config:1'><clients/><host domain='example.org'/></exedra>");
  EXPECT_FALSE(ask({{"op", "reload"}})) << "neither hosts nor tokens come and go";
  EXPECT_EQ(answer(game, castle).at("success"), true);
}

TEST_F(TokenServer, WithoutTheServiceItsOperationsSaySo) {
  write(
      "<exedra xmlns='urn:exedra:config:1' shards='1'><log level='error'/><clients port='0'/>"
      "<host domain='example.org'/></exedra>");
  auto data = DataFolder::open(dir_);
  auto read = parse_config(read_file(dir_ + "/exedra.xml").value(), "exedra.xml");
  auto process = Process::start({dir_ + "/exedra.xml"}, std::move(*data), std::move(*read));
  ASSERT_TRUE(process) << process.error().what;
  process_ = std::move(*process);
  thread_ = std::jthread([this] { process_->run(); });
  const auto keys = ask({{"op", "tokensvc keys"}});
  ASSERT_FALSE(keys);
  EXPECT_NE(keys.error().what.find("add <tokens>"), std::string::npos);
}

TEST_F(TokenServer, AnEntranceMayUseTheFirstHostsCertificate) {
  write(
      "<exedra xmlns='urn:exedra:config:1' shards='1'><log level='error'/><clients port='0'/>"
      "<host domain='example.org'/><tokens><key algorithm='HS256' secret-file='key'/>" +
      kCaller + "<line port='0' tls='true' caller='skotos'/></tokens></exedra>");
  start();
  loopback::Client game(port_);
  ASSERT_TRUE(game.tls());
  const certs::CertPtr certificate(SSL_get1_peer_certificate(&game.ssl()));
  EXPECT_TRUE(certs::names_host(*certificate, "example.org"));
  EXPECT_TRUE(signed_with(kOld, answer(game, kTavern)));
}

}  // namespace
