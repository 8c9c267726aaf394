// Whom a reference names (XEP-0372 3.2).
#include "muc/mentions.h"

#include <gtest/gtest.h>

namespace muc {
namespace {

TEST(MentionsTest, AReferenceNamesAPersonOrAnOccupant) {
  const std::vector<std::pair<std::string_view, std::string_view>> table = {
      {"xmpp:juliet@example.org", "juliet@example.org"},
      {"xmpp:Juliet@EXAMPLE.org?message", "juliet@example.org"},
      {"xmpp:hall@conference.example.org/Jul%20C", "hall@conference.example.org/Jul C"},
      {"xmpp:juliet@example.org#x", "juliet@example.org"},
      {"xmpp:hall@conference.example.org/100%", "hall@conference.example.org/100%"},
      {"xmpp:hall@conference.example.org/1%zz", "hall@conference.example.org/1%zz"},
      {"xmpp:example.org", ""},
      {"xmpp:", ""},
      {"xmpp:@", ""},
      {"https://example.org/juliet@example.org", ""},
      {"juliet@example.org", ""},
      {"xmpp:hall@conference.example.org/%00", ""},
      {"xmpp:%ff%fe@example.org", ""},
      {"", ""},
  };
  for (const auto& [uri, who] : table) {
    const auto jid = mentioned(uri);
    EXPECT_EQ(jid ? jid->str() : "", who) << uri;
  }
}

}  // namespace
}  // namespace muc
