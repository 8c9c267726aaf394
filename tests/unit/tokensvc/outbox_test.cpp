#include "tokensvc/outbox.h"

#include <gtest/gtest.h>

namespace tokensvc {
namespace {

using std::string_literals::operator""s;

Instant at(int seconds) {
  return {.wall = base::WallTime(std::chrono::seconds(seconds)), .mono = base::MonoTime(std::chrono::seconds(seconds))};
}

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

TEST(Outbox, ARefusalMayTakeTheirPlace) {
  Outbox outbox;
  const auto first = outbox.hold("token", at(1), "\"a\""), second = outbox.hold("token", at(2));
  outbox.refuse(second, {Code::unavailable, "no"});
  outbox.refuse(first, {Code::unavailable, "no"});
  const std::string refusals = R"({"success":false,"message":"no","token":"","time":1,"seq":"a","code":"unavailable"})"
                               "\n\0"
                               R"({"success":false,"message":"no","token":"","time":2,"code":"unavailable"})"
                               "\n\0"s;
  EXPECT_EQ(outbox.bytes(), refusals.size());
  EXPECT_EQ(drain(outbox), refusals);
  outbox.forget_passed();
  EXPECT_EQ(outbox.bytes(), 0U);
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
  outbox.drop_before(at(2).mono);
  outbox.settle(old);
  EXPECT_EQ(drain(outbox), "b");
  EXPECT_EQ(outbox.bytes(), 1U);
}

}  // namespace
}  // namespace tokensvc
