#include "c2s/addresses.h"

#include <gtest/gtest.h>

namespace c2s {
namespace {

using namespace std::chrono_literals;
constexpr base::MonoTime kNow{1h};

TEST(AddressesTest, LimitsConnections) {
  Addresses addresses;
  const router::Limits limits{.max_connections_per_address = 2};
  EXPECT_TRUE(addresses.admit({0, 1}, "a", limits).admitted);
  EXPECT_TRUE(addresses.admit({1, 1}, "a", limits).admitted);
  EXPECT_FALSE(addresses.admit({0, 2}, "a", limits).admitted);
  EXPECT_TRUE(addresses.admit({0, 3}, "b", limits).admitted);
  addresses.release({0, 2});  // never admitted: changes nothing
  EXPECT_FALSE(addresses.admit({0, 4}, "a", limits).admitted);
  addresses.release({1, 1});
  EXPECT_TRUE(addresses.admit({0, 5}, "a", limits).admitted);
  for (std::uint64_t n = 1; n < 6; ++n) addresses.release({0, n});
  EXPECT_EQ(addresses.known(), 0U);
}

TEST(AddressesTest, DropsTheOldestThatWaits) {
  Addresses addresses;
  const router::Limits limits{.max_unauthenticated = 2};
  for (std::uint64_t n = 1; n <= 2; ++n) EXPECT_FALSE(addresses.admit({0, n}, "a", limits).dropped);
  addresses.logged_in({0, 1});
  EXPECT_FALSE(addresses.admit({3, 3}, "a", limits).dropped);
  EXPECT_EQ(addresses.admit({0, 4}, "a", limits).dropped, (Ticket{0, 2}));
  EXPECT_EQ(addresses.admit({0, 5}, "a", limits).dropped, (Ticket{3, 3}));
}

TEST(AddressesTest, DelaysBeyondTheRate) {
  Addresses addresses;
  const router::Limits limits{.failed_logins_per_minute = 30};
  addresses.admit({0, 1}, "a", limits);
  addresses.admit({0, 2}, "b", limits);
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(addresses.delay({0, 1}, kNow), 0s);
    addresses.failed({0, 1}, kNow, limits);
  }
  EXPECT_EQ(addresses.delay({0, 1}, kNow), 0s);
  addresses.failed({0, 1}, kNow, limits);
  EXPECT_EQ(addresses.delay({0, 1}, kNow), 2s);
  EXPECT_EQ(addresses.delay({0, 1}, kNow + 1s), 1s);
  EXPECT_EQ(addresses.delay({0, 2}, kNow), 0s);
  for (int i = 0; i < 1000; ++i) addresses.failed({0, 1}, kNow, limits);
  EXPECT_EQ(addresses.delay({0, 1}, kNow), Addresses::kLongestDelay);
  addresses.release({0, 1});
  addresses.admit({0, 3}, "a", limits);
  EXPECT_EQ(addresses.delay({0, 3}, kNow), Addresses::kLongestDelay) << "a new connection does not help";
  EXPECT_EQ(addresses.delay({0, 3}, kNow + 2min), 0s);
}

TEST(AddressesTest, CountsAccountsMade) {
  Addresses addresses;
  const router::Limits limits{.registrations_per_hour = 2};
  addresses.admit({0, 1}, "a", limits);
  addresses.admit({0, 2}, "b", limits);
  EXPECT_TRUE(addresses.take_registration({0, 1}, kNow, limits));
  EXPECT_TRUE(addresses.take_registration({0, 1}, kNow, limits));
  EXPECT_FALSE(addresses.take_registration({0, 1}, kNow + 29min, limits));
  EXPECT_TRUE(addresses.take_registration({0, 2}, kNow, limits));
  EXPECT_TRUE(addresses.take_registration({0, 1}, kNow + 30min, limits));
  EXPECT_FALSE(addresses.take_registration({0, 1}, kNow + 30min, limits));
}

TEST(AddressesTest, ForgetsOldFailures) {
  Addresses addresses;
  const router::Limits limits{};
  for (std::uint64_t n = 0; n < 5000; ++n) {
    const auto now = kNow + n * 1s;
    addresses.admit({0, n}, std::to_string(n), limits);
    addresses.failed({0, n}, now, limits);
    addresses.release({0, n});
  }
  EXPECT_LE(addresses.known(), 1024U);
}

}  // namespace
}  // namespace c2s
