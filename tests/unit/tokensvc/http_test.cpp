// The HTTP face with a real store on virtual time; and docs/openapi/tokens.json against what is really answered.
#include "tokensvc/http.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "house.h"
#include "tokensvc/verify.h"

namespace tokensvc {
namespace {

using nlohmann::json;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

const std::string kSecret = "but soft what light", kOther = "o speak again bright angel";

struct Answer {
  int status = 0;
  std::string head, body;
  bool has(const std::string& line) const { return head.find("\r\n" + line + "\r\n") != std::string::npos; }
  json object() const { return json::parse(body, nullptr, false); }
};

/// The first answer in these bytes.
Answer read_answer(const std::string& bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos || !bytes.starts_with("HTTP/1.1 ")) return {};
  return {std::stoi(bytes.substr(9, 3)), bytes.substr(0, end + 2), bytes.substr(end + 4)};
}

std::string post(const std::string& body, const std::string& fields = "Authorization: Bearer " + kSecret + "\r\n") {
  return "POST /v1/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + fields +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
std::string get(const std::string& path, const std::string& method = "GET") {
  return method + ' ' + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
}
const std::string kZelda = R"({"displayName":"Zelda","channel":"lobby","seq":1})";

class HttpTest : public House {
 protected:
  HttpTest() { serve(settings(ring_of(secret_key(), key_of(Algorithm::rs256, "verona")))); }

  static SettingsRef settings(KeyRing ring, Rate rate = {}) {
    auto made = base::make_ref<Settings>(std::move(ring));
    CallerSettings& web = made->callers.emplace_back();
    web.caller = skotos();
    web.caller.name = "web";
    web.caller.channels = {"lobby"};
    web.caller.may_moderate = false;
    web.caller.rate = rate;
    web.secret = Locked(kSecret);
    CallerSettings& game = made->callers.emplace_back();
    game.caller = skotos();
    game.caller.name = "game";
    game.secret = Locked(kOther);
    made->callers.emplace_back().caller.name = "without a secret";
    return made;
  }
  void serve(const SettingsRef& what) {
    http.reset();
    office = std::make_unique<Office>(world.loop(), *store, what);
    http = std::make_unique<Http>(*office, *store, HttpEntrance{});
  }

  sim::Peer connect(const std::string& peer = "192.0.2.1:40000") {
    auto [transport, end] = sim::make_link(world.loop(), {.peer = peer});
    http->accept(std::move(transport));
    return std::move(end);
  }
  Answer ask(const std::string& bytes, const std::string& peer = "192.0.2.1:40000") {
    sim::Peer romeo = connect(peer);
    romeo.send(bytes);
    world.advance(100ms);
    return read_answer(romeo.take());
  }

  std::unique_ptr<Http> http;
};

TEST_F(HttpTest, GivesATokenThatVerifies) {
  const Answer answer = ask(post(kZelda));
  ASSERT_EQ(answer.status, 200) << answer.head << answer.body;
  EXPECT_TRUE(answer.has("Content-Type: application/json"));
  EXPECT_TRUE(answer.has("Cache-Control: no-store"));
  EXPECT_TRUE(answer.has("X-Content-Type-Options: nosniff"));
  EXPECT_EQ(answer.head.find("Server:"), std::string::npos);
  EXPECT_TRUE(answer.body.starts_with(R"({"success":true,"message":"OK","token":"ey)")) << answer.body;
  EXPECT_EQ(answer.object()["seq"], 1);
  const auto now = std::chrono::floor<std::chrono::seconds>(world.loop().wall());
  const auto good =
      verify(answer.object()["token"].get<std::string>(), office->settings()->keys, {.issuers = {"skotos"}}, now);
  ASSERT_TRUE(good) << good.error();
  EXPECT_EQ(good->text("room"), "lobby");
  EXPECT_EQ(answer.object()["exp"], good->claims["exp"]);
}

TEST_F(HttpTest, LeavesAnAuditRow) {
  EXPECT_EQ(ask(post(kZelda)).status, 200);
  EXPECT_EQ(ask(post(R"({"displayName":"Z","channel":"attic"})")).status, 403);
  const auto rows = audit();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].caller, "web");
  EXPECT_EQ(rows[0].way, static_cast<std::uint8_t>(Way::http));
  EXPECT_EQ(rows[0].room, "lobby");
}

TEST_F(HttpTest, NotBeforeItsRowIsDurable) {
  sim::Peer romeo = connect();
  writing.stall(3s);
  romeo.send(post(kZelda));
  world.advance(2s);
  EXPECT_EQ(romeo.take(), "");
  world.advance(2s);
  EXPECT_EQ(read_answer(romeo.take()).status, 200);
}

TEST_F(HttpTest, ABrokenDiskIsToldAndIsOverWhenItIsOver) {
  EXPECT_EQ(ask(get("/healthz")).body, "{\"status\":\"ok\",\"signs\":true,\"store\":true}\n");
  sim::vfs_failure = SQLITE_FULL;
  const Answer refused = ask(post(kZelda));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.object()["code"], "unavailable");
  EXPECT_EQ(refused.object()["token"], "");
  const Answer ill = ask(get("/healthz"));
  EXPECT_EQ(ill.status, 503);
  EXPECT_EQ(ill.body, "{\"status\":\"unavailable\",\"signs\":true,\"store\":false}\n");
  sim::vfs_failure = SQLITE_OK;
  EXPECT_EQ(ask(post(kZelda)).status, 200);
  EXPECT_EQ(ask(get("/healthz")).status, 200);
}

