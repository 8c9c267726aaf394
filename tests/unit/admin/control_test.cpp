// The control socket with the real client on one end and real accounts on the other.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "accounts/accounts.h"
#include "accounts/administration.h"
#include "admin/control.h"
#include "admin/ctl_client.h"
#include "c2s/key_maker.h"
#include "net/thread_executor.h"
#include "net/unix_listener.h"
#include "router/switchboard.h"
#include "unit/net/loopback.h"

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

struct FakeProcess final : admin::Process {
  void status(admin::Done done) override { done(json{{"version", "1"}}); }
  void reload(admin::Done done) override { done(base::failure("exedra.xml:3: wrong")); }
  void stop() override { stopped.put(true); }
  loopback::Awaited<bool> stopped;
};

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  return address;
}

/// The accounts of example.org on one shard, with a control socket.
class Control : public testing::Test {
 protected:
  Control() {
    char name[] = "/tmp/admin_test.XXXXXX";
    dir_ = mkdtemp(name);
    const router::HostSettings host{.domain = xmpp::Jid::parse("example.org").value()};
    const auto settings = base::make_ref<router::Settings>(std::vector{host}, router::Limits{});
    store_ = store::Store::open(dir_ + "/db", {}, disk_, disk_).value();
    shard_.run([&] {
      board_.router(0).use(settings);
      accounts_ =
          std::make_unique<accounts::Accounts>(board_.router(0), registry_, points_, *store_, base::system_random());
      administration_ = std::make_unique<accounts::Administration>(*accounts_, keys_);
      board_.router(0).use(*administration_);
      control_ = open({});
    });
  }
  ~Control() override {
    shard_.run([&] {
      control_.reset();
      administration_.reset();
      accounts_.reset();
    });
    std::filesystem::remove_all(dir_);
  }

  std::string path() const { return dir_ + "/control.sock"; }
  std::unique_ptr<admin::Control> open(admin::ControlLimits limits) {
    auto opened =
        admin::Control::open(shard_.loop, path(), {board_.router(0), *store_, base::system_random(), process_}, limits);
    if (!opened) throw std::runtime_error(opened.error().what);
    return std::move(*opened);
  }
  void reopen(admin::ControlLimits limits) {
    shard_.run([&] {
      control_.reset();
      control_ = open(limits);
    });
  }
  base::Result<json> ask(const json& request) {
    auto client = admin::CtlClient::connect(dir_);
    if (!client) return std::unexpected(client.error());
    return client->ask(request);
  }
  std::string refusal(const json& request) {
    const auto answer = ask(request);
    return answer ? "no error: " + answer->dump() : answer.error().what;
  }
  /// All that the server says to these bytes until it closes.
  std::string talk(std::string_view bytes, bool end = true) const {
    const net::Fd fd(socket(AF_UNIX, SOCK_STREAM, 0));
    const timeval patience{20, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const sockaddr_un address = address_of(path());
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    if (end) shutdown(fd.get(), SHUT_WR);
    std::string all;
    char some[4096];
    for (ssize_t got; (got = recv(fd.get(), some, sizeof some, 0)) > 0;)
      all.append(some, static_cast<std::size_t>(got));
    return all;
  }

  std::string dir_;
  loopback::LoopThread shard_;
  net::ThreadExecutor disk_{1}, cpu_{1};
  FakeProcess process_;
  router::Switchboard board_{{&shard_.loop}};
  router::Registry registry_;
  router::DeliveryPoints points_;
  c2s::ScramKeyMaker keys_{cpu_, base::system_random(), 4096};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<accounts::Accounts> accounts_;
  std::unique_ptr<accounts::Administration> administration_;
  std::unique_ptr<admin::Control> control_;
};

TEST_F(Control, AccountsFromBirthToDeath) {
  const json romeo{{"op", "account add"}, {"jid", "Romeo@example.org"}, {"password", "wherefore"}};
  EXPECT_EQ(ask(romeo).value(), (json{{"jid", "romeo@example.org"}}));
  EXPECT_EQ(refusal(romeo), "the account exists already");
  const auto juliet = ask({{"op", "account add"}, {"jid", "juliet@example.org"}});
  ASSERT_TRUE(juliet);
  EXPECT_GE(juliet->value("password", "").size(), 20U);
  EXPECT_TRUE(ask({{"op", "account disable"}, {"jid", "juliet@example.org"}}));
  EXPECT_EQ(ask({{"op", "account list"}}).value(),
            json::parse(R"({"more":false,"accounts":[{"jid":"juliet@example.org","disabled":true},
                            {"jid":"romeo@example.org","disabled":false}]})"));
  EXPECT_TRUE(ask({{"op", "account enable"}, {"jid", "juliet@example.org"}}));
  const auto changed = ask({{"op", "account passwd"}, {"jid", "romeo@example.org"}, {"password", "art thou"}});
  EXPECT_EQ(changed.value(), (json{{"jid", "romeo@example.org"}}));
  EXPECT_TRUE(ask({{"op", "account del"}, {"jid", "romeo@example.org"}}));
  EXPECT_EQ(refusal({{"op", "account del"}, {"jid", "romeo@example.org"}}), "there is no such account");
  const auto behind = ask({{"op", "account list"}, {"after", "juliet@example.org"}});
  EXPECT_EQ(behind.value().at("accounts"), json::array());
}

