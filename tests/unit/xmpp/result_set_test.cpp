#include "xmpp/result_set.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "parse.h"
#include "xml/writer.h"

namespace xmpp {
namespace {

base::Result<PageRequest, StanzaError> read(const std::string& inside) {
  return PageRequest::parse(parsed("<set xmlns='http://jabber.org/protocol/rsm'>" + inside + "</set>").root());
}

TEST(PageRequest, ReadsEachWayToAsk) {
  EXPECT_EQ(read("")->max, std::nullopt);
  EXPECT_EQ(read("<max>10</max>")->max, 10u);
  EXPECT_EQ(read("<max>0</max>")->max, 0u);
  EXPECT_EQ(read("<max>1</max><after>a</after>")->after, "a");
  EXPECT_EQ(read("<before>b</before>")->before, "b");
  EXPECT_EQ(read("<before/>")->before, "");
  EXPECT_EQ(read("<max>5</max><index>371</index>")->index, 371u);
}

TEST(PageRequest, CapsWhatNoPageCanHold) {
  EXPECT_EQ(read("<max>99999999999999999999999</max>")->max, std::numeric_limits<std::uint32_t>::max());
}

TEST(PageRequest, RefusesWhatSaysNothing) {
  for (const char* bad :
       {"<max>-1</max>", "<max>ten</max>", "<max/>", "<max> 1</max>", "<max>1.5</max>", "<index>x</index>", "<after/>",
        "<after>a</after><before>b</before>", "<before/><index>1</index>"}) {
    const auto request = read(bad);
    ASSERT_FALSE(request) << bad;
    EXPECT_EQ(request.error().condition, Condition::bad_request) << bad;
  }
}

std::string written(const PageAnswer& answer) {
  xml::Document fin("urn:f", "fin");
  add_page_answer(fin.root(), answer);
  return xml::to_string(*fin.root().first_child());
}

TEST(PageAnswer, IsWritten) {
  EXPECT_EQ(written({.first = "a", .last = "b", .first_index = 10, .count = 800}),
            "<set xmlns='http://jabber.org/protocol/rsm'><first index='10'>a</first><last>b</last>"
            "<count>800</count></set>");
  EXPECT_EQ(written({.count = 790}), "<set xmlns='http://jabber.org/protocol/rsm'><count>790</count></set>");
  EXPECT_EQ(written({}), "<set xmlns='http://jabber.org/protocol/rsm'/>");
}

}  // namespace
}  // namespace xmpp
