// SECURITY M03: who looks like somebody else.
#include "xmpp/nickname.h"

#include <gtest/gtest.h>

namespace xmpp {
namespace {

TEST(Nickname, LookAlikesAreOne) {
  const struct {
    const char *why, *one, *other;
  } rows[] = {
      {"the same", "Romeo", "Romeo"},
      {"case", "Romeo", "rOMEO"},
      {"spaces at the ends", "Romeo", "  Romeo "},
      {"spaces between", "Friar Laurence", "friar   laurence"},
      {"another space", "Friar Laurence", "Friar\u3000Laurence"},
      {"no-break space", "Friar Laurence", "Friar\u00A0Laurence"},
      {"fullwidth", "Romeo", "\uFF32\uFF4F\uFF4D\uFF45\uFF4F"},
      {"ligature", "Offi", "O\uFB03"},
      {"composed and not", "Andr\u00E9", "Andre\u0301"},
      {"Cyrillic o", "Romeo", "R\u043Emeo"},
      {"all Cyrillic", "peace", "\u0440\u0435\u0430\u0441\u0435"},
      {"capital Cyrillic", "HECTOP", "\u041D\u0415\u0421\u0422\u041E\u0420"},
      {"Greek omicron", "Romeo", "Rome\u03BF"},
      {"zero", "Romeo", "R0meo"},
      {"zero and case", "ROMEO", "r0me0"},
      {"one", "Juliet", "Ju1iet"},
      {"I and l", "Iago", "lago"},
      {"rn", "Romeo", "Rorneo"},
      {"zero width joiner", "Romeo", "Ro\u200Dmeo"},
      {"soft hyphen", "Romeo", "Ro\u00ADmeo"},
      {"variation selector", "Romeo", "Romeo\uFE0F"},
      {"sharp s", "stra\u00DFe", "STRASSE"},
  };
  for (const auto& [why, one, other] : rows) EXPECT_TRUE(are_alike(one, other)) << why;
}

TEST(Nickname, OthersStayApart) {
  const struct {
    const char *one, *other;
  } rows[] = {
      {"Romeo", "Juliet"},
      {"Romeo", "Romeo2"},
      {"Romeo1", "Romeo2"},
      {"Nick1", "Nicki"},
      {"Friar Laurence", "FriarLaurence"},
      {"Andr\u00E9", "Andre"},
      {"\u30ED\u30DF\u30AA", "Romeo"},
      {"\u2764", "\u2665\u2665"},
      {"Anna", "Ana"},
      {"\u0414\u0430", "\u041D\u0435\u0442"},
  };
  for (const auto& [one, other] : rows) EXPECT_FALSE(are_alike(one, other)) << one << ' ' << other;
}

TEST(Nickname, NothingToSee) {
  for (const char* nothing : {"", " ", "\u3000", " \u00A0 ", "\u200D"})
    EXPECT_EQ(nickname_keys(nothing).folded, "") << nothing;
  EXPECT_NE(nickname_keys(".").folded, "");
}

}  // namespace
}  // namespace xmpp
