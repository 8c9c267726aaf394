// Descriptors that are ready are told once for each change, and those taken out not at all.
#include "net/ready_set.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <string>

namespace {

/// One end of a pair of sockets, in the set.
struct End final : net::ReadySet::Source {
  explicit End(net::ReadySet& ready) : set(ready) {
    std::array<int, 2> pair{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    near = net::Fd(pair[0]);
    far = net::Fd(pair[1]);
    EXPECT_TRUE(set.add(near.get(), *this));
  }
  ~End() { set.remove(near.get(), *this); }
  void on_ready(std::uint32_t events) override {
    told += (events & EPOLLIN) != 0 ? 1 : 0;
    if (then) then();
  }
  void write() const { EXPECT_EQ(send(far.get(), "x", 1, MSG_NOSIGNAL), 1); }

  net::ReadySet& set;
  net::Fd near, far;
  int told = 0;
  std::function<void()> then;
};

void tell_all(net::ReadySet& ready) {
  ready.take();
  while (ready.next()) {
  }
}

TEST(ReadySet, TellsOncePerChange) {
  net::ReadySet ready;
  End romeo(ready), juliet(ready);
  tell_all(ready);
  EXPECT_EQ(romeo.told + juliet.told, 0);
  romeo.write();
  tell_all(ready);
  tell_all(ready);
  EXPECT_EQ(romeo.told, 1);
  romeo.write();
  juliet.write();
  tell_all(ready);
  EXPECT_EQ(romeo.told, 2);
  EXPECT_EQ(juliet.told, 1);
}

TEST(ReadySet, WhoWasTakenOutMeanwhileIsNotTold) {
  net::ReadySet ready;
  End romeo(ready), juliet(ready);
  tell_all(ready);
  romeo.then = [&] { ready.remove(juliet.near.get(), juliet); };
  juliet.then = [&] { ready.remove(romeo.near.get(), romeo); };
  romeo.write();
  juliet.write();
  tell_all(ready);
  EXPECT_EQ(romeo.told + juliet.told, 1);
}

TEST(ReadySet, WhatIsLeftComesBeforeWhatIsNew) {
  net::ReadySet ready;
  End romeo(ready), juliet(ready);
  tell_all(ready);
  romeo.write();
  juliet.write();
  ready.take();
  EXPECT_TRUE(ready.next());
  EXPECT_EQ(romeo.told + juliet.told, 1);
  tell_all(ready);
  EXPECT_EQ(romeo.told + juliet.told, 2);
}

TEST(ReadySet, TheLastToBecomeReadyIsToldFirst) {
  net::ReadySet ready;
  End romeo(ready), juliet(ready), nurse(ready);
  tell_all(ready);
  std::string told;
  romeo.then = [&] { told += "romeo "; };
  juliet.then = [&] { told += "juliet "; };
  nurse.then = [&] { told += "nurse "; };
  juliet.write();
  romeo.write();
  ready.take();
  nurse.write();  // after the answer: with the next one
  while (ready.next()) {
  }
  tell_all(ready);
  EXPECT_EQ(told, "romeo juliet nurse ");
}

}  // namespace
