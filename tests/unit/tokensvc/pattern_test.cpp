// Lua patterns against whole names: each row as Lua 5.4 answers `name:match(pattern) == name`, but for captures and %b.
#include "tokensvc/pattern.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace tokensvc {
namespace {

TEST(LuaPattern, AsLuaAnswers) {
  const struct {
    const char *pattern, *name;
    bool whole;
  } rows[] = {
      {"lobby", "lobby", true},
      {"ob", "lobby", false},
      {"lob.*", "lobby", true},
      {"^lobby$", "lobby", true},
      {"^lobby", "lobby", true},
      {"lob$", "lobby", false},
      {"lob.-", "lobby", false},
      {"lob.-$", "lobby", true},
      {"a?b", "b", true},
      {"a?b", "ab", true},
      {"a?b", "aab", false},
      {"a+", "", false},
      {"a+", "aaa", true},
      {"a*", "", true},
      {"%d+", "123", true},
      {"%d+", "12a", false},
      {"%D+", "abc", true},
      {"[a-c]+", "abcab", true},
      {"[a-c]+", "abd", false},
      {"[^a-c]+", "xyz", true},
      {"[%d_]+", "1_2", true},
      {"[]]", "]", true},
      {"[a-]+", "a-a", true},
      {"%.", ".", true},
      {"%.", "x", false},
      {".", "x", true},
      {"a$b", "a$b", true},
      {"room%-%d", "room-7", true},
      {"%w+", "caf\xc3\xa9", false},
      {".+", "caf\xc3\xa9", true},
      {"*", "*", true},
      {"%", "%", false},
      {"[a", "a", false},
      {"(lob.*)", "lobby", false},
      {"%b()", "()", false},
      {"a**", "a*", true},
      {"", "", true},
      {"", "a", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(LuaPattern(row.pattern).is_whole(row.name), row.whole) << row.pattern << " on " << row.name;
}

TEST(LuaPattern, CountsQuantifiers) {
  EXPECT_EQ(LuaPattern("lobby%d").quantifiers(), 0U);
  EXPECT_EQ(LuaPattern("l.*o+b-b?").quantifiers(), 4U);
}

TEST(LuaPattern, NeverTakesLong) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "a*";
  const LuaPattern costly(pattern + 'b');
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(costly.is_whole(std::string(100, 'a')));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
}

}  // namespace
}  // namespace tokensvc
