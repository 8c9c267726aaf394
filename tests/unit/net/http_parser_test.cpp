// Requests from bytes, whole and split anywhere; what is refused, and with which status (SECURITY H02).
#include "net/http_parser.h"

#include <gtest/gtest.h>

namespace {

using net::HttpParser;
using Event = HttpParser::Event;

constexpr std::size_t kHeadBytes = 1024;

struct Heard {
  std::string method, path, body;
  int status = 0;  ///< of the fault; 0: a whole request
  std::string rest;
  bool whole = false, keep_alive = false;
  friend bool operator==(const Heard&, const Heard&) = default;
};

/// One request, fed in pieces of this size.
Heard hear(std::string_view bytes, std::size_t piece = std::string::npos, std::uint64_t body_bytes = 100) {
  HttpParser parser(kHeadBytes);
  Heard heard;
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    for (bool more = true; more;) {
      switch (parser.next(part)) {
        case Event::need_more:
          EXPECT_TRUE(part.empty());
          more = false;
          break;
        case Event::head:
          heard.method = parser.request().method;
          heard.path = parser.request().path;
          heard.keep_alive = parser.keep_alive();
          parser.limit_body(body_bytes);
          break;
        case Event::body: heard.body += parser.piece(); break;
        case Event::done:
          heard.whole = true;
          heard.rest = std::string(part) + std::string(bytes);
          return heard;
        case Event::failed: heard.status = parser.fault().status; return heard;
      }
    }
  }
  return heard;
}

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }
std::string post(const std::string& fields, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}
std::string chunked(const std::string& body) { return post("Transfer-Encoding: chunked\r\n", body); }

