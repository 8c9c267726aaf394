// The vectors of the line protocol: reply bytes, claims, and the same for the bytes split anywhere.
#include "tokensvc/line.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "tokensvc/verify.h"
#include "town.h"
#include "vectors.h"

namespace tokensvc {
namespace {

using namespace std::string_literals;

struct Heard {
  std::vector<std::string> replies;
  bool closed = false;
  friend bool operator==(const Heard&, const Heard&) = default;
};

/// One connection, fed piece by piece.
class Connection {
 public:
  explicit Connection(const Caller& caller = skotos()) : caller_(caller) {}

  void feed(std::string_view bytes, Instant now = kInstant) {
    Desk desk(caller_, bucket_, keys());
    while (auto answer = line_.next(bytes, desk, now)) {
      issued += answer->issued ? 1 : 0;
      heard.replies.push_back(std::move(answer->bytes));
    }
    EXPECT_TRUE(bytes.empty());
    heard.closed = line_.closed();
  }

  Heard heard;
  int issued = 0;

 private:
  static const KeyRing& keys() {
    static const KeyRing ring = ring_of(secret_key());
    return ring;
  }

  Caller caller_;
  Bucket bucket_;
  Line line_;
};

Heard hear(const std::string& bytes, const Caller& caller = skotos()) {
  Connection connection(caller);
  connection.feed(bytes);
  return connection.heard;
}

/// The reply with T for its token, whose payload is appended to `payloads` if it verifies.
std::string simplified(std::string reply, std::vector<std::string>& payloads) {
  EXPECT_TRUE(reply.ends_with("\n"s + '\0'));
  reply.resize(reply.size() - 2);
  EXPECT_EQ(reply.find_first_of("\n\0"s), std::string::npos) << "one line";
  const std::size_t begin = reply.find(R"("token":")") + 9, end = reply.find('"', begin);
  const std::string token = reply.substr(begin, end - begin);
  if (token.empty()) return reply;
  EXPECT_TRUE(verify(token, ring_of(secret_key()), {.issuers = {"skotos"}, .audiences = {"jitsi"}}, kNow));
  const std::size_t first = token.find('.'), second = token.rfind('.');
  std::string padded = token.substr(first + 1, second - first - 1);
  for (char& c : padded) c = c == '-' ? '+' : c == '_' ? '/' : c;
  padded.append((4 - padded.size() % 4) % 4, '=');
  payloads.push_back(base::from_base64(padded).value_or("no base64"));
  return reply.replace(begin, end - begin, "T");
}

TEST(Line, Vectors) {
  for (const Vector& vector : vectors()) {
    SCOPED_TRACE("vector " + vector.number);
    const Heard heard = hear(vector.bytes);
    EXPECT_EQ(heard.closed, vector.closed);
    std::vector<std::string> replies, payloads;
    for (const std::string& reply : heard.replies) replies.push_back(simplified(reply, payloads));
    EXPECT_EQ(replies, vector.replies);
    for (std::size_t i = 0; i < vector.claims.size(); ++i)
      EXPECT_NE(payloads.at(i).find(vector.claims[i]), std::string::npos) << payloads[i];
  }
}

TEST(Line, VectorsSplitAtEveryPosition) {
  for (const Vector& vector : vectors()) {
    const Heard whole = hear(vector.bytes);
    for (std::size_t at = 0; at <= vector.bytes.size(); ++at) {
      Connection connection;
      connection.feed(std::string_view(vector.bytes).substr(0, at));
      connection.feed(std::string_view(vector.bytes).substr(at));
      ASSERT_EQ(connection.heard, whole) << "vector " << vector.number << " cut at " << at;
    }
    Connection dripping;
    for (const char& byte : vector.bytes) dripping.feed({&byte, 1});
    EXPECT_EQ(dripping.heard, whole) << "vector " << vector.number << " byte by byte";
  }
}

TEST(Line, TheGoldenToken) {
  const Heard heard = hear(vectors().front().bytes);
  EXPECT_NE(heard.replies.at(0).find(".SKtaG7lA7BpBqZivQgwYZNH0TCsKkh1uLbvLt9D5lZk\",\"time\":1700000000,\"seq\":0,"),
            std::string::npos);
}

TEST(Line, WildcardsForThoseWhoMay) {
  Caller caller = skotos();
  caller.may_use_wildcards = true;
  const Heard heard = hear(R"({"displayName":"Z","channel":"*","seq":1})" + kNul, caller);
  std::vector<std::string> payloads;
  EXPECT_EQ(simplified(heard.replies.at(0), payloads), good("1"));
  EXPECT_NE(payloads.at(0).find(R"("room":"*")"), std::string::npos);
}

TEST(Line, SeqIsEchoedAsItCame) {
  const struct {
    std::string seq, echoed;
  } rows[] = {{"0", "0"},
              {"-0", "-0"},
              {"-7", "-7"},
              {"9223372036854775807", "9223372036854775807"},
              {"18446744073709551615", "18446744073709551615"},
              {"\"a\\\"b\"", "\"a\\\"b\""},
              {"\"\"", "\"\""},
              {"null", ""},
              {'"' + std::string(64, 's') + '"', '"' + std::string(64, 's') + '"'}};
  for (const auto& row : rows) {
    const std::string echoed = row.echoed.empty() ? "" : ",\"seq\":" + row.echoed;
    EXPECT_EQ(hear(R"({"cmd":"ping","seq":)" + row.seq + '}' + kNul).replies.at(0),
              R"({"success":true,"message":"pong","token":"","time":1700000000)" + echoed + "}\n" + kNul);
  }
  for (const std::string seq : {"1.5", "1e3", "true", "[1]", "{}", "99999999999999999999"})
    EXPECT_NE(hear(asking("\"seq\":" + seq)).replies.at(0).find(R"("time":1700000000,"code":"bad_field"})"),
              std::string::npos)
        << seq;
  EXPECT_NE(hear(asking("\"seq\":\"" + std::string(65, 's') + '"')).replies.at(0).find("bad_field"), std::string::npos);
}

TEST(Line, BadUtf8IsNoJson) {
  const Heard heard = hear("{\"displayName\":\"\xff\",\"channel\":\"c\",\"seq\":5}" + kNul);
  EXPECT_EQ(heard.replies.at(0), bad("bad_json", "the request is not JSON", "5") + '\n' + kNul);
}

TEST(Line, AfterAnOverflowNothingIsAnswered) {
  Connection connection;
  connection.feed(std::string(16385, ' '));
  connection.feed(asking(R"("seq":1)"));
  EXPECT_EQ(connection.heard.replies.size(), 1U);
  EXPECT_TRUE(connection.heard.closed);
}

TEST(Line, TellsWhatItIssued) {
  Connection connection;
  connection.feed(asking(R"("seq":1)") + "hello" + kNul + R"({"cmd":"ping"})" + kNul + asking(R"("seq":2)"));
  EXPECT_EQ(connection.heard.replies.size(), 4U);
  EXPECT_EQ(connection.issued, 2);
}

TEST(Line, RateIsTheCallers) {
  Caller caller = skotos();
  caller.rate = {.per_minute = 6, .burst = 2};
  Connection connection(caller);
  const auto at = [&](int seconds) {
    const Instant now{kNow + std::chrono::seconds(seconds), kInstant.mono + std::chrono::seconds(seconds)};
    connection.feed(asking(R"("seq":1)"), now);
    return connection.heard.replies.back().find("\"success\":true") != std::string::npos;
  };
  EXPECT_TRUE(at(0));
  EXPECT_TRUE(at(0));
  EXPECT_FALSE(at(9));
  EXPECT_NE(connection.heard.replies.back().find(R"("seq":1,"code":"rate_limited"})"), std::string::npos);
  EXPECT_TRUE(at(10));
  EXPECT_FALSE(at(10));
}

}  // namespace
}  // namespace tokensvc
