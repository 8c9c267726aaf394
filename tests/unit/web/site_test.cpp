// Files over HTTP: what is taken, what is given, and to whom it is refused (XEP-0363 7, 9; SECURITY H01, H03).
#include "web/site.h"

#include "hall.h"

namespace web {
namespace {

class SiteTest : public Surfer {};

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

TEST_F(SiteTest, WhatWasPutIsGot) {
  const auto [to, from] = slot(11, "très cool.jpg", "image/jpeg");
  EXPECT_EQ(get(from).status, 404);
  const Answer made = put(to, "hello world", "Content-Type: image/jpeg\r\n");
  EXPECT_EQ(made.status, 201) << made.body;
  const Answer got = get(from);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "hello world");
  EXPECT_TRUE(got.has("Content-Type: image/jpeg"));
  EXPECT_TRUE(got.has("Content-Disposition: inline; filename*=UTF-8''tr%C3%A8s%20cool.jpg"));
  EXPECT_TRUE(got.has("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; sandbox"));
  EXPECT_TRUE(got.has("X-Content-Type-Options: nosniff"));
  EXPECT_TRUE(got.has("Access-Control-Allow-Origin: *"));
  EXPECT_TRUE(got.has("Accept-Ranges: bytes"));
  // printf 'hello world' | sha256sum
  EXPECT_TRUE(got.has("ETag: \"b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9\"")) << got.head;
  const Answer head = get(from, "", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_TRUE(head.has("Content-Length: 11"));
}

TEST_F(SiteTest, AnySizeAtAnyPace) {
  const std::string text = pattern(3'000'001);
  for (const std::size_t piece : {std::size_t{1} << 20U, std::size_t{70'000}, text.size()}) {
    const auto [to, from] = slot(text.size());
    sim::Peer peer = connect();
    peer.send(put_head(to, text.size()));
    for (std::size_t i = 0; i < text.size(); i += piece) {
      peer.send(text.substr(i, piece));
      world.settle();
    }
    world.advance(5s);
    ASSERT_EQ(read_answer(peer.take()).status, 201);
    peer.send("GET " + from + " HTTP/1.1\r\nHost: a\r\n\r\n");
    std::string all;
    for (int i = 0; i < 1000 && read_answer(all).body.size() < text.size(); ++i) {
      world.advance(10ms);
      all += peer.take();
    }
    EXPECT_EQ(read_answer(all).body, text);
  }
  EXPECT_EQ(files().size(), 1U) << "the same bytes are there once";
}

TEST_F(SiteTest, ASlowDiskHoldsTheClient) {
  const std::string text = pattern(5'000'000);
  const auto [to, from] = slot(text.size());
  bytes.stall(20s);
  sim::Peer peer = connect();
  peer.send(put_head(to, text.size()) + text);
  world.advance(1s);
  EXPECT_TRUE(peer.unread()) << "there is a bound to what waits for the disk";
  world.advance(2min);
  EXPECT_EQ(read_answer(peer.take()).status, 201);
}

TEST_F(SiteTest, WhoDoesNotReadIsCut) {
  const std::string text = pattern(3'000'000);
  const auto [to, from] = slot(text.size());
  ASSERT_EQ(put(to, text).status, 201);
  sim::Peer peer = connect();
  peer.read(false);
  peer.send("GET " + from + " HTTP/1.1\r\nHost: a\r\n\r\n");
  world.advance(30s);
  EXPECT_FALSE(peer.closed());
  EXPECT_LT(peer.bytes_to_client(), 1'000'000U) << "the rest stays on disk";
  world.advance(60s);
  EXPECT_TRUE(peer.closed());
}

TEST_F(SiteTest, NoCacheKeepsItLongerThanWeDo) {
  const auto [to, from] = slot(5);
  ASSERT_EQ(put(to, "hello").status, 201);
  EXPECT_TRUE(get(from).has("Cache-Control: private, max-age=3600"));
  const auto urls = ask({.owner = "romeo@example.org",
                         .name = "brief.bin",
                         .type = {},
                         .bytes = 5,
                         .purpose = Purpose::ephemeral,
                         .expire_before = world.loop().wall() + 1min});
  const auto path = [](const std::string& url) { return url.substr(url.find('/', std::string("https://").size())); };
  const std::string brief = path(urls.value().get);
  ASSERT_EQ(put(path(urls.value().put), "hello").status, 201);
  sim::Peer peer = connect();
  const auto max_age = [&](const std::string& method, const std::string& fields) {
    peer.send(method + ' ' + brief + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
    world.advance(1s);
    const std::string head = read_answer(peer.take()).head, name = "max-age=";
    const std::size_t at = head.find(name);
    return at == std::string::npos ? -1 : std::stoi(head.substr(at + name.size()));
  };
  const int first = max_age("GET", "");
  EXPECT_GT(first, 50);
  EXPECT_LE(first, 60);
  world.advance(30s);
  EXPECT_LE(max_age("GET", "If-None-Match: *\r\n"), first - 30) << "304 too";
  world.advance(30s);
  EXPECT_EQ(get(brief).status, 404);
}

TEST_F(SiteTest, TellsWhichPartIsGot) {
  const std::string text = pattern(1000);
  const auto [to, from] = slot(text.size());
  ASSERT_EQ(put(to, text).status, 201);
  Answer got = get(from, "Range: bytes=900-\r\n");
  EXPECT_EQ(got.status, 206);
  EXPECT_TRUE(got.has("Content-Range: bytes 900-999/1000"));
  EXPECT_EQ(got.body, text.substr(900));
  got = get(from, "Range: bytes=1000-\r\n");
  EXPECT_EQ(got.status, 416);
  EXPECT_TRUE(got.has("Content-Range: bytes */1000"));
  const Answer whole = get(from);
  const std::size_t quote = whole.head.find('"');
  const std::string tag = whole.head.substr(quote, whole.head.find('"', quote + 1) + 1 - quote);
  EXPECT_EQ(get(from, "Range: bytes=0-1\r\nIf-Range: " + tag + "\r\n").status, 206);
  EXPECT_EQ(get(from, "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n").status, 200);
  EXPECT_EQ(get(from, "If-None-Match: " + tag + "\r\n").status, 304);
  EXPECT_EQ(get(from, "If-None-Match: \"a\", W/" + tag + "\r\n").status, 304);
  EXPECT_EQ(get(from, "If-None-Match: \"a\"\r\n").status, 200);
}

/// The value of a field, of which there is one.
std::string value_of(const Answer& answer, const std::string& name) {
  const std::size_t at = answer.head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return answer.head.substr(begin, answer.head.find("\r\n", begin) - begin);
}

TEST_F(SiteTest, RangesThatAreNotMetGiveTheWholeFile) {
  const std::string text = pattern(1000);
  const auto [to, from] = slot(text.size());
  ASSERT_EQ(put(to, text).status, 201);
  const std::string date = value_of(get(from), "Last-Modified");
  ASSERT_NE(date, "");
  for (const std::string& fields : {
           "Range: bytes=0-1\r\nIf-Range: " + date + "\r\n",  // may be weak (RFC 9110 13.1.5)
           std::string("Range: bytes=0-1,10-11\r\n"),
           std::string("Range: bytes=0-1\r\nRange: bytes=2-3\r\n"),
           std::string("Range: lines=0-1\r\n"),
       }) {
    const Answer got = get(from, fields);
    EXPECT_EQ(got.status, 200) << fields;
    EXPECT_EQ(got.body, text) << fields;
    EXPECT_EQ(value_of(got, "Content-Range"), "") << fields;
  }
}

TEST_F(SiteTest, ToHeadARangeMeansNothing) {
  const auto [to, from] = slot(5);
  ASSERT_EQ(put(to, "hello").status, 201);
  for (const std::string range : {"bytes=0-1", "bytes=5-"}) {
    const Answer head = get(from, "Range: " + range + "\r\n", "HEAD");
    EXPECT_EQ(head.status, 200) << "RFC 9110 14.2";
    EXPECT_TRUE(head.has("Content-Length: 5"));
    EXPECT_EQ(value_of(head, "Content-Range"), "");
    EXPECT_EQ(head.body, "");
  }
}

TEST_F(SiteTest, TheNextRequestIsReadBehindAnAnswerWithoutTheFile) {
  const auto [to, from] = slot(5);
  ASSERT_EQ(put(to, "hello").status, 201);
  const std::string whole = "GET " + from + " HTTP/1.1\r\nHost: a\r\n\r\n";
  const struct {
    std::string target, fields;
    int status;
  } rows[] = {{from, "Range: bytes=5-\r\n", 416},
              {from, "If-None-Match: *\r\n", 304},
              {from + "x", "", 404},
              {"/nowhere", "", 404}};
  for (const auto& [target, fields, status] : rows) {
    const std::string first = "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    sim::Peer peer = connect();
    peer.send(first);
    world.advance(1s);
    const Answer without = read_answer(peer.take());
    EXPECT_EQ(without.status, status);
    EXPECT_EQ(value_of(without, "Content-Length"), status == 304 ? "" : std::to_string(without.body.size()));
    EXPECT_TRUE(status != 304 || without.body.empty());
    peer.send(whole + first + whole);
    world.advance(1s);
    const std::string answers = peer.take();
    EXPECT_EQ(read_answer(answers).status, 200) << status;
    EXPECT_TRUE(read_answer(answers).body.starts_with("helloHTTP/1.1 " + std::to_string(status))) << answers;
    EXPECT_TRUE(answers.ends_with("\r\n\r\nhello")) << answers;
    EXPECT_FALSE(peer.ended()) << status;
  }
}

TEST_F(SiteTest, NothingIsTakenWithoutASlot) {
  const auto [to, from] = slot(5);
  const struct {
    std::string target;
    int status;
  } rows[] = {{from, 403},
              {from + "?" + std::string(100, 'a'), 403},
              {to.substr(0, to.size() - 1), 403},
              {to + "x", 403},
              {"/other/file.bin" + to.substr(to.find('?')), 403},
              {"/a/../b" + to.substr(to.find('?')), 400},
              {"/%2e%2e/etc/passwd" + to.substr(to.find('?')), 400},
              {"//file.bin", 400},
              {"/", 404}};
  for (const auto& [target, status] : rows) EXPECT_EQ(put(target, "hello").status, status) << target;
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(put(to, "hello").status, 201);
}

TEST_F(SiteTest, SizeAndTypeAreThoseOfTheSlot) {
  const auto [to, from] = slot(5, "a.png", "image/png");
  const std::string png = "Content-Type: image/png\r\n";
  EXPECT_EQ(put(to, "hello!", png).status, 413);
  EXPECT_EQ(put(to, "hell", png).status, 413);
  EXPECT_EQ(put(to, "hello", "Content-Type: text/html\r\n").status, 415);
  EXPECT_EQ(put(to, "hello").status, 415);
  EXPECT_EQ(
      send("PUT " + to + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" + png + "\r\n5\r\nhello\r\n0\r\n\r\n")
          .status,
      411);
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(put(to, "hello", png).status, 201);
}

TEST_F(SiteTest, ASlotIsGoodForOneFileWithinItsTime) {
  const auto [to, from] = slot(5);
  ASSERT_EQ(put(to, "hello").status, 201);
  EXPECT_EQ(put(to, "olleh").status, 409);
  EXPECT_EQ(get(from).body, "hello");
  const auto [late, nothing] = slot(5);
  world.advance(Uploads::kSlot);
  EXPECT_EQ(put(late, "hello").status, 403);
  const auto [outlives, it] = slot(5);
  serve(terms());
  EXPECT_EQ(put(outlives, "hello").status, 201) << "slots outlive a restart";
}

TEST_F(SiteTest, TwoAtATimeAreNotTaken) {
  const auto [to, from] = slot(10);
  sim::Peer first = connect();
  first.send(put_head(to, 10) + "hello");
  world.advance(100ms);
  EXPECT_EQ(put(to, "0123456789").status, 409);
  first.send("world");
  world.advance(1s);
  EXPECT_EQ(read_answer(first.take()).status, 201);
  EXPECT_EQ(get(from).body, "helloworld");
}

TEST_F(SiteTest, WhatBreaksOffLeavesNothingAndMayBeTriedAgain) {
  const auto [to, from] = slot(10);
  {
    sim::Peer first = connect();
    first.send(put_head(to, 10) + "hello");
    world.advance(100ms);
  }
  world.advance(1s);
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(get(from).status, 404);
  EXPECT_EQ(put(to, "helloworld").status, 201);
}

TEST_F(SiteTest, WhoExpectsARefusalNeedNotSendTheFile) {
  const auto [to, from] = slot(5);
  sim::Peer peer = connect();
  peer.send(put_head(to, 5, "Expect: 100-continue\r\n"));
  world.advance(1s);
  EXPECT_EQ(peer.take(), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("hello");
  world.advance(1s);
  EXPECT_EQ(read_answer(peer.take()).status, 201);
  sim::Peer other = connect();
  other.send(put_head(to + "x", 5, "Expect: 100-continue\r\n"));
  world.advance(1s);
  EXPECT_EQ(read_answer(other.take()).status, 403);
}

TEST_F(SiteTest, WhatCanHoldAScriptIsSaved) {
  for (const std::string type :
       {"text/html", "image/svg+xml", "application/xhtml+xml", "application/pdf", "text/xml",
        "application/octet-stream", "text/htmlplain", "text/plain;,text/html", "image/png,text/html"}) {
    EXPECT_FALSE(is_shown(type)) << type;
    const auto [to, from] = slot(5, "a\"b.html", type);
    ASSERT_EQ(put(to, "hello", "Content-Type: " + type + "\r\n").status, 201);
    const Answer got = get(from);
    EXPECT_TRUE(got.has("Content-Disposition: attachment; filename*=UTF-8''a%22b.html")) << got.head;
    EXPECT_TRUE(got.has("Content-Type: " + type));
    EXPECT_TRUE(got.has("X-Content-Type-Options: nosniff"));
  }
  EXPECT_TRUE(is_shown("image/png"));
  EXPECT_TRUE(is_shown("IMAGE/JPEG"));
  EXPECT_TRUE(is_shown("text/plain; charset=utf-8"));
}

TEST_F(SiteTest, SoundAndFilmsMayBePlayedAndNothingElse) {
  const std::string nothing = "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; sandbox";
  const std::string played = "Content-Security-Policy: default-src 'none'; media-src 'self'; frame-ancestors 'none'";
  const struct {
    std::string type;
    bool plays;
  } rows[] = {{"audio/ogg; codecs=opus", true},
              {"VIDEO/mp4", true},
              {"video/webm", true},
              {"audio/x-unheard-of", false},
              {"image/png", false},
              {"text/plain", false},
              {"text/html", false},
              {"audio", false},
              {"application/ogg", false}};
  for (const auto& [type, plays] : rows) {
    const auto [to, from] = slot(5, "a.bin", type);
    ASSERT_EQ(put(to, "hello", "Content-Type: " + type + "\r\n").status, 201) << type;
    const Answer whole = get(from), part = get(from, "Range: bytes=0-1\r\n");
    const Answer known = get(from, "If-None-Match: *\r\n");
    EXPECT_EQ(known.status, 304);
    for (const Answer* answer : {&whole, &part, &known}) {
      EXPECT_EQ(answer->has(played), plays) << type << answer->head;
      EXPECT_EQ(answer->has(nothing), !plays) << type << answer->head;
    }
  }
  EXPECT_TRUE(get("/nothing").has(nothing));
}

TEST_F(SiteTest, WithoutATypeItIsOfNoKnownKind) {
  const auto [to, from] = slot(5, "a.html");
  ASSERT_EQ(put(to, "hello", "Content-Type: text/html\r\n").status, 201);
  EXPECT_TRUE(get(from).has("Content-Type: application/octet-stream"));
}

TEST_F(SiteTest, BrowsersOfOtherPagesMay) {
  const auto [to, from] = slot(5);
  const Answer asked = get(to, "Origin: https://chat.example.com\r\nAccess-Control-Request-Method: PUT\r\n", "OPTIONS");
  EXPECT_EQ(asked.status, 204);
  EXPECT_TRUE(asked.has("Access-Control-Allow-Methods: OPTIONS, HEAD, GET, PUT"));
  EXPECT_TRUE(asked.has("Access-Control-Allow-Origin: *"));
  EXPECT_TRUE(get("/nowhere").has("Access-Control-Allow-Origin: *"));
}

TEST_F(SiteTest, OnlyUrlsThatWereGivenShowSomething) {
  const auto [to, from] = slot(5);
  ASSERT_EQ(put(to, "hello").status, 201);
  const std::string id = from.substr(0, from.find('/', 1));
  for (const std::string& target : {id, id + "/", id + "/other.bin", from + "/", from + "/x", "/x" + from.substr(1)})
    EXPECT_EQ(get(target).status, 404) << target;
  for (const std::string& target :
       {id + "/../" + "file.bin", id + "//file.bin", id + "/%2e/file.bin", id + "%2ffile.bin"})
    EXPECT_EQ(get(target).status, 400) << target;
  EXPECT_EQ(get(from, "", "DELETE").status, 405);
}

TEST_F(SiteTest, TheStoreIsNotAskedForWhatCanBeNoId) {
  const std::size_t before = reading.submitted();
  for (const std::string& target :
       {std::string("/x/y"), std::string("/favicon.ico"), std::string("/wp-login/setup.php"),
        '/' + std::string(21, 'a') + "/y", '/' + std::string(23, 'a') + "/y", '/' + std::string(21, 'a') + "=/y"})
    EXPECT_EQ(get(target).status, 404) << target;
  EXPECT_EQ(reading.submitted(), before);
  EXPECT_EQ(get('/' + std::string(22, 'a') + "/y").status, 404);
  EXPECT_GT(reading.submitted(), before);
  const auto [to, from] = slot(5);
  ASSERT_EQ(put(to, "hello").status, 201);
  sim::vfs_failure = SQLITE_IOERR_READ;
  EXPECT_EQ(get(from).status, 503);
  EXPECT_EQ(get("/x/y").status, 404);
  sim::vfs_failure = SQLITE_OK;
  EXPECT_EQ(get(from).status, 200);
}

TEST_F(SiteTest, AFullDiskIsToldAndTheSlotStaysGood) {
  const auto [to, from] = slot(5);
  sim::vfs_failure = SQLITE_FULL;
  EXPECT_EQ(put(to, "hello").status, 507);
  sim::vfs_failure = SQLITE_OK;
  world.advance(1s);
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(put(to, "hello").status, 201);
}

}  // namespace
}  // namespace web
