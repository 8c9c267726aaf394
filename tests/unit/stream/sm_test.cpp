#include "stream/sm.h"

#include <gtest/gtest.h>

#include <memory>

namespace stream {
namespace {

using Queue = OutboundQueue<std::unique_ptr<int>>;

void push(Queue& queue, int value, std::size_t bytes = 10) {
  EXPECT_TRUE(queue.push(std::make_unique<int>(value), bytes));
}

std::vector<int> unacked(const Queue& queue) {
  std::vector<int> values;
  queue.for_each_unacked([&](const std::unique_ptr<int>& entry) { values.push_back(*entry); });
  return values;
}

TEST(Sm, ReadsHStrictly) {
  EXPECT_EQ(parse_h("0"), 0U);
  EXPECT_EQ(parse_h("4294967295"), 4294967295U);
  for (const char* bad : {"", "4294967296", "-1", "+1", " 1", "1 ", "0x1", "1.0", "99999999999999999999999"}) {
    EXPECT_FALSE(parse_h(bad)) << bad;
  }
}

TEST(Sm, InboundCounterWraps) {
  InboundCounter counter(4294967294U);
  counter.handled();
  EXPECT_EQ(counter.h(), 4294967295U);
  counter.handled();
  EXPECT_EQ(counter.h(), 0U);
}

TEST(Sm, AcknowledgementReleasesTheOldest) {
  Queue queue(SmLimits{});
  for (int i = 1; i <= 4; ++i) push(queue, i);
  const auto released = queue.acknowledge(3);
  ASSERT_TRUE(released);
  ASSERT_EQ(released->size(), 3U);
  EXPECT_EQ(*released->front(), 1);
  EXPECT_EQ(*released->back(), 3);
  EXPECT_EQ(unacked(queue), std::vector<int>{4});
  EXPECT_EQ(queue.bytes(), 10U);
  EXPECT_EQ(queue.acknowledge(3)->size(), 0U);  // the same again is no error
}

TEST(Sm, RefusesAnAcknowledgementAboveWhatWasSent) {
  Queue queue(SmLimits{});
  push(queue, 1);
  push(queue, 2);
  const auto refused = queue.acknowledge(3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().to_xml(), "<handled-count-too-high xmlns='urn:xmpp:sm:3' h='3' send-count='2'/>");
  EXPECT_EQ(queue.unacked(), 2U);
  EXPECT_TRUE(queue.acknowledge(2));
  EXPECT_FALSE(queue.acknowledge(1));  // taken back
}

TEST(Sm, OutboundCounterWraps) {
  Queue queue(SmLimits{}, 4294967294U);
  for (int i = 1; i <= 4; ++i) push(queue, i);
  EXPECT_EQ(queue.send_count(), 2U);
  EXPECT_FALSE(queue.acknowledge(3));
  EXPECT_EQ(queue.acknowledge(4294967295U)->size(), 1U);
  EXPECT_EQ(queue.acknowledge(0)->size(), 1U);
  EXPECT_FALSE(queue.acknowledge(4294967295U));
  EXPECT_EQ(queue.acknowledge(2)->size(), 2U);
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(Sm, LimitsLeaveTheEntryWithTheCaller) {
  Queue queue({.entries = 2, .bytes = 100});
  auto large = std::make_unique<int>(1);
  EXPECT_FALSE(queue.push(std::move(large), 101));
  ASSERT_NE(large, nullptr);
  EXPECT_TRUE(queue.push(std::move(large), 90));
  push(queue, 2, 10);
  auto third = std::make_unique<int>(3);
  EXPECT_FALSE(queue.push(std::move(third), 0));
  EXPECT_NE(third, nullptr);
  EXPECT_EQ(queue.send_count(), 2U);
  ASSERT_TRUE(queue.acknowledge(1));
  EXPECT_TRUE(queue.push(std::move(third), 90));
}

TEST(Sm, TakeAllEmptiesTheQueue) {
  Queue queue(SmLimits{});
  push(queue, 1);
  push(queue, 2);
  EXPECT_EQ(queue.take_all().size(), 2U);
  EXPECT_EQ(queue.unacked(), 0U);
  EXPECT_EQ(queue.bytes(), 0U);
  EXPECT_TRUE(queue.acknowledge(2));
}

}  // namespace
}  // namespace stream
