// From rooms and people to rooms of Jitsi.
#include "tokensvc/room_name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.h"

namespace tokensvc {
namespace {

const RoomNames kNames("the server's secret");

MeetingRule rule(Mapping mapping, std::string text = {}) {
  return {.domain = "conference.example.org",
          .caller = "chat",
          .url = "https://meet.example.org/",
          .mapping = mapping,
          .text = std::move(text)};
}

xmpp::Jid jid(std::string_view text) { return *xmpp::Jid::parse(text); }

/// Each `~` of the pattern is twelve letters that nobody chose.
bool fits(std::string_view name, std::string_view pattern) {
  const auto tag = pattern.find('~');
  if (tag == std::string_view::npos) return name == pattern;
  constexpr std::size_t kTag = 12;
  return name.size() == pattern.size() - 1 + kTag && name.substr(0, tag) == pattern.substr(0, tag) &&
         name.ends_with(pattern.substr(tag + 1)) &&
         name.substr(tag, kTag).find_first_not_of("abcdefghijklmnopqrstuvwxyz234567") == std::string_view::npos;
}

TEST(RoomName, OfRooms) {
  struct Case {
    Mapping mapping;
    const char *text, *room, *name, *expected;  // null: it can't be a name
  };
  const std::string too_long(257, 'a');
  const Case cases[] = {
      {Mapping::same, "", "hall@conference.example.org", "hall", "hall"},
      {Mapping::same, "", "Hall@conference.example.org", "HALL", "hall"},
      {Mapping::same, "", "hall@conference.example.org", "Verona", "verona--~"},
      {Mapping::same, "", "größe@conference.example.org", "GRÖSSE", "grösse--~"},
      {Mapping::same, "", "räte@conference.example.org", "RÄTE", "räte"},
      {Mapping::same, "", "hall@conference.example.org", "no/name", nullptr},
      {Mapping::same, "", "hall@conference.example.org", "two words", nullptr},
      {Mapping::same, "", "hall@conference.example.org", "", nullptr},
      {Mapping::same, "", "hall@conference.example.org", too_long.c_str(), nullptr},
      {Mapping::prefix, "Verona-", "hall@conference.example.org", "hall", "verona-hall"},
      {Mapping::prefix, "verona-", "hall@conference.example.org", "tomb", "verona-tomb--~"},
      {Mapping::fixed, "Town", "hall@conference.example.org", "hall", "town"},
      {Mapping::fixed, "town", "hall@conference.example.org", "no/name", "town"},
      // What would mean something else in a token or in a path.
      {Mapping::same, "", "*@conference.example.org", "*", "*--~"},
      {Mapping::same, "", "..@conference.example.org", "..", "..--~"},
      {Mapping::prefix, "x", "*@conference.example.org", "*", "x*--~"},
  };
  for (const Case& each : cases) {
    const auto name = kNames.of_room(rule(each.mapping, each.text), jid(each.room), each.name);
    ASSERT_EQ(name.has_value(), each.expected != nullptr) << each.room << ' ' << each.name;
    if (!name) continue;
    EXPECT_TRUE(fits(*name, each.expected)) << *name << " is not " << each.expected;
  }
}

TEST(RoomName, AHashTellsNothingAndStays) {
  const auto of = [](const RoomNames& names, const char* room, const char* name) {
    return *names.of_room(rule(Mapping::hash), jid(room), name);
  };
  const std::string hall = of(kNames, "hall@conference.example.org", "hall");
  EXPECT_EQ(hall.size(), 32u);
  EXPECT_EQ(hall.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string::npos) << hall;
  EXPECT_EQ(of(kNames, "hall@conference.example.org", "verona"), hall) << "whatever its owners call it";
  EXPECT_NE(of(kNames, "hall@conference.example.com", "hall"), hall);
  EXPECT_NE(of(RoomNames("another secret"), "hall@conference.example.org", "hall"), hall);
  EXPECT_EQ(of(RoomNames("the server's secret"), "hall@conference.example.org", "hall"), hall);
}

// Owners name their meetings as they like, and make rooms with any name: they get no other room's meeting.
TEST(RoomName, NoOwnerGetsAnothersRoom) {
  const auto same = rule(Mapping::same);
  const std::string verona = *kNames.of_room(same, jid("hall@conference.example.org"), "verona");
  const std::vector<std::pair<std::string, std::string>> attempts{
      {"tomb@conference.example.org", "hall"},     {"tomb@conference.example.org", "verona"},
      {"verona@conference.example.org", "verona"}, {verona + "@conference.example.org", verona},
      {"tomb@conference.example.org", verona},
  };
  std::set<std::string> names{"hall", verona};
  for (const auto& [room, name] : attempts)
    EXPECT_TRUE(names.insert(*kNames.of_room(same, jid(room), name)).second) << room << ' ' << name;
  for (const char* person : {"romeo@example.org", "juliet@example.org"})
    for (const std::string& name : {std::string("hall"), std::string("verona"), verona})
      EXPECT_TRUE(names.insert(*kNames.of_person(same, jid(person), name)).second) << person << ' ' << name;
}

TEST(RoomName, OfPeople) {
  const xmpp::Jid romeo = jid("romeo@example.org/orchard"), juliet = jid("juliet@example.org");
  for (const Mapping mapping : {Mapping::same, Mapping::prefix, Mapping::hash}) {
    const auto of = [&](const xmpp::Jid& who, const char* name) {
      return kNames.of_person(rule(mapping, "p-"), who, name);
    };
    EXPECT_EQ(of(romeo, "Orchard"), of(romeo.bare(), "orchard")) << "the same again";
    EXPECT_NE(of(romeo, "orchard"), of(juliet, "orchard"));
    EXPECT_NE(of(romeo, "orchard"), of(romeo, "tomb"));
    EXPECT_EQ(of(romeo, "no/name"), std::nullopt);
  }
  EXPECT_TRUE(fits(*kNames.of_person(rule(Mapping::same), romeo, "orchard"), "orchard--~"));
  EXPECT_TRUE(fits(*kNames.of_person(rule(Mapping::prefix, "p-"), romeo, "orchard"), "p-orchard--~"));
  EXPECT_EQ(kNames.of_person(rule(Mapping::hash), romeo, "orchard")->size(), 32u);
  EXPECT_EQ(kNames.of_person(rule(Mapping::fixed, "town"), romeo, "orchard"), "town");
}

// As encodeURIComponent does in Jitsi's clients, which then put it in lower case.
TEST(RoomName, OnTheWire) {
  struct Case {
    const char *name, *claim, *link;
  };
  const Case cases[] = {
      {"hall", "hall", "https://meet.example.org/hall"},
      {"räte", "r%c3%a4te", "https://meet.example.org/r%C3%A4te"},
      {"a%2fb", "a%252fb", "https://meet.example.org/a%252fb"},
      {"a+b,c;d=e$f", "a%2bb%2cc%3bd%3de%24f", "https://meet.example.org/a%2Bb%2Cc%3Bd%3De%24f"},
      {"a-b_c.d!e~f*g(h)", "a-b_c.d!e~f*g(h)", "https://meet.example.org/a-b_c.d!e~f*g(h)"},
      {"a?b#c", "a%3fb%23c", "https://meet.example.org/a%3Fb%23c"},
  };
  MeetingRule plain = rule(Mapping::same);
  for (const auto& [name, claim, link] : cases) {
    EXPECT_EQ(claim_of(name), claim);
    EXPECT_EQ(link_to(plain, name), link);
  }
  plain.tenant = "Città";
  EXPECT_EQ(link_to(plain, "hall"), "https://meet.example.org/Citt%C3%A0/hall");
  EXPECT_EQ(with_token("https://meet.example.org/hall", "a.b-c._d"), "https://meet.example.org/hall?jwt=a.b-c._d");
}

TEST(RoomName, ARandomOneIsLongAndALocalPart) {
  const std::string one = random_name(base::system_random()), other = random_name(base::system_random());
  EXPECT_EQ(one.size(), 24u);
  EXPECT_NE(one, other);
  EXPECT_EQ(xmpp::Jid::make(one, "example.org")->local(), one);
}

}  // namespace
}  // namespace tokensvc