TEST_F(Control, SaysWhatIsWrongWithARequest) {
  EXPECT_EQ(refusal({{"op", "dance"}}), "unknown operation 'dance'");
  EXPECT_EQ(refusal(json::array()), "the request names no \"op\"");
  EXPECT_EQ(refusal({{"op", 3}}), "the request names no \"op\"");
  EXPECT_EQ(refusal({{"op", "account add"}}), "'account add' needs \"jid\"");
  EXPECT_EQ(refusal({{"op", "account add"}, {"jid", 7}}), "'account add' needs \"jid\"");
  EXPECT_EQ(refusal({{"op", "account add"}, {"jid", "example.org"}}), "'example.org' is no account; write name@domain");
  EXPECT_EQ(refusal({{"op", "account add"}, {"jid", "a@example.org/b"}}),
            "'a@example.org/b' is no account; write name@domain");
  EXPECT_EQ(refusal({{"op", "account add"}, {"jid", "a@example.com"}}), "the domain 'example.com' is not served here");
  EXPECT_TRUE(refusal({{"op", "account add"}, {"jid", "a b@@"}}).starts_with("'a b@@' is no address: "));
  EXPECT_TRUE(refusal({{"op", "account add"}, {"jid", "a@example.org"}, {"password", ""}}).starts_with("the password"));
  EXPECT_EQ(refusal({{"op", "backup"}, {"file", "here"}}), "the file must be an absolute path");
  EXPECT_EQ(refusal({{"op", "reload"}}), "exedra.xml:3: wrong");
}

TEST_F(Control, ProcessSessionsAndBackup) {
  EXPECT_EQ(ask({{"op", "status"}}).value(), (json{{"version", "1"}}));
  EXPECT_EQ(ask({{"op", "sessions"}}).value(), (json{{"sessions", json::array()}, {"total", 0}}));
  EXPECT_EQ(ask({{"op", "kick"}, {"jid", "romeo@example.org"}}).value(), (json{{"ended", 0}}));
  const std::string file = dir_ + "/backup.db";
  EXPECT_TRUE(ask({{"op", "backup"}, {"file", file}}));
  EXPECT_GT(std::filesystem::file_size(file), 0U);
  EXPECT_TRUE(ask({{"op", "stop"}}));
  EXPECT_TRUE(process_.stopped.get());
}

TEST_F(Control, AnswersLineByLineInOrder) {
  EXPECT_EQ(talk("{\"op\":\"status\"}\n{\"op\":\"nothing\"}\n{\"op\":\"status\"}\n"),
            "{\"ok\":true,\"version\":\"1\"}\n"
            "{\"error\":\"unknown operation 'nothing'\",\"ok\":false}\n"
            "{\"ok\":true,\"version\":\"1\"}\n");
  EXPECT_EQ(talk("no json\n{\"op\":\"status\"}\n"), "{\"error\":\"the request is no JSON\",\"ok\":false}\n");
  EXPECT_EQ(talk("{\"op\":\"sta"), "");
}

TEST_F(Control, RequestsAreBounded) {
  reopen({.request_bytes = 1000});
  EXPECT_EQ(talk(std::string(2000, ' '), false),
            "{\"error\":\"the request is longer than 1000 bytes\",\"ok\":false}\n");
}

TEST_F(Control, SilenceIsBounded) {
  reopen({.request = 20ms});
  EXPECT_EQ(talk("{\"op\":", false), "");  // the server closes
}

TEST_F(Control, SocketIsPrivateAndItsOwn) {
  struct stat info{};
  ASSERT_EQ(lstat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const auto second = shard_.run([&] {
    const auto opened = net::UnixListener::open(shard_.loop, path(), {});
    return opened ? std::string() : opened.error().what;
  });
  EXPECT_EQ(second, "listening on " + path() + ": another process does already");
  shard_.run([&] { control_.reset(); });
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_EQ(refusal({{"op", "status"}}), "no server runs in " + dir_ + "; start it, or name its folder with --data");
}

// Whatever becomes of the modes of folder and socket, the kernel's word on who connects decides.
TEST_F(Control, AnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  ASSERT_EQ(chmod(dir_.c_str(), 0755), 0);
  ASSERT_EQ(chmod(path().c_str(), 0666), 0);
  const sockaddr_un address = address_of(path());
  const pid_t stranger = fork();
  if (stranger == 0) {  // nothing but system calls: other threads held locks
    constexpr uid_t nobody = 65534;
    constexpr std::string_view request = "{\"op\":\"status\"}\n";
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (setuid(nobody) != 0) _exit(3);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) _exit(2);
    char answer = 0;
    const bool sent = send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0;
    _exit(sent && recv(fd, &answer, 1, 0) > 0 ? 1 : 0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(stranger, &status, 0), stranger);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: was answered, 2: could not even connect";
  EXPECT_TRUE(ask({{"op", "status"}}));
}

TEST_F(Control, SocketOfADeadServerIsReplaced) {
  shard_.run([&] { control_.reset(); });
  {
    const net::Fd dead(socket(AF_UNIX, SOCK_STREAM, 0));
    const sockaddr_un address = address_of(path());
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  EXPECT_TRUE(refusal({{"op", "status"}}).starts_with("no server runs in"));
  reopen({});
  EXPECT_TRUE(ask({{"op", "status"}}));
}

}  // namespace
