// The order a loop promises, and that the executor finishes what it was given.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <utility>

#include "net/asio_loop.h"
#include "net/fd.h"
#include "net/ready_set.h"
#include "net/thread_executor.h"

namespace {

using namespace std::chrono_literals;

TEST(AsioLoop, PostsRunInOrderAndTurnEndComesAfterReadyInput) {
  net::AsioLoop loop;
  std::string order;
  loop.post([&] {
    loop.at_turn_end([&] {
      order += 'E';
      loop.at_turn_end([&] {
        order += 'F';
        loop.stop();
      });
    });
    loop.post([&] { order += 'c'; });
    order += 'a';
  });
  loop.post([&] { order += 'b'; });
  loop.run();
  EXPECT_EQ(order, "abcEF");
}

TEST(AsioLoop, TimersRunByTimeAndCancel) {
  net::AsioLoop loop;
  std::string order;
  base::Timer dropped;
  loop.post([&] {
    loop.after(6ms, [&] {
      order += 'c';
      loop.stop();
    });
    loop.after(2ms, [&] { order += 'b'; });
    loop.after(0ms, [&] {
      order += 'a';
      dropped.cancel();
    });
    dropped = base::Timer(loop, 1ms, [&] { order += 'x'; });
    base::Timer gone(loop, 1ms, [&] { order += 'y'; });
    loop.cancel(base::TimerId::none);
  });
  loop.run();
  EXPECT_EQ(order, "abc");
}

TEST(AsioLoop, WaitingIsNotTakenForBeingStopped) {
  net::AsioLoop loop, other;
  std::string order;
  loop.after(1100ms, [&] { order += 'a'; });  // set before the turn in which the loop falls asleep
  loop.after(1300ms, [&] { order += 'b'; });
  other.after(2200ms, [&] {
    other.stop();
    loop.post([&] {
      order += 'c';
      loop.stop();
    });
  });
  std::jthread thread([&] { other.run(); });
  loop.run();
  EXPECT_EQ(order, "abc");
}

TEST(AsioLoop, PostsFromManyThreadsAllArriveInTheirOrder) {
  net::AsioLoop loop;
  constexpr int each = 2000;
  int seen[3] = {};
  int total = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < each; ++i) {
        loop.post([&, thread, i] {
          EXPECT_EQ(seen[thread]++, i);
          if (++total == 3 * each) loop.stop();
        });
      }
    });
  }
  loop.run();
  EXPECT_EQ(total, 3 * each);
}

TEST(AsioLoop, WhatALoopPostsToAnotherArrivesInItsOrderItsLastTurnIncluded) {
  net::AsioLoop from, to;
  std::vector<int> got;
  from.post([&] {
    for (int i = 0; i < 1000; ++i) to.post([&got, i] { got.push_back(i); });
    from.stop();
    from.post([&] {
      to.post([&] { got.push_back(1000); });
      to.stop();
    });
  });
  std::jthread other([&] { from.run(); });
  to.run();
  ASSERT_EQ(got.size(), 1001U);
  EXPECT_TRUE(std::ranges::is_sorted(got));
}

/// Passes one byte on, from one end of a pair to the other, as long as it is asked to.
class Pinger final : net::ReadySet::Source {
 public:
  Pinger(net::AsioLoop& loop, net::Fd own) : loop_(loop), own_(std::move(own)) {
    EXPECT_TRUE(loop_.ready_set().add(own_.get(), *this));
  }
  ~Pinger() { loop_.ready_set().remove(own_.get(), *this); }

  void ping() const { EXPECT_EQ(send(own_.get(), "x", 1, MSG_NOSIGNAL), 1); }
  int passed = 0;

 private:
  void on_ready(std::uint32_t) override {
    char byte = 0;
    if (recv(own_.get(), &byte, 1, MSG_DONTWAIT) != 1) return;
    ++passed;
    ping();
  }
  net::AsioLoop& loop_;
  net::Fd own_;
};

TEST(AsioLoop, ConnectionsThatNeverRestKeepNothingElseWaiting) {
  net::AsioLoop loop;
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  Pinger one(loop, net::Fd(ends[0]));
  Pinger other(loop, net::Fd(ends[1]));
  std::string seen;
  loop.on_signal({SIGHUP}, [&](int) {
    seen += 's';
    loop.stop();
  });
  std::jthread thread;
  loop.post([&] {
    other.ping();
    loop.after(20ms, [&] {
      seen += 't';
      thread = std::jthread([&] {
        loop.post([&] {
          seen += 'p';
          std::raise(SIGHUP);
        });
      });
    });
  });
  loop.run();
  EXPECT_EQ(seen, "tps");
  EXPECT_GT(one.passed, 100);
}

TEST(AsioLoop, HandsOverSignals) {
  net::AsioLoop loop;
  int got = 0;
  loop.on_signal({SIGTERM, SIGHUP}, [&](int number) {
    if (++got == 2) return loop.stop();
    EXPECT_EQ(number, SIGHUP);
    std::raise(SIGTERM);
  });
  loop.post([] { std::raise(SIGHUP); });
  loop.run();
  EXPECT_EQ(got, 2);
}

TEST(ThreadExecutor, DrainsOnDestruction) {
  std::atomic<int> done = 0;
  {
    net::ThreadExecutor executor(2);
    for (int i = 0; i < 500; ++i) executor.submit([&] { ++done; });
  }
  EXPECT_EQ(done, 500);
}

TEST(ThreadExecutor, OneThreadKeepsTheOrder) {
  std::string order;
  {
    net::ThreadExecutor executor(1);
    for (char c = 'a'; c <= 'e'; ++c) executor.submit([&order, c] { order += c; });
  }
  EXPECT_EQ(order, "abcde");
}

TEST(ThreadExecutor, WhatIsInTheBackgroundComesAfterTheRest) {
  const auto niceness = [](net::Priority priority) {
    int value = -1;
    net::ThreadExecutor(1, priority).submit([&value] { value = getpriority(PRIO_PROCESS, 0); });
    return value;
  };
  const int own = getpriority(PRIO_PROCESS, 0);
  EXPECT_EQ(niceness(net::Priority::usual), own);
  EXPECT_EQ(niceness(net::Priority::background), std::min(own + 10, 19));
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), own);
}

}  // namespace
