#include <gtest/gtest.h>

#include "xml/stream_reader.h"
#include "xml/writer.h"

namespace xml {
namespace {

TEST(ReplaceNs, EverywhereAndNothingElse) {
  auto document = parse_element(
      "<m xmlns='a' x='1'>t<b/><c xmlns='other'><d xmlns='a'><e/></d><f/></c><g><h xmlns='other'/></g>u</m>");
  ASSERT_TRUE(document);
  document->replace_ns("a", "b");
  EXPECT_EQ(to_string(document->root()),
            "<m xmlns='b' x='1'>t<b/><c xmlns='other'><d xmlns='b'><e/></d><f/></c><g><h xmlns='other'/></g>u</m>");
}

TEST(ReplaceNs, LeafAndForeignRoot) {
  auto leaf = parse_element("<m xmlns='a'/>");
  leaf->replace_ns("a", "b");
  EXPECT_EQ(to_string(leaf->root()), "<m xmlns='b'/>");
  auto foreign = parse_element("<m xmlns='c'><n xmlns='a'/></m>");
  foreign->replace_ns("a", "b");
  EXPECT_EQ(to_string(foreign->root()), "<m xmlns='c'><n xmlns='b'/></m>");
}

}  // namespace
}  // namespace xml