TEST(HttpParser, TakesRequests) {
  const struct {
    std::string bytes;
    Heard heard;
  } rows[] = {
      {get(""), {"GET", "/", "", 0, "", true, true}},
      {"\r\n" + get(""), {"GET", "/", "", 0, "", true, true}},
      {get("Connection: close\r\n"), {"GET", "/", "", 0, "", true, false}},
      {get("connection: Keep-Alive\r\n"), {"GET", "/", "", 0, "", true, true}},
      {"GET /x HTTP/1.0\r\n\r\n", {"GET", "/x", "", 0, "", true, false}},
      {"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", {"GET", "/x", "", 0, "", true, false}},
      {"BREW /pot HTTP/1.1\r\nHost:\r\n\r\n", {"BREW", "/pot", "", 0, "", true, true}},
      {get("") + get(""), {"GET", "/", "", 0, get(""), true, true}},
      {get("Content-Length: 0\r\n") + "X", {"GET", "/", "", 0, "X", true, true}},
      {post("content-length: 5\r\n", "helloGET"), {"POST", "/", "hello", 0, "GET", true, true}},
      {post("Content-Length: 0100\r\n", std::string(100, 'x')),
       {"POST", "/", std::string(100, 'x'), 0, "", true, true}},
      {chunked("5\r\nhello\r\n0\r\n\r\nGET"), {"POST", "/", "hello", 0, "GET", true, true}},
      {chunked("1\r\nh\r\n4;a=b;c=\"d\"\r\nello\r\n00\r\nA: b\r\n\r\n"), {"POST", "/", "hello", 0, "", true, true}},
      {chunked("A\r\n0123456789\r\n0\r\n\r\n"), {"POST", "/", "0123456789", 0, "", true, true}},
      {chunked("0\r\n\r\n"), {"POST", "/", "", 0, "", true, true}},
      {post("Transfer-Encoding: CHUNKED\r\n", "1\r\n\n\r\n0\r\n\r\n"), {"POST", "/", "\n", 0, "", true, true}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(hear(row.bytes), row.heard) << row.bytes;
    for (std::size_t piece = 1; piece <= row.bytes.size(); ++piece)
      ASSERT_EQ(hear(row.bytes, piece), row.heard) << row.bytes << " in pieces of " << piece;
  }
}

TEST(HttpParser, H02RefusesWhatTwoReadersCouldTakeForDifferentRequests) {
  const std::string length = "Content-Length: 5\r\n", coding = "Transfer-Encoding: chunked\r\n", end = "0\r\n\r\n";
  const struct {
    std::string bytes;
    int status;
  } rows[] = {
      // two lengths
      {post(length + coding, end), 400},
      {post(coding + length, end), 400},
      {post(length + length, "hello"), 400},
      {post(length + "Content-Length: 6\r\n", "hello"), 400},
      {post("Content-Length: 5, 5\r\n", "hello"), 400},
      {post("Content-Length: +5\r\n", "hello"), 400},
      {post("Content-Length: -5\r\n", "hello"), 400},
      {post("Content-Length: 0x5\r\n", "hello"), 400},
      {post("Content-Length: 5 5\r\n", "hello"), 400},
      {post("Content-Length:\r\n", "hello"), 400},
      {post("Content-Length: 99999999999999999999999\r\n", "hello"), 400},
      {post("Content-Length : 5\r\n", "hello"), 400},
      {post("Content-Length\t: 5\r\n", "hello"), 400},
      {post(coding + coding, end), 400},
      {post("Transfer-Encoding: chunked, chunked\r\n", end), 501},
      {post("Transfer-Encoding: gzip, chunked\r\n", end), 501},
      {post("Transfer-Encoding: chunked, gzip\r\n", end), 501},
      {post("Transfer-Encoding: identity\r\n", "hello"), 501},
      {post("Transfer-Encoding: identity\r\n" + length, "hello"), 400},
      {post("Transfer-Encoding: xchunked\r\n", end), 501},
      {post("Transfer-Encoding: \x0b"
            "chunked\r\n",
            end),
       400},
      {"POST / HTTP/1.0\r\nHost: a\r\n" + coding + "\r\n" + end, 400},
      // chunks
      {chunked("x\r\n\r\n"), 400},
      {chunked("\r\n\r\n"), 400},
      {chunked("5 \r\nhello\r\n" + end), 400},
      {chunked(" 5\r\nhello\r\n" + end), 400},
      {chunked("0x5\r\nhello\r\n" + end), 400},
      {chunked("-5\r\nhello\r\n" + end), 400},
      {chunked("+5\r\nhello\r\n" + end), 400},
      {chunked("5\nhello\r\n" + end), 400},
      {chunked("5\rhello\r\n" + end), 400},
      {chunked("5\r\nhelloX\r\n" + end), 400},
      {chunked("5\r\nhello\n" + end), 400},
      {chunked("5\r\nhello" + end), 400},
      {chunked("4\r\nhello\r\n" + end), 400},
      {chunked("5;\r\nhello\r\n" + end), 400},
      {chunked("5;a=\"\r\nhello\r\n\"\r\n" + end), 400},
      {chunked("10000000000000000\r\nhello\r\n" + end), 400},
      {chunked("1000\r\nhello\r\n" + end), 413},
      {chunked("5;" + std::string(5000, 'a') + "\r\n"), 400},
      {chunked(std::string(5000, '0')), 400},
      {chunked("0\r\n" + std::string(5000, 'a') + ": b\r\n"), 400},
      // headers
      {get("A: b\r\n c\r\n"), 400},
      {get("A: b\r\n\tc\r\n"), 400},
      {get(" A: b\r\n"), 400},
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {get("A\r\n"), 400},
      {get(": b\r\n"), 400},
      {get("A B: c\r\n"), 400},
      {get("A: b\nC: d\r\n"), 400},
      {get("A: b\rC: d\r\n"), 400},
      {get(std::string("A: b\0c\r\n", 8)), 400},
      {get("A: \x01\r\n"), 400},
      {get("A: \x7f\r\n"), 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {get("Host: b\r\n"), 400},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      // request lines
      {"\r\n\r\n" + get(""), 400},
      {" " + get(""), 400},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 400},
      {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /../x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {std::string("\x16\x03\x01\x02\0\x01\0", 7), 400},
      // size
      {get("A: " + std::string(1 << 20, 'a') + "\r\n"), 431},
      {"GET /" + std::string(1 << 20, 'a'), 431},
      {std::string(1 << 20, 'a'), 431},
  };
  for (const auto& row : rows) {
    const std::string shown = row.bytes.substr(0, 200);
    const Heard heard = hear(row.bytes);
    EXPECT_EQ(heard.status, row.status) << shown;
    if (row.bytes.size() > 10'000) continue;
    for (const std::size_t piece : {1U, 2U, 3U, 7U}) EXPECT_EQ(hear(row.bytes, piece), heard) << shown << piece;
  }
}

TEST(HttpParser, TheHeaderMayHaveExactlyItsLimit) {
  const std::size_t frame = get("A: \r\n").size();
  EXPECT_TRUE(hear(get("A: " + std::string(kHeadBytes - frame, 'a') + "\r\n")).whole);
  EXPECT_EQ(hear(get("A: " + std::string(kHeadBytes - frame + 1, 'a') + "\r\n")).status, 431);
}

TEST(HttpParser, TheBodyMayHaveExactlyItsLimit) {
  EXPECT_TRUE(hear(chunked("5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n"), std::string::npos, 10).whole);
  EXPECT_EQ(hear(chunked("5\r\nhello\r\n6\r\n"), std::string::npos, 10).status, 413);
}

TEST(HttpParser, FieldsAreFoundWhateverTheirCase) {
  HttpParser parser(kHeadBytes);
  const std::string bytes = get("AUTHORIZATION: Bearer x \r\nTwice: 1\r\ntwice: 2\r\nEmpty:\r\n");
  std::string_view input = bytes;
  ASSERT_EQ(parser.next(input), Event::head);
  const net::HttpRequest& request = parser.request();
  ASSERT_NE(request.field("Authorization"), nullptr);
  EXPECT_EQ(*request.field("authorization"), "Bearer x");
  EXPECT_EQ(*request.field("empty"), "");
  EXPECT_EQ(request.field("Twice"), nullptr);
  EXPECT_EQ(request.count("Twice"), 2U);
  EXPECT_EQ(request.field("None"), nullptr);
}

TEST(HttpParser, ATrailerIsNoHeader) {
  HttpParser parser(kHeadBytes);
  const std::string bytes = chunked("0\r\nAuthorization: Bearer x\r\n\r\n");
  std::string_view input = bytes;
  ASSERT_EQ(parser.next(input), Event::head);
  ASSERT_EQ(parser.next(input), Event::done);
  EXPECT_EQ(parser.request().count("Authorization"), 0U);
}

}  // namespace
