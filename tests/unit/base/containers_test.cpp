#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "base/lazy.h"
#include "base/ring.h"
#include "base/small_vector.h"

namespace base {
namespace {

TEST(Ring, DoesWhatADequeDoes) {
  std::mt19937 dice(7);
  Ring<std::unique_ptr<int>> ring;
  std::deque<int> model;
  for (int i = 0; i < 20000; ++i) {
    // More in than out for a while, then the other way round, so that it grows, wraps and empties.
    if (dice() % 100 < ((i / 1000) % 2 == 0 ? 60U : 40U)) {
      ring.push_back(std::make_unique<int>(i));
      model.push_back(i);
    } else if (!model.empty()) {
      ASSERT_EQ(*ring.take_front(), model.front());
      model.pop_front();
    }
    ASSERT_EQ(ring.size(), model.size());
    if (model.empty()) continue;
    const std::size_t place = dice() % model.size();
    ASSERT_EQ(*ring[place], model[place]);
    ASSERT_EQ(*ring.front(), model.front());
    ASSERT_EQ(*ring.back(), model.back());
  }
}

TEST(Ring, MovingLeavesAnEmptyOne) {
  Ring<int> from;
  for (int i = 0; i < 10; ++i) from.push_back(i);
  Ring<int> to = std::exchange(from, {});
  EXPECT_TRUE(from.empty());
  from.push_back(1);
  EXPECT_EQ(from.take_front(), 1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(to.take_front(), i);
}

TEST(SmallVector, KeepsItsItemsWhereverTheyLie) {
  SmallVector<int, 2> numbers;
  EXPECT_TRUE(numbers.empty());
  for (int i = 0; i < 5; ++i) {
    numbers.push_back(i);
    std::vector<int> expected;
    for (int n = 0; n <= i; ++n) expected.push_back(n);
    EXPECT_EQ(std::vector<int>(numbers.begin(), numbers.end()), expected);
  }
  EXPECT_EQ(numbers, (SmallVector<int, 2>{0, 1, 2, 3, 4}));
}

TEST(Lazy, IsItsDefaultUntilItIsChanged) {
  Lazy<std::vector<int>> numbers;
  EXPECT_TRUE(numbers->empty());
  numbers.get().push_back(3);
  EXPECT_EQ(*numbers, std::vector<int>{3});
  const Lazy<std::vector<int>> taken = std::exchange(numbers, {});
  EXPECT_EQ(taken->size(), 1U);
  EXPECT_TRUE(numbers->empty());
  numbers.get().push_back(4);
  numbers.reset();
  EXPECT_TRUE(numbers->empty());
}

}  // namespace
}  // namespace base
