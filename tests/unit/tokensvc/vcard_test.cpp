// What a meeting shows of somebody's vCard.
#include "tokensvc/vcard.h"

#include <gtest/gtest.h>

namespace tokensvc {
namespace {

Person read(const std::string& inside) { return read_vcard("<vCard xmlns='vcard-temp'>" + inside + "</vCard>"); }

TEST(Vcard, Name) {
  struct Case {
    std::string inside, name;
  };
  const Case cases[] = {
      {"<FN>Romeo Montague</FN><NICKNAME>Rom</NICKNAME>", "Rom"},
      {"<FN>Romeo Montague</FN><NICKNAME/>", "Romeo Montague"},
      {"<NICKNAME>\n  Rom\t</NICKNAME>", "Rom"},
      {"<NICKNAME>two\nlines</NICKNAME><FN>Romeo</FN>", "Romeo"},
      {"<NICKNAME>  </NICKNAME>", ""},
      {"", ""},
      {"<FN xmlns='urn:other'>Romeo</FN>", ""},
      {"<FN>" + std::string(200, 'x') + "</FN>", std::string(128, 'x')},
      {"<FN>ä" + std::string(126, 'x') + "öü</FN>", "ä" + std::string(126, 'x') + "ö"},
  };
  for (const auto& [inside, name] : cases) EXPECT_EQ(read(inside).name, name) << inside;
}

TEST(Vcard, Avatar) {
  struct Case {
    std::string photo;
    bool taken;
  };
  const Case cases[] = {
      {"https://example.org/romeo.png", true},
      {" http://example.org/romeo.png\n", true},
      {"data:image/png;base64,AAAA", false},
      {"javascript:alert(1)", false},
      {"https://example.org/a b", false},
      {"https://example.org/a\nb", false},
      {"https://example.org/&quot;onerror=", false},
      {"https://example.org/" + std::string(2048, 'x'), false},
      {"", false},
  };
  for (const auto& [photo, taken] : cases)
    EXPECT_EQ(!read("<PHOTO><EXTVAL>" + photo + "</EXTVAL></PHOTO>").avatar.empty(), taken) << photo;
  EXPECT_EQ(read("<PHOTO><TYPE>image/png</TYPE><BINVAL>AAAA</BINVAL></PHOTO>").avatar, "");
}

TEST(Vcard, DamagedIsNone) {
  for (const char* text : {"", "<vCard", "no xml", "<FN>Romeo</FN>"}) EXPECT_EQ(read_vcard(text).name, "") << text;
}

}  // namespace
}  // namespace tokensvc
