// <tokens>: what is read, what is refused, and with which words.
#include "tokens_config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "config.h"
#include "settings.h"
#include "tokens_load.h"

namespace {

using tokensvc::Algorithm;
using tokensvc::Mapping;

const std::string kKey = "<key algorithm='HS256' secret-file='k'/>";
const std::string kGame = "<caller name='g' issuer='i' subject='s' channels='*'/>";
const std::string kSecretive = "<caller name='w' issuer='i' subject='s' channels='*' secret-file='w'/>";

std::string wrap(const std::string& inner, const std::string& attributes = "", const std::string& beside = "") {
  return "<exedra xmlns='urn:exedra:config:1'>" + beside + "\n<tokens" + attributes + ">\n" + inner +
         "\n</tokens></exedra>";
}

TEST(TokensConfig, AServerMayRunNothingElse) {
  const auto config = parse_config(wrap(kKey + kGame + "<line port='11092' caller='g'/>"), "exedra.xml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_TRUE(config->hosts.empty());
  ASSERT_TRUE(config->tokens);
  const TokensConfig& tokens = *config->tokens;
  EXPECT_EQ(tokens.lines.at(0).address, "127.0.0.1");
  EXPECT_EQ(tokens.lines.at(0).port, 11092);
  EXPECT_FALSE(tokens.has_tls());
  EXPECT_EQ(tokens.audit_days.count(), 90);
  const tokensvc::Caller& caller = tokens.callers.at(0).caller;
  EXPECT_EQ(caller.audience, "jitsi");
  EXPECT_FALSE(caller.may_moderate);
  EXPECT_FALSE(caller.may_use_wildcards);
  EXPECT_EQ(caller.default_validity.count(), 600);
  EXPECT_EQ(caller.max_validity.count(), 86400);
  EXPECT_EQ(caller.rate.per_minute, 0U);
}

TEST(TokensConfig, ReadsEverySetting) {
  const auto config = parse_config(
      wrap("<key id='a' algorithm='EdDSA' file='a.pem'/><key id='b' algorithm='RS512' public-file='b.pem'/>"
           "<caller name='g' issuer='i' subject='s' audience='x' channels=' tavern  castle-* ' tenants='t*' "
           "moderate='true'"
           " wildcards='true' validity='60' max-validity='120' per-minute='30' burst='7' secret-file='g.secret'"
           " certificate='AA:bb:" +
               std::string(60, '0') +
               "' user='games'/>"
               "<line address='0.0.0.0' port='1' tls='true'/><line socket='s.sock' caller='g'/>"
               "<game name='m' host='game.example.org' port='2' tls='true' caller='g' pace-ms='5'/>"
               "<http address='::' port='3' tls='true'/>"
               "<meetings domain='Conference.example.org' caller='g' url='https://meet.example.org' tenant='t'"
               " mapping='prefix' text='p-'/>",
           " audit-days='7' domain='meet.example.org' certificate='c.pem' key='k.pem'",
           "<clients/><host domain='example.org'/>"),
      "exedra.xml");
  ASSERT_TRUE(config) << config.error().what;
  const TokensConfig& tokens = *config->tokens;
  EXPECT_EQ(tokens.keys.at(0).algorithm, Algorithm::eddsa);
  EXPECT_EQ(tokens.keys.at(1).public_file, "b.pem");
  const TokensConfig::CallerFiles& caller = tokens.callers.at(0);
  EXPECT_EQ(caller.caller.channels, (std::vector<std::string>{"tavern", "castle-*"}));
  EXPECT_EQ(caller.caller.tenants, std::vector<std::string>{"t*"});
  EXPECT_EQ(caller.caller.default_validity.count(), 60);
  EXPECT_EQ(caller.caller.rate.burst, 7U);
  EXPECT_EQ(caller.certificate, "aabb" + std::string(60, '0'));
  EXPECT_EQ(caller.user, "games");
  EXPECT_TRUE(tokens.lines.at(0).tls);
  EXPECT_EQ(tokens.lines.at(1).socket, "s.sock");
  EXPECT_EQ(tokens.games.at(0).pace, std::chrono::milliseconds(5));
  EXPECT_EQ(tokens.https.at(0).port, 3);
  EXPECT_EQ(tokens.rules.at(0).domain, "conference.example.org");
  EXPECT_EQ(tokens.rules.at(0).url, "https://meet.example.org/");
  EXPECT_EQ(tokens.rules.at(0).mapping, Mapping::prefix);
  EXPECT_EQ(tokens.audit_days.count(), 7);
  EXPECT_TRUE(tokens.has_tls());
}

TEST(TokensConfig, MistakesAreNamedWithLineElementAndRemedy) {
  const struct {
    std::string inner, complaint;
  } rows[] = {
      {kGame, "<tokens>: no key signs; add <key algorithm='HS256' secret-file='…'/>"},
      {"<key id='a' algorithm='RS256' public-file='x'/>", "<tokens>: no key signs"},
      {"<key algorithm='HS257' secret-file='x'/>", "<key>: 'algorithm' is 'HS257'; choose one of: HS256"},
      {"<key algorithm='none' secret-file='x'/>", "<key>: 'algorithm' is 'none'; choose one of"},
      {"<key algorithm='HS256' file='x'/>", "<key>: this algorithm has one shared secret"},
      {"<key algorithm='HS256'/>", "<key>: this algorithm has one shared secret"},
      {"<key id='a' algorithm='ES256' secret-file='x'/>", "<key>: this algorithm has a pair of keys"},
      {"<key id='a' algorithm='ES256' file='x' public-file='y'/>", "<key>: this algorithm has a pair of keys"},
      {"<key algorithm='ES256' file='x'/>", "<key>: a public key is asked for by its name; add id='…'"},
      {kKey + kKey, "<tokens>: two keys have no 'id'; give one of them a name"},
      {kKey + kGame + kGame, "<tokens>: two callers have the name 'g'; change or remove one"},
      {kKey + "<caller issuer='i' subject='s' channels='*'/>", "<caller>: the attribute 'name' is missing; add it"},
      {kKey + "<caller name='g' issuer='i' subject='s'/>", "<caller>: it could open no channel; add channels='*'"},
      {kKey + "<caller name='g' issuer='i' subject='s' channels='*' validity='61' max-validity='60'/>",
       "<caller>: 'validity' is more than 'max-validity'; make it at most 60"},
      {kKey + "<caller name='g' issuer='i' subject='s' channels='*' max-validity='99999999'/>",
       "<caller>: 'max-validity' is '99999999'; give a whole number from 1 to 2678400"},
      {kKey + "<caller name='g' issuer='i' subject='s' channels='*' certificate='abc'/>",
       "<caller>: 'certificate' is no SHA-256 fingerprint"},
      {kKey + "<caller name='g' issuer='i' subject='s' channels='*' colour='red'/>",
       "<caller>: unknown attribute 'colour'"},
      {kKey + kGame + "<line caller='g'/>", "<line>: an entrance is a port or a Unix socket"},
      {kKey + kGame + "<line port='1' socket='s' caller='g'/>", "<line>: an entrance is a port or a Unix socket"},
      {kKey + kGame + "<line socket='s' tls='true' caller='g'/>", "<line>: a Unix socket has neither"},
      {kKey + kGame + "<line port='1' caller='x'/>", "<line>: there is no caller 'x'; add <caller name='x' …/>"},
      {kKey + kGame + "<line port='1'/>", "<line>: nobody can say who he is there; name the 'caller'"},
      {kKey + kSecretive + "<line address='0.0.0.0' port='1'/>", "<line>: secrets and tokens would pass"},
      {kKey + kSecretive + "<line address='192.0.2.1' port='1' caller='w'/>", "<line>: secrets and tokens would pass"},
      {kKey + kGame + "<line address='::' port='1' tls='true' caller='g'/>",
       "<line>: anybody could be 'g' there; give that caller 'secret-file' or 'certificate'"},
      {kKey + "<caller name='u' issuer='i' subject='s' channels='*' user='games'/><line port='1' caller='u'/>",
       "<line>: 'u' is known by the user of its process; that needs a 'socket'"},
      {kKey + kSecretive + "<line port='1' /><line port='1'/>", "<tokens>: 127.0.0.1 port 1 stands twice in the file"},
      {kKey + kSecretive + "<line port='1' /><http port='1'/>", "<tokens>: 127.0.0.1 port 1 stands twice in the file"},
      {kKey + kGame + "<line socket='s' caller='g'/><line socket='s' caller='g'/>",
       "<tokens>: two entrances have the socket 's'; change or remove one"},
      {kKey + kGame + "<http port='1'/>", "<http>: nobody can say who he is there; give a caller a 'secret-file'"},
      {kKey + kSecretive + "<http address='0.0.0.0' port='1'/>", "<http>: secrets and tokens would pass"},
      {kKey + kSecretive + "<http/>", "<http>: the attribute 'port' is missing; add it"},
      {kKey + kSecretive + "<http address='0.0.0.0' port='1' tls='true'/>",
       "<tokens>: an entrance has TLS, and there is no host whose certificate it could use"},
      {kKey + kGame + "<game name='m' host='game.example.org' caller='g'/>",
       "<game>: tokens would pass through the network to game.example.org in the clear; add tls='true'"},
      {kKey + kGame + "<game name='m' host='127.evil.example' caller='g'/>", "<game>: tokens would pass"},
      {kKey + kGame + "<game name='m' caller='x'/>", "<game>: there is no caller 'x'"},
      {kKey + kGame + "<game name='m' caller='g'/><game name='m' caller='g' port='1'/>",
       "<tokens>: two games have the name 'm'"},
      {kKey + kGame + "<game name='m' port='0' caller='g'/>", "<game>: 'port' is '0'; give a whole number from 1"},
      {kKey + kGame + "<meetings domain='example.org' caller='g' url='https://m/'/>",
       "<tokens>: the <meetings> of 'example.org' belong to no host and no room service"},
      {kKey + kGame + "<meetings domain='example.org' caller='g' url='meet.example.org'/>",
       "<meetings>: 'url' is 'meet.example.org'; give the address of Jitsi Meet"},
      {kKey + kGame + "<meetings domain='example.org' caller='g' url='https://m/' mapping='fixed'/>",
       "<meetings>: this mapping needs a name to put there; add text='…'"},
      {kKey + kGame + "<meetings domain='example.org' caller='g' url='https://m/' text='x'/>",
       "<meetings>: 'text' belongs to the mappings prefix and fixed; remove it"},
      {kKey + "<caller name='g' issuer='i' subject='s' channels='tavern'/>"
              "<meetings domain='example.org' caller='g' url='https://m/' mapping='fixed' text='castle'/>",
       "<meetings>: the caller 'g' may not open 'castle'; add it to its 'channels'"},
      {kKey + "<room/>", "<room>: unknown here; inside <tokens> may stand"},
  };
  for (const auto& row : rows) {
    const auto config = parse_config(wrap(row.inner), "exedra.xml");
    ASSERT_FALSE(config) << row.inner;
    EXPECT_TRUE(config.error().what.starts_with("exedra.xml:")) << config.error().what;
    EXPECT_NE(config.error().what.find(row.complaint), std::string::npos) << config.error().what << "\n  and not\n"
                                                                          << row.complaint;
  }
  const auto half = parse_config(wrap(kKey + kGame, " certificate='c'"), "exedra.xml");
  ASSERT_FALSE(half);
  EXPECT_NE(half.error().what.find("belong together"), std::string::npos) << half.error().what;
}

TEST(TokensConfig, WithoutItAHostIsNeededAsBefore) {
  const auto clients = parse_config(wrap(kKey + kGame, "", "<clients/>"), "exedra.xml");
  ASSERT_FALSE(clients) << "clients, and nothing to log in to";
  EXPECT_NE(clients.error().what.find("no host is configured"), std::string::npos);
}

TEST(TokensConfig, HostsAndRoomsKnowThatTheyHaveMeetings) {
  const auto config =
      parse_config(wrap(kKey + kGame + "<meetings domain='conference.example.org' caller='g' url='https://m/'/>", "",
                        "<clients/><host domain='example.org'/>"),
                   "exedra.xml");
  ASSERT_TRUE(config) << config.error().what;
  const auto settings = make_settings(*config, 1000);
  EXPECT_TRUE(settings->room_service("conference.example.org")->meetings);
  EXPECT_FALSE(settings->host("example.org")->meetings);
}

/// Files in a folder, with modes.
class TokensLoad : public testing::Test {
 protected:
  TokensLoad() {
    char name[] = "/tmp/server_test.XXXXXX";
    folder_ = mkdtemp(name);
    write("k", "0123456789abcdef0123456789abcdef\n");
    write("w", "a secret of the web\r\n");
  }
  ~TokensLoad() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    std::ofstream(folder_ + "/" + name) << text;
    chmod((folder_ + "/" + name).c_str(), mode);
  }
  base::Result<tokensvc::SettingsRef> load(const std::string& inner) const {
    const auto config = parse_config(wrap(inner), "exedra.xml");
    if (!config) return std::unexpected(config.error());
    return load_tokens(*config->tokens, folder_);
  }

  std::string folder_;
};

TEST_F(TokensLoad, ReadsKeysAndSecretsWithoutTheEndOfTheirLine) {
  const auto settings = load(kKey + kSecretive + "<line socket='s' caller='w'/>");
  ASSERT_TRUE(settings) << settings.error().what;
  EXPECT_EQ((*settings)->callers.at(0).secret.reveal(), "a secret of the web");
  EXPECT_TRUE((*settings)->keys.signer()->verify("text", *(*settings)->keys.signer()->sign("text")));
  EXPECT_EQ((*settings)->lines.at(0).socket, folder_ + "/s");
}

TEST_F(TokensLoad, WhatIsWrongWithAFileIsNamedWithItsElement) {
  write("short", "0123456789\n");
  write("open", std::string(32, 'x'), 0604);
  write("large", std::string(70'000, 'x'));
  write("no-key", "this is no PEM\n");
  write("same", "a secret of the web");
  const std::string caller = "<caller name='g' issuer='i' subject='s' channels='*' ";
  const struct {
    std::string inner, element, complaint;
  } rows[] = {
      {"<key algorithm='HS256' secret-file='short'/>", "<key>", "make a secret with: openssl rand -hex 32"},
      {"<key algorithm='HS256' secret-file='absent'/>", "<key>", "No such file or directory; correct the name"},
      {"<key algorithm='HS256' secret-file='open'/>", "<key>", "is open to every user of this machine; run: chmod o= "},
      {"<key algorithm='HS256' secret-file='large'/>", "<key>", "is no file of at most 64 KiB"},
      {"<key algorithm='HS256' secret-file='.'/>", "<key>", "is no file of at most 64 KiB"},
      {"<key id='a' algorithm='RS256' file='no-key'/>", "<key>", "; make another key"},
      {kKey + caller + "secret-file='short'/>", "<caller>", "the secret has fewer than 16 bytes"},
      {kKey + caller + "secret-file='open'/>", "<caller>", "is open to every user"},
      {kKey + caller + "user='nobody-of-that-name'/>", "<caller>", "this machine has no user 'nobody-of-that-name'"},
      {kKey + kSecretive + caller + "secret-file='same'/>", "<caller>", "another caller has the same secret"},
      {kKey + caller + "user='0'/><caller name='r' issuer='i' subject='s' channels='*' user='root'/>", "<caller>",
       "another caller has this user too"},
  };
  for (const auto& row : rows) {
    const auto settings = load(row.inner);
    ASSERT_FALSE(settings) << row.inner;
    EXPECT_TRUE(settings.error().what.starts_with("exedra.xml:3: " + row.element)) << settings.error().what;
    EXPECT_NE(settings.error().what.find(row.complaint), std::string::npos) << settings.error().what;
    EXPECT_EQ(settings.error().what.find("0123456789"), std::string::npos) << "a secret is never shown";
  }
}

}  // namespace
