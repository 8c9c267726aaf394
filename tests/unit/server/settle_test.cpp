#include "settle.h"

#include <gtest/gtest.h>

#include <array>
#include <future>
#include <utility>
#include <vector>

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class SettleTest : public testing::Test {
 protected:
  SettleTest() {
    for (int i = 0; i < 3; ++i) loops_.push_back(std::make_unique<net::AsioLoop>());
  }
  /// From an executor to a loop, on to the others, and to the next executor.
  void pass_on(int times) {
    if (times == 0) return;
    CountedExecutor* const next = executors_[static_cast<std::size_t>(times) % executors_.size()];
    loops_[2]->post([this, next, times] {
      loops_[1]->post([this, next, times] {
        loops_[0]->post([this, next, times] {
          next->submit([this, times] {
            ++passed_;
            pass_on(times - 1);
          });
        });
      });
    });
  }
  bool settle(base::Duration longest) { return ::settle(executors_, loops_, longest); }

  std::vector<std::unique_ptr<net::AsioLoop>> loops_;
  CountedExecutor one_{1}, two_{2};
  std::array<CountedExecutor*, 2> executors_{&one_, &two_};
  std::atomic<int> passed_ = 0;
};

TEST_F(SettleTest, GoesOnUntilNothingFollows) {
  pass_on(50);
  EXPECT_TRUE(settle(60s));
  EXPECT_EQ(passed_, 50);
  EXPECT_TRUE(settle(60s)) << "there is nothing to do";
}

TEST_F(SettleTest, GivesUpWhenAJobHangs) {
  std::promise<void> over;
  two_.submit([&over] { over.get_future().wait(); });
  EXPECT_FALSE(settle(20ms));
  over.set_value();
  EXPECT_TRUE(settle(60s));
}

}  // namespace
