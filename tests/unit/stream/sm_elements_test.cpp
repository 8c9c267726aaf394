#include "stream/sm_elements.h"

#include <gtest/gtest.h>

#include "xml/writer.h"

namespace stream {
namespace {

xml::Document parsed(const std::string& text) { return *xml::parse_element(text); }
std::string written(const xml::Document& document) { return xml::to_string(document.root()); }

TEST(SmElements, Enable) {
  const struct {
    const char* attributes;
    bool resume;
    std::optional<std::uint32_t> max;
  } table[] = {
      {"", false, {}},
      {"resume='true'", true, {}},
      {"resume='1' max='300'", true, 300U},
      {"resume='false' max='x'", false, {}},
      {"resume='yes' max='4294967296'", false, {}},
  };
  for (const auto& row : table) {
    const auto request = read_enable(parsed("<enable " + std::string(row.attributes) + "/>").root());
    EXPECT_EQ(request.resume, row.resume) << row.attributes;
    EXPECT_EQ(request.max, row.max) << row.attributes;
  }
}

TEST(SmElements, Enabled) {
  EXPECT_EQ(written(make_enabled({})), "<enabled xmlns='urn:xmpp:sm:3'/>");
  EXPECT_EQ(written(make_enabled({.id = "x"})), "<enabled xmlns='urn:xmpp:sm:3' id='x' resume='true'/>");
  EXPECT_EQ(written(make_enabled({.id = "x", .max = 600})),
            "<enabled xmlns='urn:xmpp:sm:3' id='x' resume='true' max='600'/>");
}

TEST(SmElements, Resume) {
  const auto good = read_resume(parsed("<resume previd='x' h='4294967295'/>").root());
  ASSERT_TRUE(good);
  EXPECT_EQ(good->previd, "x");
  EXPECT_EQ(good->h, 4294967295U);
  for (const char* bad : {"<resume/>", "<resume h='1'/>", "<resume previd='' h='1'/>", "<resume previd='x'/>",
                          "<resume previd='x' h='4294967296'/>", "<resume previd='x' h='one'/>"}) {
    EXPECT_EQ(read_resume(parsed(bad).root()).error(), xmpp::Condition::bad_request) << bad;
  }
  const auto endless = parsed("<resume h='1' previd='" + std::string(4001, 'x') + "'/>");
  EXPECT_EQ(read_resume(endless.root()).error(), xmpp::Condition::item_not_found);
}

TEST(SmElements, ResumedAndFailed) {
  EXPECT_EQ(written(make_resumed("x", 7)), "<resumed xmlns='urn:xmpp:sm:3' previd='x' h='7'/>");
  const std::string condition = "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
  EXPECT_EQ(written(make_failed(xmpp::Condition::item_not_found)), "<failed xmlns='urn:xmpp:sm:3'>" + condition);
  EXPECT_EQ(written(make_failed(xmpp::Condition::item_not_found, 0)),
            "<failed xmlns='urn:xmpp:sm:3' h='0'>" + condition);
}

}  // namespace
}  // namespace stream
