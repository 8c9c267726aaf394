// Tokens judged as Jitsi's plugins judged them when they were tried (docs/tokensvc.md), and SECURITY K01.
#include "tokensvc/verify.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "town.h"

namespace tokensvc {
namespace {

constexpr const char* kHeader = R"({"alg":"HS256","typ":"JWT"})";

VerifyRules rules() { return {.issuers = {"skotos"}}; }

/// Any header and payload over one another, signed well.
std::string token_of(const Key& key, const std::string& header, const std::string& payload) {
  const std::string text = base::base64url(header) + '.' + base::base64url(payload);
  return text + '.' + base::base64url(*key.sign(text));
}

std::string outcome(const std::string& token, const KeyRing& ring, const VerifyRules& with = rules()) {
  const auto verified = verify(token, ring, with, kNow);
  return verified ? "ok" : verified.error();
}

/// What the payload of the matrix' first row becomes with one member replaced, added or (with an empty value) left out.
std::string payload_with(const std::string& name = {}, const std::string& value = {}) {
  nlohmann::ordered_json claims = {
      {"iss", "skotos"}, {"aud", "jitsi"}, {"sub", "meet.example.test"}, {"room", "lobby1"}, {"exp", 1'700'000'600}};
  if (value.empty()) {
    claims.erase(name);
  } else {
    claims[name] = nlohmann::ordered_json::parse(value);
  }
  return claims.dump();
}

TEST(Verify, Claims) {
  const struct {
    const char *what, *name, *value, *outcome;
  } rows[] = {
      {"as it should be", "", "", "ok"},
      {"no exp", "exp", "", "ok"},
      {"chat_admin_server's expiresIn", "expiresIn", "600", "ok"},
      {"exp as text", "exp", R"("1700000600")", "exp must be number"},
      {"exp null", "exp", "null", "exp must be number"},
      {"exp past", "exp", "1699999990", "Not acceptable by exp (10 sec since expired)"},
      {"exp now", "exp", "1700000000", "Not acceptable by exp (0 sec since expired)"},
      {"exp in a fraction", "exp", "1700000000.5", "ok"},
      {"exp a fraction ago", "exp", "1699999999.5", "Not acceptable by exp (0.5 sec since expired)"},
      {"exp in milliseconds", "exp", "1700000600000", "ok"},
      {"exp beyond 64 bits", "exp", "1e300", "ok"},
      {"exp negative", "exp", "-1", "Not acceptable by exp (1700000001 sec since expired)"},
      {"nbf in 3 s", "nbf", "1700000003", "Not acceptable by nbf"},
      {"nbf now", "nbf", "1700000000", "ok"},
      {"nbf as text", "nbf", R"("1")", "nbf must be number"},
      {"no iss", "iss", "", "'iss' claim is missing"},
      {"other iss", "iss", R"("mallory")", "invalid 'iss' claim"},
      {"iss a list", "iss", R"(["skotos"])", "invalid 'iss' claim"},
      {"no aud", "aud", "", "'aud' claim is missing"},
      {"other aud", "aud", R"("zoom")", "ok"},
      {"aud a list", "aud", R"(["jitsi"])", "ok"},
      {"no room", "room", "", "room claim is missing"},
      {"room a number", "room", "5", "room claim is missing"},
      {"no sub", "sub", "", "'sub' claim is missing"},
      {"other sub", "sub", R"("other.example")", "ok"},
      {"user as text", "context", R"({"user":"Zelda"})", "ok"},
  };
  const KeyRing ring = ring_of(secret_key());
  for (const auto& row : rows)
    EXPECT_EQ(outcome(token_of(secret_key(), kHeader, payload_with(row.name, row.value)), ring), row.outcome)
        << row.what;
}

TEST(Verify, TheTextOfAnExpiredToken) {
  const std::string payload = R"({"iss":"skotos","iat":1699999000,"exp":1699999600})";
  EXPECT_EQ(outcome(token_of(secret_key(), kHeader, payload), ring_of(secret_key())),
            "Not acceptable by exp (400 sec since expired, valid for:600 sec)");
}

TEST(Verify, Rules) {
  const KeyRing ring = ring_of(secret_key());
  const auto with = [&](const VerifyRules& these, const std::string& name = {}, const std::string& value = {}) {
    return outcome(token_of(secret_key(), kHeader, payload_with(name, value)), ring, these);
  };
  EXPECT_EQ(with({.issuers = {}}), "invalid 'iss' claim");
  EXPECT_EQ(with({.issuers = {"*"}}, "iss", R"("mallory")"), "ok");
  EXPECT_EQ(with({.issuers = {"x", "skotos"}, .audiences = {"jitsi"}}), "ok");
  EXPECT_EQ(with({.issuers = {"skotos"}, .audiences = {"jitsi"}}, "aud", R"("zoom")"), "invalid 'aud' claim");
  EXPECT_EQ(with({.issuers = {"skotos"}, .audiences = {"jitsi"}}, "aud", R"(["jitsi"])"), "invalid 'aud' claim");
  EXPECT_EQ(with({.issuers = {"skotos"}, .require_room = false}, "room"), "ok");
  EXPECT_EQ(with({.issuers = {"skotos"}, .verify_domain = false}, "sub"), "ok");
}

TEST(Verify, Headers) {
  const struct {
    const char *what, *header, *outcome;
  } rows[] = {
      {"as it should be", kHeader, "ok"},
      {"no typ", R"({"alg":"HS256"})", "Invalid typ"},
      {"typ in lower case", R"({"alg":"HS256","typ":"jwt"})", "Invalid typ"},
      {"another of the family", R"({"alg":"HS512","typ":"JWT"})", "Invalid or incorrect alg"},
      {"RS256", R"({"alg":"RS256","typ":"JWT"})", "Invalid or incorrect alg"},
      {"none", R"({"alg":"none","typ":"JWT"})", "Invalid or incorrect alg"},
      {"None", R"({"alg":"None","typ":"JWT"})", "Invalid or incorrect alg"},
      {"no alg", R"({"typ":"JWT"})", "Invalid or incorrect alg"},
      {"alg null", R"({"alg":null,"typ":"JWT"})", "Invalid or incorrect alg"},
      {"a list", R"([])", "Invalid header"},
      {"no JSON", "{", "Invalid header"},
      {"an extension nobody knows", R"({"alg":"HS256","typ":"JWT","crit":["exp"]})", "Invalid header"},
      {"a kid, which secrets ignore", R"({"alg":"HS256","typ":"JWT","kid":"../../etc/passwd"})", "ok"},
  };
  const KeyRing ring = ring_of(secret_key());
  for (const auto& row : rows)
    EXPECT_EQ(outcome(token_of(secret_key(), row.header, payload_with()), ring), row.outcome) << row.what;
}

TEST(Verify, Shapes) {
  const KeyRing ring = ring_of(secret_key());
  const std::string good = token_of(secret_key(), kHeader, payload_with());
  const std::string unsigned_part = good.substr(0, good.rfind('.') + 1);
  EXPECT_EQ(outcome("", ring), "token required");
  EXPECT_EQ(outcome("junk", ring), "Invalid token");
  EXPECT_EQ(outcome("a.b", ring), "Invalid token");
  EXPECT_EQ(outcome("a.b.c", ring), "Invalid header");
  EXPECT_EQ(outcome("..", ring), "Invalid token");
  EXPECT_EQ(outcome(good + ".x", ring), "Invalid token");
  EXPECT_EQ(outcome(unsigned_part, ring), "Invalid token");
  EXPECT_EQ(outcome(good + '=', ring), "Invalid signature");
  EXPECT_EQ(outcome(good + "A", ring), "Invalid signature");
  EXPECT_EQ(outcome(unsigned_part + "AAAA", ring), "Invalid signature");
  EXPECT_EQ(outcome(' ' + good, ring), "Invalid header");
  EXPECT_EQ(outcome(std::string(20'000, 'a') + good, ring), "Invalid token");
  EXPECT_EQ(outcome(token_of(secret_key(), kHeader, "not JSON"), ring), "Invalid body");
  EXPECT_EQ(outcome(token_of(secret_key(), kHeader, "[]"), ring), "Invalid body");
  EXPECT_EQ(outcome(token_of(secret_key(), kHeader, std::string(8'000, '[')), ring), "Invalid body");
  EXPECT_EQ(outcome(token_of(secret_key(Algorithm::hs256, "", std::string(32, 'x')), kHeader, payload_with()), ring),
            "Invalid signature");
}

TEST(Verify, EveryAlgorithm) {
  for (const Algorithm algorithm : kAlgorithms) {
    SCOPED_TRACE(to_string(algorithm));
    const Claims claims{.issuer = "skotos",
                        .subject = "meet.example.test",
                        .room = "lobby1",
                        .issued = kNow,
                        .expires = kNow + std::chrono::seconds(60),
                        .user = {.id = "juliet", .name = "Juliet"}};
    const std::string token = *mint(key_of(algorithm), claims);
    EXPECT_EQ(outcome(token, ring_of(key_of(algorithm))), "ok");
    const auto at = [&](int seconds) {
      return verify(token, ring_of(key_of(algorithm)), rules(), kNow + std::chrono::seconds(seconds)).has_value();
    };
    EXPECT_TRUE(at(59));
    EXPECT_FALSE(at(60));
    EXPECT_TRUE(at(-10));
    EXPECT_FALSE(at(-11));
    if (!is_symmetric(algorithm)) {
      EXPECT_EQ(outcome(token, ring_of(key_of(algorithm, "verona", 1))), "Invalid signature");
      EXPECT_EQ(outcome(token, ring_of(key_of(algorithm, "other"))), "could not obtain public key");
    }
  }
}

TEST(Verify, K01TheKeyChoosesTheAlgorithm) {
  const Key rsa = key_of(Algorithm::rs256, "verona");
  const KeyRing ring = ring_of(key_of(Algorithm::rs256, "verona"));
  const Key forger = secret_key(Algorithm::hs256, "verona", *rsa.public_pem());
  const auto header = [](const std::string& alg, const std::string& kid) {
    return R"({"alg":")" + alg + R"(","typ":"JWT","kid":")" + kid + R"("})";
  };
  EXPECT_EQ(outcome(token_of(rsa, header("RS256", "verona"), payload_with()), ring), "ok");
  EXPECT_EQ(outcome(token_of(forger, header("HS256", "verona"), payload_with()), ring), "Invalid or incorrect alg");
  EXPECT_EQ(outcome(token_of(forger, header("RS256", "verona"), payload_with()), ring), "Invalid signature");
  EXPECT_EQ(outcome(token_of(rsa, header("none", "verona"), payload_with()), ring), "Invalid or incorrect alg");
  EXPECT_EQ(outcome(token_of(rsa, header("RS512", "verona"), payload_with()), ring), "Invalid or incorrect alg");
  EXPECT_EQ(outcome(token_of(rsa, header("RS256", "../verona"), payload_with()), ring), "could not obtain public key");
  EXPECT_EQ(outcome(token_of(rsa, header("HS256", "x"), payload_with()), ring),
            "'kid' claim only support with RS family");
  EXPECT_EQ(outcome(token_of(rsa, R"({"alg":"RS256","typ":"JWT"})", payload_with()), ring), "'kid' claim is missing");
  EXPECT_EQ(outcome(token_of(rsa, R"({"alg":"RS256","typ":"JWT","kid":["verona"]})", payload_with()), ring),
            "'kid' claim is missing");
}

TEST(Verify, RotationTakesOldAndNew) {
  const KeyRing ring = ring_of(key_of(Algorithm::es256, "new"), key_of(Algorithm::rs256, "old"), secret_key(),
                               secret_key(Algorithm::hs256, "next", std::string(32, 'n')));
  const auto signed_by = [&](const Key& key) {
    const auto header = nlohmann::json{{"alg", to_string(key.algorithm())}, {"typ", "JWT"}, {"kid", key.id()}};
    return outcome(token_of(key, header.dump(), payload_with()), ring);
  };
  for (const Key& key : ring.keys()) EXPECT_EQ(signed_by(key), "ok") << key.id();
  // A shared secret is no stand-in for a public key.
  EXPECT_EQ(signed_by(secret_key(Algorithm::hs256, "old")), "Invalid or incorrect alg");
  EXPECT_EQ(signed_by(key_of(Algorithm::rs256, "gone")), "Invalid or incorrect alg");
}

TEST(Opens, DomainAndTenant) {
  const auto token = [](const std::string& sub) { return Verified{{{"sub", sub}, {"room", "Lobby1"}}}; };
  const Destination plain{"lobby1", "", "meet.example.test"}, tenant{"lobby1", "verona", "meet.example.test"};
  const struct {
    const char* sub;
    bool opens_plain, opens_tenant;
  } rows[] = {{"meet.example.test", true, false},
              {"MEET.example.test", true, false},
              {"*", true, true},
              {"verona", false, true},
              {"Verona", false, true},
              {"other", false, false}};
  for (const auto& row : rows) {
    EXPECT_EQ(opens(token(row.sub), plain, rules()), row.opens_plain) << row.sub;
    EXPECT_EQ(opens(token(row.sub), tenant, rules()), row.opens_tenant) << row.sub;
    EXPECT_TRUE(opens(token(row.sub), plain, {.verify_domain = false})) << row.sub;
    EXPECT_TRUE(opens(token(row.sub), tenant, {.verify_domain = false})) << row.sub;
  }
  EXPECT_FALSE(opens(Verified{{{"room", "lobby1"}}}, plain, rules())) << "no sub";
}

TEST(Opens, Rooms) {
  const struct {
    const char *room, *regex;
    bool verifying, not_verifying;
  } rows[] = {
      {"lobby1", "", true, true},
      {"LOBBY1", "", true, true},
      {"other", "", false, false},
      {"", "", false, false},
      {"*", "", true, true},
      {"*", "true", true, true},
      {"lob.*", "", false, false},
      {"lob.*", "true", true, false},
      {"lob.*", "\"true\"", true, false},
      {"lob.*", "false", false, false},
      {"lob.*", "\"yes\"", false, false},
      {"ob", "true", false, false},
      {"[verona]lobby1", "", false, false},
      {"l.*o.*b.*b.*y1", "true", false, false},
  };
  for (const auto& row : rows) {
    nlohmann::json claims = {{"sub", "meet.example.test"}, {"room", row.room}};
    if (*row.regex != '\0') claims["context"]["room"]["regex"] = nlohmann::json::parse(row.regex);
    const Verified token{std::move(claims)};
    const Destination there{"lobby1", "", "meet.example.test"};
    EXPECT_EQ(opens(token, there, rules()), row.verifying) << row.room << ' ' << row.regex;
    EXPECT_EQ(opens(token, there, {.verify_domain = false}), row.not_verifying) << row.room << ' ' << row.regex;
  }
  const Verified qualified{{{"sub", "verona"}, {"room", "[Verona]lobby1"}}};
  EXPECT_TRUE(opens(qualified, {"lobby1", "verona", "meet.example.test"}, {.verify_domain = false}));
  EXPECT_FALSE(opens(qualified, {"lobby1", "verona", "meet.example.test"}, rules()));
}

TEST(Opens, OddClaimsOpenNothing) {
  for (const char* text : {R"({})", R"({"sub":"*","room":null})", R"({"sub":["*"],"room":"lobby1"})",
                           R"({"sub":"*","room":{"regex":true}})", R"({"sub":"*","room":"x","context":"room"})",
                           R"({"sub":"*","room":"x","context":{"room":"regex"}})"})
    EXPECT_FALSE(opens(Verified{nlohmann::json::parse(text)}, {"lobby1", "", "meet.example.test"}, rules())) << text;
}

}  // namespace
}  // namespace tokensvc
