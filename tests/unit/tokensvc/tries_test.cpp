// Who shares tries with whom, and how long they last.
#include "tokensvc/tries.h"

#include <gtest/gtest.h>

namespace tokensvc {
namespace {

using std::chrono_literals::operator""s;

constexpr base::MonoTime kStart{std::chrono::hours(1)};

TEST(Tries, TenAtOnceAndTenAMinute) {
  Tries tries;
  const std::string peer = "192.0.2.1:40000";
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(tries.wait(peer, kStart)) << i;
    tries.failed(peer, kStart);
  }
  EXPECT_EQ(tries.wait(peer, kStart), std::optional<base::Duration>(6s));
  EXPECT_EQ(tries.wait(peer, kStart), std::optional<base::Duration>(6s)) << "asking costs nothing";
  EXPECT_FALSE(tries.wait(peer, kStart + 6s));
  tries.failed(peer, kStart + 6s);
  EXPECT_TRUE(tries.wait(peer, kStart + 6s));
  EXPECT_FALSE(tries.wait(peer, kStart + 66s));
}

TEST(Tries, AnAddressOrASlash64CountsAsOne) {
  const struct {
    std::string one, other;
    bool together;
  } rows[] = {{"192.0.2.1:1", "192.0.2.1:2", true},
              {"192.0.2.1:1", "192.0.2.2:1", false},
              {"192.0.2.1:1", "[::ffff:192.0.2.1]:1", true},
              {"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:1", false},
              {"[2001:db8::1]:1", "[2001:db8::ffff:2]:1", true},
              {"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false},
              {"[fe80::1%eth0]:1", "[fe80::2%eth1]:1", true},
              {"nowhere", "nowhere", true}};
  for (const auto& row : rows) {
    Tries tries;
    for (int i = 0; i < 10; ++i) tries.failed(row.one, kStart);
    EXPECT_EQ(tries.wait(row.other, kStart).has_value(), row.together) << row.one << ' ' << row.other;
  }
}

TEST(Tries, MemoryIsBounded) {
  Tries tries;
  for (int i = 0; i < 30'000; ++i)
    tries.failed("10." + std::to_string(i / 250) + '.' + std::to_string(i % 250) + ".1:1", kStart);
  for (int i = 0; i < 10; ++i) tries.failed("192.0.2.1:1", kStart);
  EXPECT_TRUE(tries.wait("192.0.2.1:1", kStart));
}

}  // namespace
}  // namespace tokensvc