TEST_F(HttpTest, HealthForgetsTroubleWithoutRequests) {
  sim::vfs_failure = SQLITE_FULL;
  EXPECT_EQ(ask(post(kZelda)).status, 503);
  sim::vfs_failure = SQLITE_OK;
  world.advance(10s);
  EXPECT_EQ(ask(get("/healthz")).status, 200);
}

TEST_F(HttpTest, WithoutAKeyThatSigns) {
  serve(settings(ring_of(*Key::from_public_pem(Algorithm::rs256, "verona", *key_of(Algorithm::rs256).public_pem()))));
  EXPECT_EQ(ask(get("/healthz")).body, "{\"status\":\"unavailable\",\"signs\":false,\"store\":true}\n");
  EXPECT_EQ(ask(post(kZelda)).status, 503);
}

TEST_F(HttpTest, KnowsItsCallersByTheirSecrets) {
  const std::string moderator = R"({"displayName":"Z","channel":"anywhere","moderator":true})";
  const struct {
    std::string fields;
    int status;
  } rows[] = {{"Authorization: Bearer " + kOther + "\r\n", 200},
              {"authorization: bearer   " + kOther + "  \r\n", 200},
              {"Authorization: Bearer " + kSecret + "\r\n", 403},
              {"", 401},
              {"Authorization:\r\n", 401},
              {"Authorization: Bearer\r\n", 401},
              {"Authorization: Bearer " + kOther + "x\r\n", 401},
              {"Authorization: Bearer " + kOther.substr(1) + "\r\n", 401},
              {"Authorization: Bearer" + kOther + "\r\n", 401},
              {"Authorization: Basic " + kOther + "\r\n", 401},
              {"Authorization: " + kOther + "\r\n", 401},
              {"Authorization: Bearer " + kOther + "\r\nAuthorization: Bearer " + kOther + "\r\n", 401},
              {"X-Authorization: Bearer " + kOther + "\r\n", 401}};
  for (const auto& row : rows) {
    const Answer answer = ask(post(moderator, row.fields));
    EXPECT_EQ(answer.status, row.status) << row.fields;
    EXPECT_EQ(answer.head.find("WWW-Authenticate: Bearer ") != std::string::npos, row.status == 401) << row.fields;
  }
}

TEST_F(HttpTest, AReloadExchangesCallers) {
  office->use(base::make_ref<Settings>(ring_of(secret_key())));
  EXPECT_EQ(ask(post(kZelda)).status, 401);
}

