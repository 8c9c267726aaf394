// Two connections joined by the kernel: all bytes arrive in both directions, ends and failures are passed on, and
// limits hold.
#include "net/relay.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <array>
#include <csignal>
#include <future>
#include <thread>

#include "unit/net/loopback.h"

namespace {

using namespace loopback;
using net::Relay;

/// One party's blocking end of a TCP connection, and the end that the relay gets.
struct Party {
  Party() {
    const net::Fd listener(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in at{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof at;
    EXPECT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(listen(listener.get(), 1), 0);
    EXPECT_EQ(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    own = net::Fd(socket(AF_INET, SOCK_STREAM, 0));
    const timeval wait{20, 0};
    setsockopt(own.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(own.get(), SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    EXPECT_EQ(connect(own.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    relayed = net::Fd(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  }
  void say(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = send(own.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  int unacknowledged() const {
    int bytes = 0;
    EXPECT_EQ(ioctl(own.get(), SIOCOUTQ, &bytes), 0);
    return bytes;
  }
  void end() const { EXPECT_EQ(shutdown(own.get(), SHUT_WR), 0); }
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(own.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    own = net::Fd();
  }
  /// Until the end of the stream, or so many bytes.
  std::string hear(std::size_t most = SIZE_MAX) const {
    std::string all, part(64 * 1024, '\0');
    while (all.size() < most) {
      const ssize_t got = recv(own.get(), part.data(), std::min(part.size(), most - all.size()), 0);
      if (got <= 0) break;
      all.append(part, 0, static_cast<std::size_t>(got));
    }
    return all;
  }

  net::Fd own, relayed;
};

class RelayTest : public testing::TestWithParam<Relay::Means> {
 protected:
  RelayTest() { std::signal(SIGPIPE, SIG_IGN); }
  ~RelayTest() override {
    thread_.run([this] { relay_.reset(); });
  }
  void join(const net::RelayLimits& limits = {}) {
    thread_.run([&] {
      auto started = Relay::start(
          thread_.loop, std::move(romeo.relayed), std::move(juliet.relayed), limits,
          [this](const Relay::Outcome& outcome) { ended.put(outcome); }, GetParam());
      ASSERT_TRUE(started) << started.error().what;
      relay_ = std::move(*started);
    });
  }
  std::shared_ptr<net::Pace> pace(std::uint64_t bytes_per_second) {
    std::shared_ptr<net::Pace> made;
    thread_.run([&] { made = std::make_shared<net::Pace>(thread_.loop, bytes_per_second); });
    return made;
  }
  /// What the loop's thread has had of the processor.
  std::chrono::nanoseconds loop_time() {
    timespec time{};
    thread_.run([&] { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time); });
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
  /// What has come is handled.
  void take_turns() {
    for (int i = 0; i < 2; ++i) thread_.run([] {});
  }
  void part() {
    thread_.run([this] { relay_.reset(); });
  }

  Party romeo, juliet;
  Awaited<Relay::Outcome> ended;

 private:
  LoopThread thread_;
  std::unique_ptr<Relay> relay_;
};

TEST_P(RelayTest, CarriesEverythingBothWaysAtOnce) {
  join();
  const std::string forth = pattern(8'000'000), back = pattern(5'000'000);
  std::array<std::jthread, 2> speakers{std::jthread([&] {
                                         romeo.say(forth);
                                         romeo.end();
                                       }),
                                       std::jthread([&] {
                                         juliet.say(back);
                                         juliet.end();
                                       })};
  auto heard = std::async(std::launch::async, [&] { return juliet.hear(); });
  EXPECT_EQ(romeo.hear(), back);
  EXPECT_EQ(heard.get(), forth);
  const Relay::Outcome outcome = ended.get();
  EXPECT_EQ(outcome.end, Relay::End::finished);
  EXPECT_EQ(outcome.forth, forth.size());
  EXPECT_EQ(outcome.back, back.size());
}

TEST_P(RelayTest, WhoHasEndedStillHears) {
  join();
  romeo.say("a question");
  romeo.end();
  EXPECT_EQ(juliet.hear(), "a question");
  juliet.say("an answer");
  EXPECT_EQ(romeo.hear(9), "an answer");
  EXPECT_TRUE(ended.empty());
  juliet.end();
  EXPECT_EQ(romeo.hear(), "");
  EXPECT_EQ(ended.get().end, Relay::End::finished);
}

TEST_P(RelayTest, WhatCameBeforeIsCarriedToo) {
  romeo.say("early");
  romeo.end();
  join();
  EXPECT_EQ(juliet.hear(), "early");
}

TEST_P(RelayTest, WhoDoesNotReadHoldsTheOther) {
  join();
  fcntl(romeo.own.get(), F_SETFL, O_NONBLOCK);
  const std::string part = pattern(64 * 1024);
  std::string said;
  // As long as the kernel takes something within a while: its buffers and the relay's are all there is.
  pollfd writable{.fd = romeo.own.get(), .events = POLLOUT, .revents = 0};
  while (poll(&writable, 1, 300) == 1) {
    const ssize_t sent = send(romeo.own.get(), part.data(), part.size(), MSG_NOSIGNAL);
    if (sent > 0) said += part.substr(0, static_cast<std::size_t>(sent));
    ASSERT_LT(said.size(), 64U * 1024 * 1024);
  }
  romeo.end();
  EXPECT_EQ(juliet.hear(), said);
}

TEST_P(RelayTest, AResetEndsBoth) {
  join();
  romeo.say("half a sen");
  EXPECT_EQ(juliet.hear(10), "half a sen");
  romeo.reset();
  EXPECT_EQ(ended.get().end, Relay::End::lost);
  EXPECT_EQ(juliet.hear(), "");
}

TEST_P(RelayTest, SilenceEndsIt) {
  join({.idle = 100ms});
  romeo.say("hello?");
  const Relay::Outcome outcome = ended.get();
  EXPECT_EQ(outcome.end, Relay::End::idle);
  EXPECT_EQ(outcome.forth, 6U);
  EXPECT_EQ(juliet.hear(), "hello?");
}

TEST_P(RelayTest, ItHasItsTime) {
  join({.total = 100ms});
  EXPECT_EQ(ended.get().end, Relay::End::too_long);
  EXPECT_EQ(romeo.hear(), "");
}

TEST_P(RelayTest, AllThatIsAllowedMayBeAllThereIs) {
  join({.bytes = 1000});
  romeo.say(pattern(600));
  EXPECT_EQ(juliet.hear(600), pattern(600));
  juliet.say(pattern(400));
  EXPECT_EQ(romeo.hear(400), pattern(400));
  romeo.end();
  juliet.end();
  EXPECT_EQ(ended.get().end, Relay::End::finished);
}

TEST_P(RelayTest, MoreThanIsAllowedEndsIt) {
  join({.bytes = 1000});
  romeo.say(pattern(1001));
  const Relay::Outcome outcome = ended.get();
  EXPECT_EQ(outcome.end, Relay::End::too_much);
  EXPECT_LE(outcome.forth, 1000U);
}

TEST_P(RelayTest, KeepsToItsRate) {
  join({.paces = {pace(1024 * 1024)}});
  const std::string text = pattern(512 * 1024);
  const auto began = std::chrono::steady_clock::now();
  const std::jthread speaker([&] {
    romeo.say(text);
    romeo.end();
  });
  EXPECT_EQ(juliet.hear(), text);
  // A quarter of a second's bytes may go at once.
  EXPECT_GE(std::chrono::steady_clock::now() - began, 200ms);
}

TEST_P(RelayTest, ALowRateGoesOnWithoutTurningInCircles) {
  join({.paces = {pace(128 * 1024), pace(64 * 1024 * 1024)}});
  const std::string text = pattern(128 * 1024);  // half of it at once, the rest in portions
  const std::jthread speaker([&] {
    romeo.say(text);
    romeo.end();
  });
  EXPECT_EQ(juliet.hear(), text);
  EXPECT_LT(loop_time(), 100ms) << "of the processor";
}

TEST_P(RelayTest, WhoIsReadNoMoreStillSpeaks) {
  const int few = 4096;  // so that the relay has most of it when the way back breaks
  setsockopt(juliet.own.get(), SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
  setsockopt(juliet.relayed.get(), SOL_SOCKET, SO_SNDBUF, &few, sizeof few);
  join();
  const std::string text = pattern(100'000);
  romeo.say(text);
  romeo.end();
  while (romeo.unacknowledged() > 0) {  // what has not left by then is lost with the connection
  }
  EXPECT_EQ(shutdown(romeo.own.get(), SHUT_RD), 0);
  for (int i = 0; i < 3; ++i) {  // the first is answered with a reset, and then there is nobody to tell
    juliet.say("stop!");
    take_turns();
  }
  EXPECT_EQ(juliet.hear(), text);
}

TEST_P(RelayTest, WithoutItThereIsNoConnection) {
  join();
  part();
  EXPECT_EQ(romeo.hear(), "");
  EXPECT_EQ(juliet.hear(), "");
  EXPECT_TRUE(ended.empty());
}

INSTANTIATE_TEST_SUITE_P(Means, RelayTest, testing::Values(Relay::Means::splice, Relay::Means::copy),
                         [](const auto& test) { return test.param == Relay::Means::splice ? "Splice" : "Copy"; });

}  // namespace
