#include "settings.h"

#include <gtest/gtest.h>

#include <utility>

#include "config.h"

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
  Config config;
  config.hosts.push_back({.domain = *xmpp::Jid::parse("example.org")});
  config.limits = limits;
  EXPECT_EQ(make_settings(config, 1024)->limits().out_queue_bytes, small.queue);
  limits.out_queue_bytes = 8 * 1024 * 1024;
  EXPECT_EQ(tcp_limits(limits).queue, 8u * 1024 * 1024);
}

TEST(Settings, StrangersGetHalfOfTheDescriptorsAtMost) {
  Config config;
  config.hosts.push_back({.domain = *xmpp::Jid::parse("example.org")});
  config.limits.max_unauthenticated = 5000;
  EXPECT_EQ(make_settings(config, 1'000'000)->limits().max_unauthenticated, 5000u);
  EXPECT_EQ(make_settings(config, 1024)->limits().max_unauthenticated, 512u);
}

TEST(Settings, ANewcomerIsSentNoMoreThanTheLimitWhateverTheServiceSays) {
  Config config;
  const xmpp::Jid rooms = *xmpp::Jid::parse("conference.example.org");
  config.hosts.push_back({.domain = *xmpp::Jid::parse("example.org"), .rooms = rooms});
  config.rooms.push_back({.domain = rooms});
  config.limits.room_history = 50;
  for (const auto& [wanted, sent] : {std::pair{20U, 20U}, {50U, 50U}, {51U, 50U}}) {
    config.rooms[0].history = wanted;
    EXPECT_EQ(make_settings(config, 1024)->room_service(rooms.str())->history, sent);
  }
}

}  // namespace
