#include "transcript/script.h"

#include <gtest/gtest.h>

namespace transcript {
namespace {

TEST(Script, ReadsCastFriendsAndSteps) {
  const Script script = parse_script(
      "# a comment\n"
      "romeo: romeo@example.org/orchard available\n"
      "juliet: juliet@example.org\n"
      "friends romeo juliet\n"
      "\n"
      "romeo > <message to='juliet@example.org'>\n"
      "          <body>Hi</body></message>\n"
      "juliet <* <message/>\n"
      "romeo raw > a\\r\n"
      "romeo logs in\n"
      "clock +60s\n"
      "server dies\n");
  ASSERT_EQ(script.cast.size(), 2U);
  EXPECT_EQ(script.cast[0].account, "romeo@example.org");
  EXPECT_EQ(script.cast[0].resource, "orchard");
  EXPECT_EQ(script.cast[0].entrance, Entrance::available);
  EXPECT_EQ(script.cast[1].resource, "");
  EXPECT_EQ(script.cast[1].entrance, Entrance::bound);
  ASSERT_EQ(script.friends.size(), 1U);
  EXPECT_EQ(script.friends[0].second, "juliet");
  ASSERT_EQ(script.steps.size(), 6U);
  EXPECT_EQ(script.steps[0].line, 6);
  EXPECT_EQ(script.steps[0].text, "<message to='juliet@example.org'><body>Hi</body></message>");
  EXPECT_EQ(script.steps[1].verb, Verb::receives_too);
  EXPECT_EQ(script.steps[2].verb, Verb::sends_raw);
  EXPECT_EQ(script.steps[3].verb, Verb::logs_in);
  EXPECT_EQ(script.steps[4].text, "+60s");
  EXPECT_TRUE(script.uses(Verb::server_dies));
  EXPECT_FALSE(script.uses(Verb::cuts));
}

TEST(Script, RefusesWithTheLine) {
  const struct {
    const char* text;
    const char* line;
  } cases[] = {
      {"", "nobody"},
      {"romeo: romeo@example.org\njuliet silent\n", "line 2"},
      {"romeo: romeo@example.org\nromeo dances\n", "line 2"},
      {"romeo: example.org\n", "line 1"},
      {"romeo: romeo@example.org asleep\n", "line 1"},
      {"  indented\n", "line 1"},
      {"romeo: romeo@example.org\nfriends romeo juliet\n", "juliet"},
      {"romeo: romeo@example.org\nromeo silent or not\n", "line 2"},
  };
  for (const auto& [text, line] : cases) {
    try {
      parse_script(text);
      ADD_FAILURE() << "taken: " << text;
    } catch (const Failure& failure) {
      EXPECT_NE(std::string(failure.what()).find(line), std::string::npos) << failure.what();
    }
  }
}

}  // namespace
}  // namespace transcript