TEST_F(HttpTest, RefusalsAreTheLinesReplies) {
  const struct {
    std::string body;
    int status;
    std::string code, seq;
  } rows[] = {{"", 400, "bad_json", ""},
              {"hello", 400, "bad_json", ""},
              {"{\"displayName\":\"a\"b\",\"seq\":12}", 400, "bad_json", "12"},
              {"[]", 400, "bad_request", ""},
              {R"({"channel":"lobby","seq":3})", 400, "missing_field", "3"},
              {R"({"displayName":"Z","channel":"lobby","validFor":0,"seq":"x"})", 400, "bad_field", "\"x\""},
              {R"({"cmd":"drop","seq":1})", 400, "unknown_cmd", "1"},
              {R"({"displayName":"Z","channel":"attic","seq":1})", 403, "forbidden", "1"},
              {R"({"displayName":"Z","channel":"lobby","moderator":true})", 403, "forbidden", ""},
              {std::string(16385, ' '), 413, "too_large", ""}};
  for (const auto& row : rows) {
    const Answer answer = ask(post(row.body));
    EXPECT_EQ(answer.status, row.status) << row.body;
    EXPECT_TRUE(answer.body.starts_with(R"({"success":false,"message":")")) << answer.body;
    const std::string seq = row.seq.empty() ? "" : ",\"seq\":" + row.seq;
    EXPECT_TRUE(answer.body.ends_with(seq + ",\"code\":\"" + row.code + "\"}\n")) << answer.body;
    EXPECT_TRUE(answer.has("Cache-Control: no-store"));
  }
}

TEST_F(HttpTest, Pings) {
  EXPECT_TRUE(
      ask(post(R"({"cmd":"ping","seq":7})")).body.starts_with(R"({"success":true,"message":"pong","token":"")"));
}

TEST_F(HttpTest, TakesJsonOnly) {
  const auto with = [](const std::string& type) {
    return "POST /v1/token HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + kSecret + "\r\n" + type +
           "Content-Length: " + std::to_string(kZelda.size()) + "\r\n\r\n" + kZelda;
  };
  for (const std::string type :
       {"", "Content-Type: application/json\r\n", "content-type: Application/JSON ; charset=utf-8\r\n"})
    EXPECT_EQ(ask(with(type)).status, 200) << type;
  for (const std::string type :
       {"Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type:\r\n",
        "Content-Type: application/json\r\nContent-Type: application/json\r\n"})
    EXPECT_EQ(ask(with(type)).status, 415) << type;
}

TEST_F(HttpTest, ACallersRateSaysWhenToComeBack) {
  serve(settings(ring_of(secret_key()), {.per_minute = 6, .burst = 2}));
  EXPECT_EQ(ask(post(kZelda)).status, 200);
  EXPECT_EQ(ask(post(kZelda)).status, 200);
  const Answer refused = ask(post(kZelda));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.object()["code"], "rate_limited");
  EXPECT_TRUE(refused.has("Retry-After: 10")) << refused.head;
  EXPECT_EQ(ask(post(R"({"displayName":"Z","channel":"lobby"})", "Authorization: Bearer " + kOther + "\r\n")).status,
            200);
  world.advance(10s);
  EXPECT_EQ(ask(post(kZelda)).status, 200);
}

TEST_F(HttpTest, WhoGuessesWaits) {
  const std::string wrong = post(kZelda, "Authorization: Bearer wrong\r\n");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(wrong, "192.0.2.1:" + std::to_string(40000 + i)).status, 401);
  const Answer refused = ask(wrong);
  EXPECT_EQ(refused.status, 429);
  EXPECT_NE(refused.head.find("\r\nRetry-After: "), std::string::npos);
  EXPECT_EQ(ask(post(kZelda)).status, 429) << "or guessing would not be slower";
  EXPECT_EQ(ask(wrong, "192.0.2.2:40000").status, 401) << "others are others";
  EXPECT_EQ(ask(get("/healthz")).status, 200);
  world.advance(6s);
  EXPECT_EQ(ask(post(kZelda)).status, 200);
}

TEST_F(HttpTest, OnThisMachineAWrongSecretKeepsNobodyOut) {
  for (const std::string peer : {"127.0.0.1:40000", "[::1]:40000", "[::ffff:127.0.0.1]:40000"}) {
    const std::string wrong = post(kZelda, "Authorization: Bearer wrong\r\n");
    for (int i = 0; i < 10; ++i) (void)ask(wrong, peer);
    EXPECT_EQ(ask(wrong, peer).status, 429) << peer;
    EXPECT_EQ(ask(post(kZelda), peer).status, 200) << peer;
  }
}

TEST_F(HttpTest, PublicKeysAsASetAndAsJitsiAsksForThem) {
  const Answer set = ask(get("/.well-known/jwks.json"));
  EXPECT_EQ(set.status, 200);
  EXPECT_TRUE(set.has("Content-Type: application/jwk-set+json"));
  EXPECT_TRUE(set.has("Cache-Control: public, max-age=300"));
  ASSERT_EQ(set.object()["keys"].size(), 1U) << "the shared secret is not in it";
  EXPECT_EQ(set.object()["keys"][0]["kid"], "verona");
  EXPECT_EQ(ask(get("/jwks.json")).body, set.body);
  const Key key = key_of(Algorithm::rs256, "verona");
  const Answer pem = ask(get("/asap/" + key.asap_name() + ".pem"));
  EXPECT_EQ(pem.status, 200);
  EXPECT_EQ(pem.body, *key.public_pem());
  EXPECT_TRUE(pem.has("Cache-Control: public, max-age=300"));
  const Answer head = ask(get("/asap/" + key.asap_name() + ".pem", "HEAD"));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_TRUE(head.has("Content-Length: " + std::to_string(pem.body.size())));
  for (const std::string& other : {key.asap_name(), std::string("x.pem"), std::string(".pem"),
                                   key_of(Algorithm::hs256, "").asap_name() + ".pem", std::string(64, '0') + ".pem"})
    EXPECT_EQ(ask(get("/asap/" + other)).status, 404) << other;
}

