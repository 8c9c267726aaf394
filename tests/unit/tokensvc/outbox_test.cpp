#include "tokensvc/outbox.h"

#include <gtest/gtest.h>

namespace tokensvc {
namespace {

using std::chrono_literals::operator""s;

base::MonoTime at(int seconds) { return base::MonoTime(std::chrono::seconds(seconds)); }

/// Everything that may go.
std::string drain(Outbox& outbox) {
  std::string all;
  while (const std::string* next = outbox.next()) {
    all += *next;
    outbox.pass();
  }
  return all;
}

TEST(Outbox, KeepsTheOrderOfRequests) {
  Outbox outbox;
  int calls = 0;
  outbox.on_ready = [&calls] { ++calls; };
  const auto first = outbox.hold("a", at(1)), second = outbox.hold("b", at(1));
  outbox.add("c", at(1));
  EXPECT_EQ(drain(outbox), "");
  outbox.settle(second);
  EXPECT_EQ(calls, 0) << "the first still waits";
  outbox.settle(first);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(drain(outbox), "abc");
}

TEST(Outbox, AnotherReplyMayTakeTheirPlace) {
  Outbox outbox;
  outbox.settle(outbox.hold("token", at(1)), "refused");
  EXPECT_EQ(outbox.bytes(), 7U);
  EXPECT_EQ(drain(outbox), "refused");
}

TEST(Outbox, WhatTheKernelHasNotIsWrittenAgain) {
  Outbox outbox;
  outbox.add("a", at(1));
  outbox.add("b", at(1));
  EXPECT_EQ(drain(outbox), "ab");
  EXPECT_EQ(outbox.bytes(), 2U);
  outbox.rewind();
  EXPECT_EQ(drain(outbox), "ab");
  outbox.forget_passed();
  outbox.rewind();
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.bytes(), 0U);
}

TEST(Outbox, WhatNobodyWaitsForIsDropped) {
  Outbox outbox;
  const auto old = outbox.hold("a", at(1));
  outbox.add("b", at(2));
  outbox.drop_before(at(2));
  outbox.settle(old);
  EXPECT_EQ(drain(outbox), "b");
  EXPECT_EQ(outbox.bytes(), 1U);
}

}  // namespace
}  // namespace tokensvc
