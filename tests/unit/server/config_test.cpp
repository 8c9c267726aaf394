#include "config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace {

std::string wrap(const std::string& inner, const std::string& attributes = "") {
  return "<exedra xmlns='urn:exedra:config:1'" + attributes + ">\n" + inner + "\n</exedra>\n";
}
const std::string kHost = "<host domain='example.org'/>";
const std::string kClients = "<clients/>";

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
  EXPECT_FALSE(config->hosts.at(0).registration);
  EXPECT_EQ(config->limits.login_max_stanza_bytes, 16u * 1024);
  EXPECT_EQ(config->limits.login, std::chrono::seconds(60));
}

TEST(Config, ReadsEverySetting) {
  const auto config = parse_config(
      wrap("<!-- a person wrote this -->\n<log level='debug' file='x.log'/><clients address='::1' tls='direct'/>"
           "<clients port='0' plaintext-login='true'/>"
           "<host domain='Example.ORG' certificate='c.pem' key='k.pem' archive='false' registration='true'"
           " offline-max-messages='7'><contact admin='mailto:a@example.org'/></host><host domain='b.example'/>"
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
  EXPECT_EQ(config->limits.max_stanza_bytes, 20000u);
  EXPECT_EQ(config->limits.login, std::chrono::seconds(5));
}

TEST(Config, TheExampleInTheDocumentationIsRight) {
  const auto config = parse_config(read_file(EXEDRA_SOURCE_DIR "/docs/exedra.example.xml"), "exedra.example.xml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->hosts.size(), 2u);
  EXPECT_EQ(config->client_listeners.size(), 3u);
}

TEST(Config, AMistakeIsShownWithFileLineElementAndRemedy) {
  const struct {
    std::string text, line, says;
  } cases[] = {
      {wrap(kHost + kClients + "\n<hots domain='x'/>"), "3: <hots>", "may stand: log, clients, host, limits"},
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
