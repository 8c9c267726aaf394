// What is counted as one peer.
#include "net/peer_address.h"

#include <gtest/gtest.h>

namespace net {
namespace {

TEST(PeerTest, CountsBySingleAddressAndBySixtyFour) {
  EXPECT_EQ(read_peer("192.0.2.1:4000").key, read_peer("192.0.2.1:5000").key);
  EXPECT_NE(read_peer("192.0.2.1:4000").key, read_peer("192.0.2.2:4000").key);
  EXPECT_EQ(read_peer("[::ffff:192.0.2.1]:4000").key, read_peer("192.0.2.1:1").key);
  EXPECT_EQ(read_peer("[2001:db8::1]:4000").key, read_peer("[2001:db8::ffff:0:0:1]:1").key);
  EXPECT_NE(read_peer("[2001:db8::1]:4000").key, read_peer("[2001:db8:0:1::1]:4000").key);
}

TEST(PeerTest, KnowsLoopback) {
  for (const char* peer : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"})
    EXPECT_TRUE(read_peer(peer).loopback) << peer;
  for (const char* peer : {"192.0.2.1:1", "[::2]:1", "[::ffff:192.0.2.1]:1", "[fe80::1%eth0]:1", ""})
    EXPECT_FALSE(read_peer(peer).loopback) << peer;
}

}  // namespace
}  // namespace net
