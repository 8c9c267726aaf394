#include "router/settings.h"

#include <gtest/gtest.h>

namespace router {
namespace {

xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }

TEST(Settings, FindsHostsAndRoomServicesByDomain) {
  const Settings settings({{.domain = jid("example.org"), .rooms = jid("rooms.example.net")},
                           {.domain = jid("example.com"), .rooms = jid("rooms.example.net")},
                           {.domain = jid("example.net")}},
                          Limits{}, {{.domain = jid("rooms.example.net"), .name = "Verona"}});
  EXPECT_EQ(settings.host("example.com"), &settings.hosts()[1]);
  EXPECT_EQ(settings.host("rooms.example.net"), nullptr);
  ASSERT_EQ(settings.room_services().size(), 1U);
  const RoomService* verona = settings.room_service("rooms.example.net");
  ASSERT_EQ(verona, &settings.room_services()[0]);
  EXPECT_EQ(verona->name, "Verona");
  EXPECT_EQ(settings.room_service(settings.host("example.com")->rooms.str()), verona);
  EXPECT_EQ(settings.room_service("example.net"), nullptr);
  EXPECT_EQ(settings.room_service(settings.host("example.net")->rooms.str()), nullptr) << "it has none";
}

}  // namespace
}  // namespace router
