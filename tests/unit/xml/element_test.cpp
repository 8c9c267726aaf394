#include "xml/element.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "xml/stream_reader.h"
#include "xml/writer.h"

namespace xml {
namespace {

// Reading what was written must give the same bytes again: the canonical form is the writer's.
TEST(Writer, RoundTrips) {
  struct Case {
    const char* in;
    const char* out;
  };
  const std::vector<Case> cases = {
      {"<a/>", "<a/>"},
      {"<a></a>", "<a/>"},
      {"<a xmlns=\"u\"><b/><c xmlns='v'><d/></c>t</a>", "<a xmlns='u'><b/><c xmlns='v'><d/></c>t</a>"},
      {"<p:a xmlns:p='u'><b/></p:a>", "<a xmlns='u'><b xmlns=''/></a>"},
      {"<a xml:lang='de'/>", "<a xml:lang='de'/>"},
      {"<a xmlns:p='u' x='0' p:x='1' p:y='2'/>", "<a x='0' xmlns:ns1='u' ns1:x='1' ns1:y='2'/>"},
      {"<a b='&lt;&amp;&quot;&apos;&#9;&#10;&#13;>'/>", "<a b='&lt;&amp;\"&apos;&#9;&#10;&#13;&gt;'/>"},
      {"<a>&lt;&#13;\r\n]]&gt;<![CDATA[<&]]></a>", "<a>&lt;&#13;\n]]&gt;&lt;&amp;</a>"},
      {"<a xmlns='u'><xml:b><c/></xml:b></a>", "<a xmlns='u'><xml:b><c/></xml:b></a>"},
  };
  for (const Case& c : cases) {
    const auto once = parse_element(c.in);
    ASSERT_TRUE(once) << c.in;
    EXPECT_EQ(to_string(once->root()), c.out);
    const auto twice = parse_element(c.out);
    ASSERT_TRUE(twice) << c.out;
    EXPECT_EQ(to_string(twice->root()), c.out);
  }
}

TEST(Writer, DeclaresOnlyWhatDiffersFromTheScope) {
  const Document d("jabber:client", "message");
  EXPECT_EQ(to_string(d.root(), "jabber:client"), "<message/>");
  EXPECT_EQ(to_string(d.root(), "other"), "<message xmlns='jabber:client'/>");
  EXPECT_EQ(to_string(Document("", "x").root(), "other"), "<x xmlns=''/>");
}

TEST(Element, BuildsAndFinds) {
  Document d("u", "a");
  d.root().set_attr("x", "1").set_attr("x", "2").set_attr("lang", "de", kXmlNamespace).set_attr("y", "3");
  d.root().add_text_child("b", "text").add("c", "v").add("d");
  d.root().add_text("tail");
  const Element& a = d.root();
  EXPECT_EQ(a.attr("x"), "2");
  EXPECT_FALSE(a.find_attr("lang"));
  EXPECT_EQ(a.attr("lang", kXmlNamespace), "de");
  EXPECT_EQ(a.child_text("u", "b"), "text");
  EXPECT_EQ(a.child("u", "c"), nullptr);
  ASSERT_NE(a.child_in("v"), nullptr);
  EXPECT_EQ(a.child_in("v")->first_child()->ns(), "v");
  EXPECT_EQ(a.next_child(*a.first_child()), a.child("v", "c"));
  EXPECT_EQ(a.next_child(*a.child("v", "c")), nullptr);
  EXPECT_EQ(a.text(), "tail");
  d.root().remove_attr("y");
  d.root().set_attr("z", "4");
  EXPECT_EQ(to_string(a, "u"), "<a x='2' xml:lang='de' z='4'><b>text</b><c xmlns='v'><d/></c>tail</a>");
}

TEST(Document, MovesWithItsElementsInPlace) {
  Document d("u", "a");
  const Element* root = &d.root();
  Document moved = std::move(d);
  EXPECT_EQ(&moved.root(), root);
  EXPECT_TRUE(d.empty());  // NOLINT: the moved-from state is a promise
  d = std::move(moved);
  EXPECT_EQ(&d.root(), root);
  EXPECT_GT(d.memory(), 0U);
}

TEST(Document, CopiesDeepTreesWithoutRecursion) {
  Document deep("u", "a");
  Element* at = &deep.root();
  for (int i = 0; i < 20'000; ++i) at = &at->add("a").set_attr("n", std::to_string(i)).add_text("t");
  const std::string text = to_string(deep.root());
  Document other("v", "b");
  other.root().add_copy(deep.root());
  const Document copy = Document::copy_of(deep.root());
  deep = Document();
  EXPECT_EQ(to_string(*other.root().first_child()), text);
  EXPECT_EQ(to_string(copy.root()), text);
}

TEST(Element, MayReceiveACopyOfItsAncestor) {
  Document d("", "a");
  d.root().add("b").add_copy(d.root()).add_text("x");
  EXPECT_EQ(to_string(d.root()), "<a><b><a><b/>x</a></b></a>");
}

TEST(Document, ACompactCopyIsTheSameInLessMemory) {
  Document small("jabber:client", "presence");
  small.root().set_attr("id", "p1").add_text_child("show", "away").add_text_child("status", "gone fishing");
  const Document compact = small.compact_copy();
  EXPECT_EQ(to_string(compact.root()), to_string(small.root()));
  EXPECT_LT(compact.memory(), small.memory() / 2);

  Document large("jabber:client", "message");
  large.root().add_text_child("body", std::string(5000, 'x'));
  EXPECT_EQ(to_string(large.compact_copy().root()), to_string(large.root()));
}

TEST(Arena, AlignsAndHoldsPiecesOfAnySize) {
  Arena arena(64);
  std::vector<std::string_view> copies;
  for (std::size_t size = 0; size < 40'000; size = size * 2 + 1) {
    copies.push_back(arena.copy(std::string(size, 'x')));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.allocate(8, 8)) % 8, 0U);
  }
  for (const std::string_view copy : copies) EXPECT_EQ(copy, std::string(copy.size(), 'x'));
  EXPECT_GT(arena.reserved(), 40'000U);
}

}  // namespace
}  // namespace xml
