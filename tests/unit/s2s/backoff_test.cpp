#include "s2s/backoff.h"

#include <gtest/gtest.h>

#include <set>

#include "sim/sim_loop.h"

namespace s2s {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToTheLastAndBeginsAnewAfterASuccess) {
  sim::SeededRandom dice(1);
  Backoff backoff(dice);
  for (int round = 0; round < 2; ++round) {
    for (const base::Duration whole : {5s, 10s, 20s, 40s, 60s, 60s}) {
      const base::Duration wait = backoff.next(5s, 60s);
      EXPECT_GE(wait, whole / 2);
      EXPECT_LE(wait, whole);
    }
    backoff.reset();
  }
}

TEST(Backoff, AThousandFailuresOverflowNothing) {
  sim::SeededRandom dice(1);
  Backoff backoff(dice);
  for (int i = 0; i < 1000; ++i) EXPECT_LE(backoff.next(5s, 10min), 10min);
  EXPECT_GE(backoff.next(5s, 10min), 5min);
}

TEST(Backoff, ManyServersDoNotComeBackAtTheSameMoment) {
  sim::SeededRandom dice(1);
  std::set<base::Duration> waits;
  for (int i = 0; i < 50; ++i) waits.insert(Backoff(dice).next(8s, 10min));
  EXPECT_GT(waits.size(), 40u);
}

}  // namespace
}  // namespace s2s
