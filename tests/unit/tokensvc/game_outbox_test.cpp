// What is owed to a line: the order, what waits for its row, and what a lost connection had delivered.
#include <gtest/gtest.h>

#include "tokensvc/outbox.h"

namespace tokensvc {
namespace {

using namespace std::chrono_literals;
constexpr Instant kThen{.wall = {}, .mono = base::MonoTime(1h)};

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
  outbox.settle(first);
  EXPECT_EQ(pass_all(outbox), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(outbox.bytes(), 2U);
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
      {1, 0, {c}},  // without a number only the whole is an answer
      {c.size(), 0, {c}},
      {c.size() + 1, 0, {c}},     // all of b but its last byte: it was understood
      {c.size() + 8, 0, {c}},     // {"seq":22, has arrived
      {c.size() + 9, 0, {b, c}},  // {"seq":22
      {c.size() + b.size(), 0, {b, c}},
      {c.size() + b.size() + 1, 0, {b, c}},
      {1'000'000, 0, {a, b, c}},
      {c.size() + 22, 22, {c}},  // in TLS a record counts whole
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

TEST(GameOutbox, WhatAnEarlierConnectionAskedWaitsForAProof) {
  const struct {
    std::vector<std::string> before, after;
    std::size_t left;  ///< of what was asked before
  } rows[] = {
      {{"1", "2"}, {"3"}, 2},                                        // it counts on
      {{"1", "2"}, {"2"}, 0},                                        // it has forgotten
      {{"1", "2"}, {"0"}, 0},          {{"7", "3"}, {"3"}, 2},       // it never counted
      {{"\"a\"", ""}, {"\"a\""}, 2},                                 // no numbers: nothing is known until release()
      {{"1", "2"}, {"\"a\"", "1"}, 0}, {{"1", "2"}, {"3", "1"}, 2},  // what was released stays so
  };
  for (const auto& row : rows) {
    Outbox outbox;
    for (const std::string& seq : row.before) {
      outbox.asked(seq);
      outbox.add("before", kThen);
    }
    outbox.rewind();
    outbox.withhold();
    EXPECT_EQ(outbox.next(), nullptr);
    for (const std::string& seq : row.after) {
      outbox.asked(seq);
      outbox.add("after", kThen);
    }
    outbox.release();
    std::vector<std::string> expected(row.left, "before");
    expected.insert(expected.end(), row.after.size(), "after");
    EXPECT_EQ(pass_all(outbox), expected) << row.after[0];
  }
}

TEST(GameOutbox, WhatIsTooOldIsDropped) {
  Outbox outbox;
  const auto early = outbox.hold("early", kThen);
  outbox.add("late", {.wall = {}, .mono = kThen.mono + 2s});
  outbox.drop_before(kThen.mono + 1s);
  outbox.settle(early);
  EXPECT_EQ(pass_all(outbox), std::vector<std::string>{"late"});
}

}  // namespace
}  // namespace tokensvc
