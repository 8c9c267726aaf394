#include "config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "settings.h"

namespace {

std::string wrap(const std::string& inner, const std::string& attributes = "") {
  return "<exedra xmlns='urn:exedra:config:1'" + attributes + ">\n" + inner + "\n</exedra>\n";
}
const std::string kHost = "<host domain='example.org'/>";
const std::string kClients = "<clients/>";
const std::string kRooms = "<rooms domain='conference.example.org'/>";

std::string read_file(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path).rdbuf();
  return all.str();
}

TEST(Config, DefaultsAreSafe) {
  const auto config = parse_config(wrap(kHost + kClients), "exedra.xml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->client_listeners.at(0).address, "127.0.0.1");
  EXPECT_EQ(config->client_listeners.at(0).port, 5222);
  EXPECT_FALSE(config->client_listeners.at(0).plaintext_login);
  EXPECT_TRUE(config->hosts.at(0).archive);
  EXPECT_EQ(config->hosts.at(0).retention.days.count(), 0) << "nothing is removed unasked";
  EXPECT_FALSE(config->hosts.at(0).registration);
  EXPECT_EQ(config->limits.login_max_stanza_bytes, 16u * 1024);
  EXPECT_EQ(config->limits.login, std::chrono::seconds(60));
}

TEST(Config, ReadsEverySetting) {
  const auto config = parse_config(
      wrap("<!-- a person wrote this -->\n<log level='debug' file='x.log'/><clients address='::1' tls='direct'/>"
           "<clients port='0' plaintext-login='true'/>"
           "<host domain='Example.ORG' certificate='c.pem' key='k.pem' archive='false' registration='true'"
           " archive-days='30' offline-max-messages='7'><contact admin='mailto:a@example.org'/></host><host "
           "domain='b.example'/>"
           "<limits max-stanza-bytes='20000' login-seconds='5'/>",
           " shards='4' durability='power'"),
      "exedra.xml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->shards, 4);
  EXPECT_EQ(config->durability, Durability::power);
  EXPECT_EQ(config->log_file, "x.log");
  EXPECT_TRUE(config->client_listeners.at(0).direct_tls);
  EXPECT_EQ(config->client_listeners.at(0).port, 5223);
  EXPECT_TRUE(config->client_listeners.at(1).plaintext_login);
  EXPECT_EQ(config->hosts.at(0).domain.str(), "example.org");
  EXPECT_EQ(config->hosts.at(0).admin_contacts.at(0), "mailto:a@example.org");
  EXPECT_EQ(config->hosts.at(0).offline_max_messages, 7u);
  EXPECT_EQ(config->hosts.at(0).retention.days.count(), 30);
  EXPECT_EQ(config->limits.max_stanza_bytes, 20000u);
  EXPECT_EQ(config->limits.login, std::chrono::seconds(5));
}

TEST(Config, EveryHostHasRoomsUnlessItSaysOtherwise) {
  const auto config =
      parse_config(wrap(kClients + kHost +
                        "<host domain='a.example' rooms='Chat.example.net'/><host domain='b.example'"
                        " rooms='chat.example.net'/><host domain='c.example' rooms='none'/><host domain='127.0.0.1'/>"
                        "<host domain='[::1]'/>"),
                   "exedra.xml");
  ASSERT_TRUE(config) << config.error().what;
  const char* const addresses[] = {"conference.example.org", "chat.example.net", "chat.example.net", "", "", ""};
  ASSERT_EQ(config->hosts.size(), std::size(addresses));
  for (std::size_t i = 0; i < std::size(addresses); ++i) EXPECT_EQ(config->hosts[i].rooms.str(), addresses[i]) << i;
  ASSERT_EQ(config->rooms.size(), 2u) << "the shared one once";
  EXPECT_EQ(config->rooms[0].domain.str(), "conference.example.org");
  EXPECT_EQ(config->rooms[1].domain.str(), "chat.example.net");
  EXPECT_EQ(config->rooms[0].name, "Rooms");
  EXPECT_EQ(config->rooms[0].create, router::MayCreate::local);
  EXPECT_TRUE(config->rooms[0].admins.empty());
  EXPECT_FALSE(config->rooms[0].persistent);
  EXPECT_TRUE(config->rooms[0].archive);
  EXPECT_EQ(config->rooms[0].retention.days.count(), 0) << "nothing is removed unasked";
  EXPECT_EQ(config->rooms[0].retention.messages, 0u);
  EXPECT_EQ(config->rooms[0].history, 20u);
  EXPECT_EQ(config->rooms[0].presence_limit, 0u);
}

TEST(Config, TheOptionsOfARoomServiceReachTheServer) {
  const auto config = parse_config(
      wrap("<rooms domain='Chat.example.org' name='Verona' create='admins' persistent='true' archive='false'"
           " archive-days='7' archive-max-messages='1000' history='3' presence-limit='30'><admin "
           "jid='Romeo@example.org'/>"
           "<admin jid='juliet@example.org'/></rooms>" +
           kClients + "<host domain='example.org' rooms='chat.example.org'/><host domain='a.example'/>"),
      "exedra.xml");
  ASSERT_TRUE(config) << config.error().what;
  const auto settings = make_settings(*config, 1024);
  EXPECT_EQ(settings->room_services().size(), 2u);
  const router::RoomService* service = settings->room_service("chat.example.org");
  ASSERT_NE(service, nullptr);
  EXPECT_EQ(settings->host("example.org")->rooms, service->domain);
  EXPECT_EQ(service->name, "Verona");
  EXPECT_EQ(service->create, router::MayCreate::admins);
  ASSERT_EQ(service->admins.size(), 2u);
  EXPECT_EQ(service->admins[0].str(), "romeo@example.org");
  EXPECT_TRUE(service->persistent);
  EXPECT_FALSE(service->archive);
  EXPECT_EQ(service->retention.days.count(), 7);
  EXPECT_EQ(service->retention.messages, 1000u);
  EXPECT_EQ(service->history, 3u);
  EXPECT_EQ(service->presence_limit, 30u);
  EXPECT_EQ(settings->room_service("conference.a.example")->name, "Rooms");
}

TEST(Config, WhatAServiceSaysOfItsRoomsCountsBeforeTheServersLimits) {
  const auto config = parse_config(
      wrap("<rooms domain='conference.example.org' occupants='30' room-occupants='50' rooms-per-owner='3'"
           " room-messages-per-second='4' room-total-messages-per-second='40' room-total-bytes-per-second='0'/>" +
           kClients + kHost + "<host domain='a.example'/>" +
           "<limits room-occupants='500' room-presences-per-second='7' room-total-bytes-per-second='100000'"
           " room-total-presences-per-second='9'/>"),
      "exedra.xml");
  ASSERT_TRUE(config) << config.error().what;
  const auto settings = make_settings(*config, 1024);
  router::RoomLimits usual;
  usual.room_occupants = 500;
  usual.room_presences_per_second = 7;
  usual.room_total_bytes_per_second = 100'000;
  usual.room_total_presences_per_second = 9;
  router::RoomLimits own = usual;
  own.room_occupants = 50;
  own.rooms_per_owner = 3;
  own.room_messages_per_second = 4;
  own.room_total_messages_per_second = 40;
  own.room_total_bytes_per_second = 0;
  EXPECT_EQ(settings->room_service("conference.example.org")->limits, own) << "wherever <limits> stands";
  EXPECT_EQ(settings->room_service("conference.example.org")->occupants, 30u);
  EXPECT_EQ(settings->room_service("conference.a.example")->limits, usual);
  EXPECT_EQ(settings->room_service("conference.a.example")->occupants, 0u);
}

TEST(Config, ArchivesAreKeptByClassHostAndService) {
  const auto config = parse_config(
      wrap("<host domain='example.org' archive-days='30' archive-max-messages='100' archive-max-bytes='1000000'>"
           "<retention class='guests' archive-days='1'><accounts prefix='Guest-'/><account name='Tybalt'/></retention>"
           "<retention class='admins' archive-days='0' archive-max-messages='0' archive-max-bytes='0'>"
           "<account name='romeo'/><account name='guest-host'/></retention></host>"
           "<rooms domain='conference.example.org' archive-max-bytes='20000'/>" +
           kClients),
      "exedra.xml");
  ASSERT_TRUE(config) << config.error().what;
  const auto settings = make_settings(*config, 1024);
  const router::HostSettings& host = *settings->host("example.org");
  const router::Retention usual{std::chrono::days(30), 100, 1'000'000};
  const router::Retention guests{std::chrono::days(1), 100, 1'000'000};
  EXPECT_EQ(host.retention_of("juliet"), usual);
  EXPECT_EQ(host.retention_of("guest-7"), guests) << "what a class leaves out is the host's";
  EXPECT_EQ(host.retention_of("tybalt"), guests);
  EXPECT_EQ(host.retention_of("guest-host"), guests) << "the first that fits";
  EXPECT_TRUE(host.retention_of("romeo").keeps_all());
  EXPECT_EQ(settings->room_service("conference.example.org")->retention, (router::Retention{{}, 0, 20'000}));
}

TEST(Config, OfTwoRetentionsTheStricterCounts) {
  const router::Retention all, one{std::chrono::days(3), 0, 500}, other{std::chrono::days(9), 7, 400};
  EXPECT_EQ(stricter(all, one), one);
  EXPECT_EQ(stricter(one, all), one);
  EXPECT_EQ(stricter(one, other), (router::Retention{std::chrono::days(3), 7, 400}));
}

TEST(Config, ClassesOfAccountsAreChecked) {
  const auto complaint = [](const std::string& inside) {
    const auto config = parse_config(wrap("<host domain='example.org'>" + inside + "</host>" + kClients), "exedra.xml");
    return config ? std::string() : config.error().what;
  };
  EXPECT_TRUE(complaint("<retention archive-days='1'><account name='a'/></retention>").contains("'class' is missing"));
  EXPECT_TRUE(complaint("<retention class='a'/>").contains("nobody is in it"));
  EXPECT_TRUE(complaint("<retention class='a'><account name='a@b'/></retention>").contains("'a@b' can't stand"));
  EXPECT_TRUE(complaint("<retention class='a'><account name='b'/></retention><retention class='a'><account "
                        "name='b'/></retention>")
                  .contains("stands twice"));
  EXPECT_TRUE(complaint("<retention class='a' archive-max-bytes='9'><account name='b'/></retention>")
                  .contains("no room for one stanza"));
}

TEST(Config, TheExampleInTheDocumentationIsRight) {
  const auto config = parse_config(read_file(EXEDRA_SOURCE_DIR "/docs/exedra.example.xml"), "exedra.example.xml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->hosts.size(), 3u);
  EXPECT_EQ(config->rooms.size(), 1u);
  EXPECT_EQ(config->client_listeners.size(), 3u);
}

/// The names that <limits> takes, out of its own complaint.
std::vector<std::string> limit_names() {
  const auto wrong = parse_config(wrap(kHost + kClients + "<limits nothing='1'/>"), "exedra.xml");
  std::string list = wrong.error().what.substr(wrong.error().what.find("known: ") + 7);
  std::ranges::replace(list, ',', ' ');
  std::istringstream words(list);
  return {std::istream_iterator<std::string>(words), {}};
}

TEST(Config, EveryLimitIsDocumentedCheckedAndHasTheSchemasDefault) {
  const std::string schema = read_file(EXEDRA_SOURCE_DIR "/docs/exedra.xsd");
  const std::string manual = read_file(EXEDRA_SOURCE_DIR "/docs/config.md");
  const auto names = limit_names();
  ASSERT_GE(names.size(), 41u);
  for (const std::string& name : names) {
    const std::string attribute = "<xs:attribute name=\"" + name + "\" default=\"";
    const auto at = schema.find(attribute);
    ASSERT_NE(at, std::string::npos) << name;
    const auto begin = at + attribute.size();
    const std::string usual = schema.substr(begin, schema.find('"', begin) - begin);
    EXPECT_TRUE(manual.contains("| `" + name + "` | " + usual + " |")) << name;
    const auto with = [&](const std::string& value) {
      return parse_config(wrap(kHost + kClients + "<limits " + name + "='" + value + "'/>"), "exedra.xml");
    };
    EXPECT_TRUE(with(usual)) << name;
    for (const char* wrong : {"", "x", "-1", "9999999999999999999999"}) {
      const auto refused = with(wrong);
      ASSERT_FALSE(refused) << name << wrong;
      EXPECT_TRUE(refused.error().what.contains("give a whole number from ")) << refused.error().what;
    }
  }
}

TEST(Config, LimitsReachTheServer) {
  const auto config = parse_config(
      wrap(kHost + kClients +
           "<limits hibernation-seconds='7200' hibernated-per-account='3' roster-items='9' archive-page='11'"
           " max-unauthenticated-connections='12' close-seconds='13' sm-queue-bytes='8388608'/>"),
      "exedra.xml");
  ASSERT_TRUE(config) << config.error().what;
  const router::Limits limits = make_settings(*config, 1'000'000)->limits();
  EXPECT_EQ(limits.hibernation, std::chrono::hours(2));
  EXPECT_EQ(limits.hibernated_per_account, 3u);
  EXPECT_EQ(limits.roster_items, 9u);
  EXPECT_EQ(limits.archive_page, 11u);
  EXPECT_EQ(limits.max_unauthenticated, 12u);
  EXPECT_EQ(limits.close, std::chrono::seconds(13));
  EXPECT_EQ(limits.sm_queue_bytes, 8388608u);
}

TEST(Config, AMistakeIsShownWithFileLineElementAndRemedy) {
  const struct {
    std::string text, line, says;
  } cases[] = {
      {wrap(kHost + kClients + "\n<hots domain='x'/>"), "3: <hots>", "may stand: log, clients, host, rooms, limits"},
      {wrap(kHost + kClients + "\n<log levle='info'/>"), "3: <log>", "unknown attribute 'levle'; known: level, file"},
      {wrap(kHost + kClients + "\n<log level='loud'/>"), "3: <log>", "choose one of: debug, info, warning, error"},
      {wrap(kHost + "<clients port='70000'/>"), "2: <clients>", "whole number from 0 to 65535"},
      {wrap(kHost + "<clients port='52x'/>"), "2: <clients>", "whole number"},
      {wrap(kHost + "<clients address='0.0.0.0' plaintext-login='true'/>"), "2: <clients>", "loopback"},
      {wrap(kClients + "<host/>"), "2: <host>", "'domain' is missing"},
      {wrap(kClients + "<host domain='a@b'/>"), "2: <host>", "without '@'"},
      {wrap(kClients + "<host domain='exa mple'/>"), "2: <host>", "is no domain"},
      {wrap(kClients + kHost + kHost), "2: <host>", "stands twice"},
      {wrap(kClients + "<host domain='a.example' key='k'/>"), "2: <host>", "belong together"},
      {wrap(kClients + kHost + "<limits sm-queue-bytes='70000'/>"), "2: <limits>", "no room for one stanza"},
      {wrap(kClients + kHost + "<limits offline-bytes='3000000'/>"), "2: <limits>", "half of 'sm-queue-bytes'"},
      {wrap(kClients + "<host domain='a.example' rooms=''/>"), "2: <host>",
       "give the room service's address, or 'none'"},
      {wrap(kClients + "<host domain='a.example' rooms='x@b.example'/>"), "2: <host>", "without '@'"},
      {wrap(kClients + kHost + "\n<host domain='a.example' rooms='example.org'/>"), "3: <host>",
       "its rooms would be at 'example.org', which is a host; give another address in 'rooms', or rooms='none'"},
      {wrap(kClients + kHost + "\n<host domain='conference.example.org'/>"), "2: <host>", "which is a host"},
      {wrap(kClients + kHost + "\n<rooms/>"), "3: <rooms>", "'domain' is missing"},
      {wrap(kClients + "\n<rooms domain='chat.example.org'/>" + kHost), "3: <rooms>",
       "no host has its rooms at 'chat.example.org'; add rooms='chat.example.org' to a host, or remove this"},
      {wrap(kClients + kHost + kRooms + "\n" + kRooms), "3: <rooms>",
       "the room service 'conference.example.org' stands twice; remove one"},
      {wrap(kClients + kHost + "\n<rooms domain='conference.example.org' creat='local'/>"), "3: <rooms>",
       "known: domain"},
      {wrap(kClients + kHost + "\n<rooms domain='conference.example.org' create='all'/>"), "3: <rooms>",
       "choose one of: anyone, local, admins"},
      {wrap(kClients + kHost + "\n<rooms domain='conference.example.org' occupants='1001'/>"), "3: <rooms>",
       "'occupants' is more than a room may have; give at most 1000, or more in 'room-occupants'"},
      {wrap(kClients + kHost + "\n<rooms domain='conference.example.org' room-occupants='0'/>"), "3: <rooms>",
       "give a whole number from 1 to 100000"},
      {wrap(kClients + kHost + "\n<rooms domain='conference.example.org' room-total-bytes-per-second='-1'/>"),
       "3: <rooms>", "give a whole number from 0 to 1073741824"},
      {wrap(kClients + kHost + "\n<rooms domain='conference.example.org' room-idle-seconds='1'/>"), "3: <rooms>",
       "unknown attribute 'room-idle-seconds'"},
      {wrap(kClients + kHost + "\n<rooms domain='conference.example.org' history='10001'/>"), "3: <rooms>",
       "whole number from 0 to 10000"},
      {wrap(kClients + kHost + "<rooms domain='conference.example.org'>\n<admin jid='example.org'/></rooms>"),
       "3: <admin>", "'example.org' is no account; write it as name@domain"},
      {wrap(kClients + kHost + "<rooms domain='conference.example.org'>\n<admin jid='a@b/c'/></rooms>"), "3: <admin>",
       "is no account"},
      {wrap(kClients + kHost + "<rooms domain='conference.example.org'>\n<admin/></rooms>"), "3: <admin>",
       "'jid' is missing"},
      {wrap(kClients), "1: <exedra>", "no host"},
      {wrap(kHost), "1: <exedra>", "nobody can connect"},
      {"<exedra/>", "1: <exedra>", "must begin with"},
      {wrap(kHost + "<clients>"), "3: ", "mismatched tag"},
      {"<!DOCTYPE exedra>" + wrap(kHost + kClients), "1: ", "DOCTYPE is not allowed"},
      {"", "", "no element found"},
  };
  for (const auto& [text, line, says] : cases) {
    const auto config = parse_config(text, "exedra.xml");
    ASSERT_FALSE(config) << text;
    EXPECT_NE(config.error().what.find("exedra.xml:" + line), std::string::npos) << config.error().what;
    EXPECT_NE(config.error().what.find(says), std::string::npos) << config.error().what;
  }
}

}  // namespace