TEST_F(HttpTest, TheDescriptionNamesWhatIsAnswered) {
  std::ifstream file(EXEDRA_SOURCE_DIR "/docs/openapi/tokens.json");
  const json described = json::parse(file);
  std::set<std::string> expected, got;
  for (const auto& [path, methods] : described["paths"].items())
    for (const auto& [method, operation] : methods.items())
      for (const auto& [status, response] : operation["responses"].items())
        expected.insert(method + ' ' + path + ' ' + status);
  const auto note = [&](const std::string& what, const Answer& answer) {
    got.insert(what + ' ' + std::to_string(answer.status));
  };
  const std::string token = "post /v1/token", secret = "Authorization: Bearer " + kSecret + "\r\n",
                    begin = "POST /v1/token HTTP/1.1\r\nHost: a\r\n" + secret;
  for (const std::string& request :
       {post(kZelda), post("{}"), post(kZelda, ""), post(R"({"displayName":"Z","channel":"attic"})"),
        post(std::string(20'000, ' ')), begin + "Content-Type: text/plain\r\n\r\n", begin + "Expect: more\r\n\r\n",
        begin + "A: " + std::string(20'000, 'a') + "\r\n\r\n", begin + "Transfer-Encoding: gzip\r\n\r\n"})
    note(token, ask(request));
  sim::Peer slow = connect();
  slow.send(begin + "Content-Length: 10\r\n\r\n");
  world.advance(31s);
  note(token, read_answer(slow.take()));
  for (int i = 0; i < 11; ++i) note(token, ask(post(kZelda, "Authorization: Bearer wrong\r\n"), "192.0.2.9:1"));
  for (const std::string path : {"/healthz", "/jwks.json", "/.well-known/jwks.json"})
    note("get " + path, ask(get(path)));
  const std::string name = key_of(Algorithm::rs256, "verona").asap_name() + ".pem";
  for (const std::string& path : {"/asap/" + name, std::string("/asap/none.pem")})
    note("get /asap/{name}", ask(get(path)));
  sim::vfs_failure = SQLITE_FULL;
  note(token, ask(post(kZelda)));
  note("get /healthz", ask(get("/healthz")));
  EXPECT_EQ(got, expected);
}

TEST_F(HttpTest, H01NothingIsReachedByAnotherName) {
  for (const std::string path : {"/v1//token", "//v1/token", "/v1/./token", "/x/../v1/token", "/v1/%2e%2e/v1/token",
                                 "/v1%2ftoken", "/v1\\token", "/%u002e/v1/token", "/v1/token%00", "/v1/token/.."}) {
    const Answer answer = ask("POST " + path + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + kSecret +
                              "\r\nContent-Length: " + std::to_string(kZelda.size()) + "\r\n\r\n" + kZelda);
    EXPECT_EQ(answer.status, 400) << path;
  }
  for (const std::string path : {"/v1/token/", "/V1/token", "/v1", "/asap/", "/"})
    EXPECT_EQ(ask(get(path)).status, 404) << path;
  const Answer answer = ask(get("/v1/token"));
  EXPECT_EQ(answer.status, 405);
  EXPECT_TRUE(answer.has("Allow: POST"));
}

TEST_F(HttpTest, ManyAtOnceAreEachAnswered) {
  sim::Peer romeo = connect();
  for (int i = 0; i < 50; ++i)
    romeo.send(post(R"({"displayName":"Z","channel":"lobby","seq":)" + std::to_string(i) + '}'));
  world.advance(5s);
  const std::string answers = romeo.take();
  std::size_t at = 0;
  for (int i = 0; i < 50; ++i) {
    at = answers.find("\"seq\":" + std::to_string(i) + ',', at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

}  // namespace
}  // namespace tokensvc
