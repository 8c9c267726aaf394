// How much of a room's history a newcomer is sent (XEP-0045 7.2.14).
#include "muc/history.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "xml/stream_reader.h"

namespace muc {
namespace {

using namespace std::chrono_literals;

const base::WallTime kNow = base::WallTime(100h);
const xmpp::Jid kRoom = *xmpp::Jid::parse("hall@conference.example.org");
const xmpp::Jid kSession = *xmpp::Jid::parse("juliet@example.org/balcony");

HistoryWish wish_of(std::string_view history) {
  const std::string text = "<x xmlns='http://jabber.org/protocol/muc'>" + std::string(history) + "</x>";
  return HistoryWish::of(&xml::parse_element(text, {})->root(), 20, kNow);
}

/// Said a minute apart, the last one a minute ago.
std::deque<Remembered> said(const std::vector<std::string>& bodies) {
  std::deque<Remembered> all;
  for (const std::string& body : bodies) {
    xml::Document message = xmpp::make_message(xmpp::Type::groupchat);
    message.root().add_text_child("body", body);
    const auto age = (bodies.size() - all.size()) * 1min;
    all.push_back({{xmpp::share(std::move(message)), *kRoom.with_resource("Romeo"), kNow - age}, {}});
  }
  return all;
}

std::size_t count(std::deque<Remembered> all, std::string_view history) {
  return fitting(all, wish_of(history), kRoom, kSession);
}

TEST(HistoryWishTest, TheSmallestCounts) {
  const auto three = said({"1", "2", "3"});
  const std::vector<std::pair<std::string_view, std::size_t>> table = {
      {"", 3},
      {"<history/>", 3},
      {"<history maxstanzas='0'/>", 0},
      {"<history maxstanzas='2'/>", 2},
      {"<history maxstanzas='99999999999999999999'/>", 3},
      {"<history maxchars='0'/>", 0},
      {"<history maxchars='100'/>", 0},
      {"<history maxchars='2000' maxstanzas='1'/>", 1},
      {"<history seconds='0'/>", 0},
      {"<history seconds='60'/>", 1},
      {"<history seconds='150'/>", 2},
      {"<history seconds='99999999999999999999'/>", 3},
      {"<history since='1970-01-05T03:58:00Z'/>", 2},
      {"<history since='1970-01-05T03:58:00Z' seconds='60'/>", 1},
      {"<history since='1970-01-05T03:59:00Z' seconds='999'/>", 1},
      {"<history maxstanzas='-1' maxchars='' seconds='soon' since='then'/>", 3},
      {"<history xmlns='elsewhere' maxstanzas='0'/>", 3},
  };
  for (const auto& [history, expected] : table) EXPECT_EQ(count(three, history), expected) << history;
}

TEST(HistoryWishTest, CharactersAreThoseOfWholeStanzas) {
  auto all = said({"xx"});
  std::size_t length = 0;
  while (fitting(all, {.stanzas = 1, .characters = length, .since = {}}, kRoom, kSession) == 0) ++length;
  // One character of two bytes is one.
  auto others = said({"\xC3\xA9\xC3\xA9"});
  EXPECT_EQ(fitting(others, {.stanzas = 1, .characters = length, .since = {}}, kRoom, kSession), 1U);
  auto longer = said({"xxx"});
  EXPECT_EQ(fitting(longer, {.stanzas = 1, .characters = length, .since = {}}, kRoom, kSession), 0U);
  auto two = said({"xx", "xx"});
  EXPECT_EQ(fitting(two, {.stanzas = 2, .characters = 2 * length - 1, .since = {}}, kRoom, kSession), 1U);
  EXPECT_EQ(fitting(two, {.stanzas = 2, .characters = 2 * length, .since = {}}, kRoom, kSession), 2U);
}

}  // namespace
}  // namespace muc
