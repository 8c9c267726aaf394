#include "settings.h"

#include <gtest/gtest.h>

namespace {

TEST(Settings, ASocketTakesAWholeResumptionWhateverIsConfigured) {
  router::Limits limits;
  limits.out_queue_bytes = 64 * 1024;
  limits.sm_queue_bytes = 1024 * 1024;
  limits.tls_handshake = std::chrono::seconds(3);
  limits.close = std::chrono::seconds(4);
  const net::TcpLimits small = tcp_limits(limits);
  EXPECT_EQ(small.queue, 2u * 1024 * 1024);
  EXPECT_EQ(small.handshake, std::chrono::seconds(3));
  EXPECT_EQ(small.close, std::chrono::seconds(4));
  limits.out_queue_bytes = 8 * 1024 * 1024;
  EXPECT_EQ(tcp_limits(limits).queue, 8u * 1024 * 1024);
}

}  // namespace
