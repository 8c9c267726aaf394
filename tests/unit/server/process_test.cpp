// The process around the server: what it makes, how it is administered, reloaded and stopped.
#include "process.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "admin/ctl_client.h"
#include "unit/net/loopback_client.h"

namespace {

using nlohmann::json;

constexpr const char* kConfig = R"(<exedra xmlns='urn:exedra:config:1' shards='2'>
  <log level='error'/><clients port='0'/><clients port='0' tls='direct'/><host domain='example.org'/></exedra>)";

/// A server on free ports over a folder of its own, running on its own threads.
class Running : public testing::Test {
 protected:
  Running() {
    char name[] = "/tmp/server_test.XXXXXX";
    dir_ = std::string(mkdtemp(name)) + "/data";
    std::filesystem::create_directory(dir_);
    write(kConfig);
    start();
  }
  ~Running() override {
    stop();
    std::filesystem::remove_all(std::filesystem::path(dir_).parent_path());
  }

  void write(const std::string& config) const { std::ofstream(dir_ + "/exedra.xml") << config; }
  void start() {
    auto data = DataFolder::open(dir_);
    ASSERT_TRUE(data) << data.error().what;
    auto config = parse_config(read_file(dir_ + "/exedra.xml").value(), "exedra.xml");
    ASSERT_TRUE(config) << config.error().what;
    auto process = Process::start({dir_ + "/exedra.xml", 0, watch_}, std::move(*data), std::move(*config));
    ASSERT_TRUE(process) << process.error().what;
    process_ = std::move(*process);
    thread_ = std::jthread([this] { process_->run(); });
    const auto status = ask({{"op", "status"}});
    ASSERT_TRUE(status) << status.error().what;
    ports_ = status->at("ports").get<std::vector<std::uint16_t>>();
  }
  void stop() {
    if (!thread_.joinable()) return;
    const auto stopping = ask({{"op", "stop"}});
    EXPECT_TRUE(stopping) << stopping.error().what;  // the answer comes before the end
    thread_.join();
    process_.reset();
  }
  base::Result<json> ask(const json& request) const {
    auto client = admin::CtlClient::connect(dir_);
    if (!client) return std::unexpected(client.error());
    return client->ask(request);
  }
  /// The certificate that the direct TLS port serves.
  std::string served() const {
    loopback::Client client(ports_.at(1));
    EXPECT_TRUE(client.tls(
        [](SSL& ssl) { SSL_set_alpn_protos(&ssl, reinterpret_cast<const unsigned char*>("\x0bxmpp-client"), 12); }));
    const certs::CertPtr certificate(SSL_get1_peer_certificate(&client.ssl()));
    EXPECT_TRUE(certs::names_host(*certificate, "example.org"));
    return certs::end_point_hash(*certificate);
  }

  std::string dir_;
  base::Duration watch_ = std::chrono::hours(1);
  std::unique_ptr<Process> process_;
  std::jthread thread_;
  std::vector<std::uint16_t> ports_;
};

constexpr std::string_view kHeader =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='example.org' version='1.0'>";

std::string until(loopback::Client& client, std::string_view what) {
  std::string all;
  while (all.find(what) == std::string::npos) {
    const std::string some = client.receive_some();
    if (some.empty()) break;
    all += some;
  }
  return all;
}

