// What is owed to a line: the order, what waits for its row, and what a lost connection had delivered.
#include <gtest/gtest.h>

#include "tokensvc/outbox.h"

namespace tokensvc {
namespace {

using namespace std::chrono_literals;
constexpr base::MonoTime kThen{std::chrono::hours(1)};

/// Passes everything that may go.
std::vector<std::string> pass_all(Outbox& outbox) {
  std::vector<std::string> passed;
  while (const std::string* reply = outbox.next()) {
    passed.push_back(*reply);
    outbox.pass();
  }
  return passed;
}

TEST(GameOutbox, KeepsTheOrderOfTheRequests) {
  Outbox outbox;
  const auto first = outbox.hold("1", kThen);
  outbox.add("2", kThen);
  EXPECT_EQ(outbox.next(), nullptr);
  outbox.settle(first, "one");
  EXPECT_EQ(pass_all(outbox), (std::vector<std::string>{"one", "2"}));
  EXPECT_EQ(outbox.bytes(), 4U);
  EXPECT_FALSE(outbox.owes());
  outbox.forget_passed();
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.bytes(), 0U);
}

TEST(GameOutbox, WhatWasNotHeardIsNextAgain) {
  const std::string a = R"({"seq":1,"exp":5})", b = R"({"seq":22,"exp":5})", c = R"({"noise":1})";
  const struct {
    std::size_t unacknowledged, overhead;
    std::vector<std::string> again;
  } rows[] = {
      {0, 0, {}},
      {1, 0, {c}},                           // without a number only the whole is an answer
      {c.size(), 0, {c}},
      {c.size() + 1, 0, {c}},                // all of b but its last byte: it was understood
      {c.size() + 8, 0, {c}},                // {"seq":22, has arrived
      {c.size() + 9, 0, {b, c}},             // {"seq":22
      {c.size() + b.size(), 0, {b, c}},
      {c.size() + b.size() + 1, 0, {b, c}},
      {1'000'000, 0, {a, b, c}},
      {c.size() + 22, 22, {c}},              // in TLS a record counts whole
      {c.size() + 22 + 1, 22, {b, c}},
      {c.size() + b.size() + 44, 22, {b, c}},
  };
  for (const auto& row : rows) {
    Outbox outbox;
    for (const std::string& reply : {a, b, c}) outbox.add(reply, kThen);
    outbox.add("not written yet", kThen);
    for (int i = 0; i < 3; ++i) outbox.pass();
    outbox.forget_heard(row.unacknowledged, row.overhead);
    outbox.rewind();
    std::vector<std::string> expected = row.again;
    expected.push_back("not written yet");
    EXPECT_EQ(pass_all(outbox), expected) << row.unacknowledged << " and " << row.overhead;
  }
}

TEST(GameOutbox, WhatIsTooOldIsDropped) {
  Outbox outbox;
  const auto early = outbox.hold("early", kThen);
  outbox.add("late", kThen + 2s);
  outbox.drop_before(kThen + 1s);
  outbox.settle(early);
  EXPECT_EQ(pass_all(outbox), std::vector<std::string>{"late"});
}

}  // namespace
}  // namespace tokensvc
