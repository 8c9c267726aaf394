// The handshake of RFC 1928 6 and XEP-0065 8.2, split anywhere, and everything it refuses.
#include "proxy65/socks5.h"

#include <gtest/gtest.h>

namespace proxy65 {
namespace {

using namespace std::string_literals;
using State = Socks5::State;

const std::string kHash = "972b7bf47291ca609517f67f86b5081086052dad";
const std::string kGreeting = "\x05\x01\x00"s;
const std::string kRequest = "\x05\x01\x00\x03\x28"s + kHash + "\0\0"s;

struct Heard {
  State state = State::greeting;
  std::string replies;
  std::string left;  // of the input
};

Heard feed(std::string_view bytes, std::size_t piece = SIZE_MAX) {
  Socks5 socks;
  Heard heard;
  while (!bytes.empty() && socks.state() != State::asked && socks.state() != State::over) {
    std::string_view part = bytes.substr(0, piece);
    const std::size_t size = part.size();
    heard.state = socks.take(part);
    heard.replies += socks.reply();
    bytes.remove_prefix(size - part.size());
  }
  if (heard.state == State::asked) heard.replies += socks.grant();
  heard.left = std::string(bytes);
  return heard;
}

TEST(Socks5, GrantsWithTheAddressItWasAskedFor) {
  const Heard heard = feed(kGreeting + kRequest);
  EXPECT_EQ(heard.state, State::asked);
  EXPECT_EQ(heard.replies, "\x05\x00"s + "\x05\x00\x00\x03\x28"s + kHash + "\0\0"s);
}

TEST(Socks5, TakesNoByteBehindTheRequest) {
  for (const std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{7}}) {
    const Heard heard = feed(kGreeting + kRequest + "early", piece);
    EXPECT_EQ(heard.state, State::asked);
    EXPECT_EQ(heard.left, "early");
  }
}

TEST(Socks5, BytesMaySplitAnywhere) {
  const std::string all = kGreeting + kRequest;
  const std::string whole = feed(all).replies;
  for (std::size_t piece = 1; piece < all.size(); ++piece) EXPECT_EQ(feed(all, piece).replies, whole) << piece;
}

TEST(Socks5, TheHashIsComparedInLowerCase) {
  Socks5 socks;
  std::string upper = kHash;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  const std::string bytes = kGreeting + "\x05\x01\x00\x03\x28"s + upper + "\0\0"s;
  std::string_view input = bytes;
  ASSERT_EQ(socks.take(input), State::asked);
  EXPECT_EQ(socks.hash(), kHash);
  EXPECT_EQ(socks.reply() + socks.grant(), "\x05\x00\x05\x00\x00\x03\x28"s + upper + "\0\0"s) << "echoed as it came";
}

TEST(Socks5, RefusesWithTheCodeOfTheRfc) {
  const std::string none = "\x00\x03\0\0\0"s;  // no address
  const struct {
    const char* what;
    std::string bytes, replies;
  } rows[] = {
      {"another version", "\x04\x01\x00"s, ""},
      {"HTTP", "GET / HTTP/1.1\r\n\r\n", ""},
      {"XML", "<stream:stream>", ""},
      {"no method at all", "\x05\x00"s, "\x05\xff"s},
      {"a password only", "\x05\x01\x02"s, "\x05\xff"s},
      {"another version in the request", kGreeting + "\x04\x01\x00\x03"s, "\x05\x00"s},
      {"BIND", kGreeting + "\x05\x02\x00\x03"s, "\x05\x00\x05\x07"s + none},
      {"UDP ASSOCIATE", kGreeting + "\x05\x03\x00\x03"s, "\x05\x00\x05\x07"s + none},
      {"an IPv4 address", kGreeting + "\x05\x01\x00\x01"s, "\x05\x00\x05\x08"s + none},
      {"an IPv6 address", kGreeting + "\x05\x01\x00\x04"s, "\x05\x00\x05\x08"s + none},
      {"an empty name", kGreeting + "\x05\x01\x00\x03\x00\x00\x50"s, "\x05\x00\x05\x02\x00\x03\x00\x00\x50"s},
      {"a name", kGreeting + "\x05\x01\x00\x03\x04host\x00\x50"s, "\x05\x00\x05\x02\x00\x03\x04host\x00\x50"s},
      {"no hexadecimal", kGreeting + "\x05\x01\x00\x03\x28"s + std::string(40, 'g') + "\0\0"s,
       "\x05\x00\x05\x02\x00\x03\x28"s + std::string(40, 'g') + "\0\0"s},
      {"a digit too many", kGreeting + "\x05\x01\x00\x03\x29"s + kHash + "a\0\0"s,
       "\x05\x00\x05\x02\x00\x03\x29"s + kHash + "a\0\0"s},
  };
  for (const auto& row : rows) {
    for (const std::size_t piece : {SIZE_MAX, std::size_t{1}}) {
      const Heard heard = feed(row.bytes, piece);
      EXPECT_EQ(heard.state, State::over) << row.what;
      EXPECT_EQ(heard.replies, row.replies) << row.what;
    }
  }
}

TEST(Socks5, AnyMethodBesideNoneIsFine) { EXPECT_EQ(feed("\x05\x03\x02\x01\x00"s + kRequest).state, State::asked); }

TEST(Socks5, MayBeRefusedOnceItHasAsked) {
  Socks5 socks;
  const std::string bytes = kGreeting + kRequest;
  std::string_view input = bytes;
  ASSERT_EQ(socks.take(input), State::asked);
  EXPECT_EQ(socks.refuse(Socks5::Refusal::not_allowed), "\x05\x02\x00\x03\x28"s + kHash + "\0\0"s);
  EXPECT_EQ(socks.state(), State::over);
}

}  // namespace
}  // namespace proxy65