TEST_F(Running, MakesItsFolderAndSaysWhereItListens) {
  struct stat info{};
  ASSERT_EQ(stat(dir_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  for (const char* name : {"exedra.db", "secret", "control.sock", "certs/example.org.crt", "certs/example.org.key"}) {
    EXPECT_TRUE(std::filesystem::exists(dir_ + "/" + name)) << name;
  }
  ASSERT_EQ(ports_.size(), 2U);
  const std::string greeting = process_->greeting();
  EXPECT_NE(greeting.find("127.0.0.1:" + std::to_string(ports_[0]) + " (STARTTLS)"), std::string::npos) << greeting;
  EXPECT_NE(greeting.find("account add NAME@example.org"), std::string::npos) << greeting;
}

TEST_F(Running, ItsCertificateNamesTheHostAndItsRooms) {
  std::vector<certs::Problem> problems;
  const certs::Files files{dir_ + "/certs/example.org.crt", dir_ + "/certs/example.org.key"};
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  const auto pair = certs::load_pair(files, "example.org", now, problems);
  ASSERT_TRUE(pair);
  EXPECT_TRUE(problems.empty());
  EXPECT_TRUE(certs::names_host(*pair->certificate, "conference.example.org"));
}

TEST_F(Running, TellsItsCertificates) {
  const auto listed = ask({{"op", "certs list"}});
  ASSERT_TRUE(listed) << listed.error().what;
  const json& first = listed->at("certificates").at(0);
  EXPECT_EQ(first.at("host"), "example.org");
  EXPECT_EQ(first.at("certificate"), dir_ + "/certs/example.org.crt");
}

TEST_F(Running, OneServerForAFolder) {
  const auto second = DataFolder::open(dir_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().what, "another server uses the data folder " + dir_);
}

TEST_F(Running, StopTellsClientsAndEnds) {
  loopback::Client romeo(ports_[0]);
  romeo.send(kHeader);
  EXPECT_NE(until(romeo, "</stream:features>").find("urn:ietf:params:xml:ns:xmpp-tls"), std::string::npos);
  EXPECT_TRUE(ask({{"op", "stop"}}));
  EXPECT_NE(until(romeo, "</stream:stream>").find("system-shutdown"), std::string::npos);
  romeo.end_output();
  thread_.join();
  EXPECT_FALSE(ask({{"op", "status"}}));
  process_.reset();
  EXPECT_TRUE(DataFolder::open(dir_));
}

TEST_F(Running, SigtermEndsIt) {
  std::raise(SIGTERM);
  thread_.join();
  process_.reset();
}

TEST_F(Running, AccountsOutliveARestart) {
  ASSERT_TRUE(ask({{"op", "account add"}, {"jid", "romeo@example.org"}, {"password", "wherefore"}}));
  const std::string before = served();
  stop();
  start();
  EXPECT_EQ(ask({{"op", "account list"}})->at("accounts").at(0).at("jid"), "romeo@example.org");
  EXPECT_EQ(served(), before);
}

TEST_F(Running, ReloadTakesWhatIsRightOnly) {
  write("<exedra xmlns='urn:exedra:config:1'>\n<host/></exedra>");
  const auto wrong = ask({{"op", "reload"}});
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().what.starts_with(dir_ + "/exedra.xml:2: <host>: ")) << wrong.error().what;
  write("<exedra xmlns='urn:exedra:config:1'><clients/><host domain='example.com'/></exedra>");
  const std::string stays =
      "hosts, room services, the proxy and uploads are added and removed by a restart only; the old configuration "
      "stays";
  EXPECT_EQ(ask({{"op", "reload"}}).error().what, stays);
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/certs/example.com.crt"));
  for (const std::string rooms : {"none", "chat.example.org"}) {
    write("<exedra xmlns='urn:exedra:config:1'><clients/><host domain='example.org' rooms='" + rooms + "'/></exedra>");
    const auto refused = ask({{"op", "reload"}});
    ASSERT_FALSE(refused) << rooms;
    EXPECT_EQ(refused.error().what, stays);
  }
  write(
      "<exedra xmlns='urn:exedra:config:1'><clients/><host domain='example.org'/>"
      "<rooms domain='conference.example.org' name='Verona'/></exedra>");
  EXPECT_TRUE(ask({{"op", "reload"}}));
  write(kConfig);
  const std::string before = served();
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  const certs::Files files{dir_ + "/certs/example.org.crt", dir_ + "/certs/example.org.key"};
  ASSERT_TRUE(certs::create_self_signed("example.org", files, now));
  EXPECT_EQ(served(), before);  // nobody has asked yet
  EXPECT_TRUE(ask({{"op", "reload"}}));
  EXPECT_NE(served(), before);
}

// One service in place of another is another set of entrances.
TEST_F(Running, AnAddressServesWhatItDidAtTheStart) {
  const auto config = [](const std::string& service) {
    return "<exedra xmlns='urn:exedra:config:1'><log level='error'/><clients port='0'/><clients port='0' tls='direct'/>"
           "<host domain='example.org'/>" +
           service + "</exedra>";
  };
  const std::string proxy = "<proxy65 domain='files.example.org'><listen port='0'/></proxy65>";
  const std::string uploads = "<upload domain='files.example.org'><listen port='0'/></upload>";
  for (const auto& [now, wanted] : {std::pair(proxy, uploads), std::pair(uploads, proxy)}) {
    stop();
    write(config(now));
    start();
    EXPECT_TRUE(ask({{"op", "reload"}}));
    write(config(wanted));
    const auto refused = ask({{"op", "reload"}});
    ASSERT_FALSE(refused) << wanted;
    EXPECT_TRUE(refused.error().what.starts_with("hosts, room services, the proxy and uploads"))
        << refused.error().what;
  }
}

void speak_xmpp(SSL& ssl) { SSL_set_alpn_protos(&ssl, reinterpret_cast<const unsigned char*>("\x0bxmpp-client"), 12); }

/// How many certificates the direct TLS port sends.
int chain_length(std::uint16_t port) {
  loopback::Client client(port);
  EXPECT_TRUE(client.tls(&speak_xmpp));
  return sk_X509_num(SSL_get_peer_cert_chain(&client.ssl()));
}

bool answers(loopback::Client& client, const std::string& id) {
  client.send("<iq type='get' id='" + id + "' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
  return until(client, "id='" + id + "'").contains("type='result'");
}

// SECURITY T04: a new chain while sessions live, TLS streams wait for their login, and handshakes come one after
// another.
TEST_F(Running, ANewCertificateLeavesLiveSessionsAlone) {
  ASSERT_TRUE(ask({{"op", "account add"}, {"jid", "romeo@example.org"}, {"password", "wherefore"}}));
  loopback::Client live(ports_.at(1)), waiting(ports_.at(1));
  ASSERT_TRUE(live.tls(&speak_xmpp));
  ASSERT_TRUE(waiting.tls(&speak_xmpp));
  live.send(kHeader);
  until(live, "</stream:features>");
  live.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AHJvbWVvAHdoZXJlZm9yZQ==</auth>");
  ASSERT_TRUE(until(live, "/>").contains("<success"));
  live.send(kHeader);
  until(live, "</stream:features>");
  live.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  ASSERT_TRUE(until(live, "</iq>").contains("romeo@example.org/"));
  const std::string before = served();
  EXPECT_EQ(chain_length(ports_.at(1)), 1);

  std::atomic<bool> over = false;
  std::atomic<int> handshakes = 0;
  std::jthread load([&] {
    for (; !over; ++handshakes) served();
  });
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  const certs::Files files{dir_ + "/certs/example.org.crt", dir_ + "/certs/example.org.key"},
      other{dir_ + "/other.crt", dir_ + "/other.key"};
  ASSERT_TRUE(certs::create_self_signed("authority.example", other, now));
  for (int round = 0; round < 3; ++round) {
    const std::string old = served();
    ASSERT_TRUE(certs::create_self_signed("example.org", files, now));
    std::ofstream(files.certificate, std::ios::app) << read_file(other.certificate).value();
    ASSERT_TRUE(ask({{"op", "reload"}}));
    EXPECT_NE(served(), old);
    EXPECT_EQ(chain_length(ports_.at(1)), 2) << "the whole chain";
    EXPECT_TRUE(answers(live, "p" + std::to_string(round)));
  }
  over = true;
  load.join();
  EXPECT_GT(handshakes, 0);
  EXPECT_NE(served(), before);
  waiting.send(kHeader);
  EXPECT_TRUE(until(waiting, "</stream:features>").contains("<mechanism>"));
}

class Watching : public Running {
 protected:
  Watching() {
    stop();
    watch_ = std::chrono::milliseconds(10);
    start();
  }
};

TEST_F(Watching, ANewCertificateIsFoundWithoutAReload) {
  const std::string before = served();
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  const certs::Files files{dir_ + "/certs/example.org.crt", dir_ + "/certs/example.org.key"};
  std::ofstream(files.certificate) << "half a certificate";
  for (int looks = 0; looks < 3; ++looks) EXPECT_EQ(served(), before) << "the last good one stays";
  ASSERT_TRUE(certs::create_self_signed("example.org", files, now));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (served() == before && std::chrono::steady_clock::now() < end) {
  }
  EXPECT_NE(served(), before);
}

TEST(DataFolder, DefaultConfigurationIsGood) {
  const auto config = parse_config(DataFolder::default_config(), "exedra.xml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->hosts.at(0).domain.str(), "localhost");
  EXPECT_EQ(config->rooms.at(0).domain.str(), "conference.localhost");
}

}  // namespace
