// The vectors through a connection that the service opened, over real sockets, with their bytes split anywhere.
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <thread>

#include "net/tcp_dialer.h"
#include "net/thread_executor.h"
#include "tokensvc/game_link.h"
#include "town.h"
#include "unit/net/loopback_client.h"
#include "vectors.h"

namespace tokensvc {
namespace {

/// Its calendar stands still at kNow.
class FrozenLoop final : public net::AsioLoop {
 public:
  base::WallTime wall() const override { return kNow; }
};

/// What the core answers to these bytes.
std::string answers(std::string_view bytes) {
  const Caller caller = skotos();
  Bucket bucket;
  const KeyRing keys = ring_of(secret_key());
  Desk desk(caller, bucket, keys);
  Line line;
  std::string all;
  while (auto answer = line.next(bytes, desk, kInstant)) all += answer->bytes;
  return all;
}

/// A game listens, and is dialled; the test has the game's end.
class DialledGame : public testing::Test {
 protected:
  DialledGame() {
    char name[] = "/tmp/tokensvc_test.XXXXXX";
    folder_ = mkdtemp(name);
    store_ = std::move(*store::Store::open(folder_ + "/exedra.db", {}, disk_, disk_));
    auto settings = base::make_ref<Settings>(ring_of(secret_key()));
    settings->callers.emplace_back().caller = skotos();
    office_ = std::make_unique<Office>(loop_, *store_, settings);
    thread_ = std::jthread([this] { loop_.run(); });
    sockaddr_in at{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(listen(listener_.get(), 1), 0);
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size);
    run([&] {
      links_ = std::make_unique<GameLinks>(Exchange{*office_, dialer_, base::system_random(), {}});
      links_->use({{.name = "verona", .port = ntohs(at.sin_port), .caller = "skotos", .pace = base::Duration(0)}});
    });
    game_ = net::Fd(accept(listener_.get(), nullptr, nullptr));
    const timeval wait{20, 0};
    setsockopt(game_.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    const int at_once = 1;
    setsockopt(game_.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  }
  ~DialledGame() override {
    run([this] { links_.reset(); });
    loop_.stop();
    thread_.join();
    std::filesystem::remove_all(folder_);
  }

  template <class Job>
  void run(Job job) {
    std::packaged_task<void()> task(std::move(job));
    auto done = task.get_future();
    loop_.post(std::move(task));
    done.get();
  }
  /// The loop has looked at all sockets.
  void turn() {
    run([] {});
    run([] {});
  }
  void say(std::string_view bytes) {
    ASSERT_EQ(send(game_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  std::string hear(std::size_t count) {
    std::string bytes(count, '\0');
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(recv(game_.get(), bytes.data(), count, MSG_WAITALL), 0)));
    return bytes;
  }

 private:
  std::string folder_;
  net::ThreadExecutor disk_{1}, names_{1};
  FrozenLoop loop_;
  net::SystemResolver resolver_{names_};
  net::TcpDialer dialer_{loop_, resolver_};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Office> office_;
  std::unique_ptr<GameLinks> links_;
  net::Fd listener_{socket(AF_INET, SOCK_STREAM, 0)}, game_;
  std::jthread thread_;
};

TEST_F(DialledGame, VectorsSplitAtEveryPosition) {
  const std::string fence = R"({"cmd":"ping","seq":"fence"})" + kNul;
  const std::string fenced = answers(fence);
  for (const Vector& vector : vectors()) {
    if (vector.number.starts_with("17")) continue;  // the end of a connection
    const std::string expected = answers(vector.bytes) + fenced;
    for (std::size_t at = 0; at < vector.bytes.size(); ++at) {
      say(std::string_view(vector.bytes).substr(0, at));
      turn();
      say(vector.bytes.substr(at) + fence);
      ASSERT_EQ(hear(expected.size()), expected) << "vector " << vector.number << " cut at " << at;
    }
  }
}

TEST_F(DialledGame, SixteenKilobytesAreTheEnd) {
  say(std::string(1, 'x'));
  turn();
  say(std::string(16384, 'x'));
  const std::string expected = answers(std::string(16385, 'x'));
  EXPECT_EQ(hear(expected.size() + 1), expected) << "and then the end";
}

}  // namespace
}  // namespace tokensvc
