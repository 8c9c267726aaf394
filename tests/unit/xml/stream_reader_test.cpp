#include "xml/stream_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "xml/writer.h"

namespace xml {
namespace {

using Next = StreamSink::Next;

constexpr std::string_view kHeader =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='a.example' xml:lang='de' version='1.0'>";

struct Recorder final : StreamSink {
  Next on_header(const Element& header, std::string_view default_ns) override {
    seen.push_back("header " + std::string(default_ns) + " " + to_string(header));
    return next;
  }
  Next on_element(Document element) override {
    seen.push_back(to_string(element.root(), "jabber:client"));
    return next;
  }
  void on_end() override { seen.emplace_back("end"); }

  std::vector<std::string> seen;
  Next next = Next::go_on;
};

struct Stream {
  explicit Stream(const Limits& limits = {}) : reader(pool, limits) {}
  StreamReader::Fed feed(std::string_view bytes) { return reader.feed(bytes, sink); }
  ParserPool pool;
  Recorder sink;
  StreamReader reader;
};

std::string nested(std::size_t depth) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += "<a>";
  for (std::size_t i = 0; i < depth; ++i) text += "</a>";
  return text;
}

TEST(StreamReader, ReportsHeaderElementsAndEnd) {
  Stream s;
  const std::string bytes = std::string(kHeader) + "<iq id='1'><q xmlns='x'/></iq> \r\n<p/></stream:stream>";
  EXPECT_EQ(s.feed(bytes).consumed, bytes.size());
  ASSERT_EQ(s.sink.seen.size(), 4U);
  EXPECT_EQ(s.sink.seen[0],
            "header jabber:client <stream xmlns='http://etherx.jabber.org/streams' to='a.example' xml:lang='de' "
            "version='1.0'/>");
  EXPECT_EQ(s.sink.seen[1], "<iq id='1'><q xmlns='x'/></iq>");
  EXPECT_EQ(s.sink.seen[2], "<p/>");
  EXPECT_EQ(s.sink.seen[3], "end");
  EXPECT_EQ(s.pool.idle_parsers(), 0U);
}

// SECURITY X09, X11
TEST(StreamReader, AnySplitGivesTheSameAsOnePiece) {
  const std::string bytes = std::string(kHeader) +
                            "<message><body>\xC3\xA4\xF0\x9F\x98\x80 a&amp;b&#13;\r\nc<![CDATA[<x>&]]>]]&gt;</body>"
                            "<stream:x stream:y='1'/></message>\r<p a='&#10;'/>\n</stream:stream>";
  Stream whole;
  EXPECT_EQ(whole.feed(bytes).fault, Fault::none);
  EXPECT_EQ(whole.sink.seen.size(), 4U);
  Stream dribble;
  for (const char c : bytes) ASSERT_EQ(dribble.feed({&c, 1}).fault, Fault::none);
  EXPECT_EQ(dribble.sink.seen, whole.sink.seen);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Stream halves;
    halves.feed(std::string_view(bytes).substr(0, cut));
    halves.feed(std::string_view(bytes).substr(cut));
    ASSERT_EQ(halves.sink.seen, whole.sink.seen) << cut;
  }
}

// A complete element is reported with its last byte, not with the next one.
TEST(StreamReader, ReportsAnElementAtItsLastByte) {
  const std::string_view stanza = "<message to='b'><body>hello</body></message>";
  for (std::size_t cut = 1; cut < stanza.size(); ++cut) {
    Stream s;
    s.feed(kHeader);
    s.feed(stanza.substr(0, cut));
    EXPECT_EQ(s.reader.pending_bytes(), cut);
    EXPECT_FALSE(s.reader.at_boundary());
    s.feed(stanza.substr(cut));
    ASSERT_EQ(s.sink.seen.size(), 2U) << cut;
    EXPECT_TRUE(s.reader.at_boundary());
  }
}

struct Bad {
  const char* what;
  std::string bytes;  // after the header, or the whole stream
  Fault fault;
  bool from_start = false;
};

std::vector<Bad> bad_streams() {
  using enum Fault;
  const std::string root = "<s xmlns='x'>";
  return {
      {"comment", "<!-- c -->", restricted_xml},
      {"comment inside", "<a><!-- c --></a>", restricted_xml},
      {"instruction", "<?php x?>", restricted_xml},
      {"instruction inside", "<a><?php x?></a>", restricted_xml},
      {"entity reference", "<a>&foo;</a>", restricted_xml},
      {"doctype", "<!DOCTYPE s><s/>", restricted_xml, true},
      {"comment first", "<!-- c -->" + root, restricted_xml, true},
      {"instruction first", "<?x y?>" + root, restricted_xml, true},
      {"nested entities", "<!DOCTYPE s [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><s>&b;</s>", restricted_xml, true},
      {"external", "<!DOCTYPE s SYSTEM 'file:///etc/passwd'><s/>", restricted_xml, true},
      {"parameter entity", "<!DOCTYPE s [<!ENTITY % p SYSTEM 'file:///x'> %p;]><s/>", restricted_xml, true},
      {"bad utf-8", "<a>\xC3(</a>", not_well_formed},
      {"overlong", "<a>\xC0\x80</a>", not_well_formed},
      {"surrogate", "<a>\xED\xA0\x80</a>", not_well_formed},
      {"NUL", std::string("<a>\0</a>", 8), not_well_formed},
      {"U+FFFE", "<a>\xEF\xBF\xBE</a>", not_well_formed},
      {"control reference", "<a>&#1;</a>", not_well_formed},
      {"utf-16 big mark", std::string("\xFE\xFF\0<", 4), unsupported_encoding, true},
      {"utf-16 little mark", std::string("\xFF\xFE<\0", 4), unsupported_encoding, true},
      {"utf-16 big", std::string("\0<\0s", 4), unsupported_encoding, true},
      {"utf-16 little", std::string("<\0s\0", 4), unsupported_encoding, true},
      {"latin-1", "<?xml version='1.0' encoding='ISO-8859-1'?>" + root, unsupported_encoding, true},
      {"utf-16 declared", "<?xml version='1.0' encoding='UTF-16'?>" + root, unsupported_encoding, true},
      {"unbound prefix", "<x:a/>", bad_namespace_prefix},
      {"unbound attribute", "<a x:b='1'/>", bad_namespace_prefix},
      {"xmlns:xmlns", "<a xmlns:xmlns='u'/>", bad_namespace_prefix},
      {"duplicate", "<a b='1' b='2'/>", not_well_formed},
      {"duplicate expanded", "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", not_well_formed},
      {"text between stanzas", "<a/>x<a/>", not_well_formed},
      {"cdata between stanzas", "<![CDATA[ ]]><a/>", not_well_formed},
      {"bare ]]>", "<a>]]></a>", not_well_formed},
      {"wrong end", "<a></b>", not_well_formed},
      {"wrong stream end", "</s>", not_well_formed},
      {"deep", nested(20'000), too_big},
      {"one too deep", nested(65), too_big},
      {"endless name", "<" + std::string(20'000, 'a'), too_big},
      {"endless text", "<a>" + std::string(20'000, 'a'), too_big},
      {"endless comment", "<!--" + std::string(20'000, 'a'), too_big},
      {"one byte too many", "<a>" + std::string(16 * 1024 - 6, 'a') + "</a>", too_big},
      {"endless header", "<" + std::string(20'000, 'a'), too_big, true},
  };
}

TEST(StreamReader, RefusesWhatIsBad) {
  for (const Bad& bad : bad_streams()) {
    for (const bool dribble : {false, true}) {
      SCOPED_TRACE(std::string(bad.what) + (dribble ? " byte by byte" : ""));
      Stream s;
      if (!bad.from_start) s.feed(kHeader);
      Fault fault = Fault::none;
      const std::string_view bytes = bad.bytes;
      const std::size_t step = dribble ? 1 : bytes.size();
      for (std::size_t at = 0; at < bytes.size() && fault == Fault::none; at += step) {
        fault = s.feed(bytes.substr(at, step)).fault;
      }
      EXPECT_EQ(static_cast<int>(fault), static_cast<int>(bad.fault));
      EXPECT_EQ(s.feed("<a/>").fault, bad.fault) << "dead after a fault";
      EXPECT_EQ(s.pool.idle_parsers(), 0U);
    }
  }
}

TEST(StreamReader, CountsAttributesNamespacesAndElements) {
  std::string attributes = "<a";
  std::string namespaces = "<a";
  std::string elements = "<a>";
  for (int i = 0; i < 4; ++i) {
    const std::string n = std::to_string(i);
    attributes += " a" + n + "=''";
    namespaces += " xmlns:a" + n + "='u'";
    elements += "<b/>";
  }
  const Limits exact{.max_attributes = 4, .max_namespaces = 4, .max_elements = 5};
  const Limits less{.max_attributes = 3, .max_namespaces = 3, .max_elements = 4};
  for (const std::string& text : {attributes + "/>", namespaces + "/>", elements + "</a>"}) {
    Stream fits;
    fits.feed(kHeader);
    fits.reader.set_limits(exact);
    EXPECT_EQ(fits.feed(text + text).fault, Fault::none) << text;
    Stream tight;
    tight.feed(kHeader);
    tight.reader.set_limits(less);
    EXPECT_EQ(tight.feed(text).fault, Fault::too_big) << text;
  }
}

TEST(StreamReader, SpaceBetweenStanzasIsNotCounted) {
  Stream s;
  s.feed(kHeader);
  EXPECT_EQ(s.feed(std::string(100'000, ' ') + "<a/>" + std::string(100'000, '\n') + "<a/>\r").fault, Fault::none);
  EXPECT_EQ(s.sink.seen.size(), 3U);
  EXPECT_TRUE(s.reader.at_boundary());
}

TEST(StreamReader, LendsParsers) {
  ParserPool pool;
  Recorder sink;
  StreamReader a(pool, {});
  StreamReader b(pool, {});
  a.feed(kHeader, sink);
  EXPECT_EQ(pool.idle_parsers(), 1U);
  a.feed("<a", sink);
  EXPECT_EQ(pool.idle_parsers(), 0U);
  b.feed(kHeader, sink);
  b.feed("<b", sink);
  a.feed("/>", sink);
  b.feed("/>", sink);
  EXPECT_EQ(pool.idle_parsers(), 2U);
  for (int i = 0; i < 100; ++i) a.feed("<a/>", sink);
  EXPECT_EQ(pool.idle_parsers(), 2U);
  a.feed("</stream:stream>", sink);
  EXPECT_EQ(pool.idle_parsers(), 1U);
  EXPECT_EQ(b.feed("</b>", sink).fault, Fault::not_well_formed);
  EXPECT_EQ(pool.idle_parsers(), 0U);
}

TEST(StreamReader, KeepsParsersOfEightHeadersAndServesTheRest) {
  ParserPool pool;
  Recorder sink;
  for (int i = 0; i < 8; ++i) {
    StreamReader r(pool, {});
    EXPECT_EQ(r.feed("<s xmlns:p='u" + std::to_string(i) + "&amp;'>", sink).fault, Fault::none);
  }
  StreamReader odd(pool, {});
  odd.feed("<o:s xmlns:o='odd&amp;&apos;' xmlns=''>", sink);
  EXPECT_EQ(pool.idle_parsers(), 8U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(odd.feed("<o:x/>", sink).fault, Fault::none);
  EXPECT_EQ(pool.idle_parsers(), 8U);
  EXPECT_EQ(sink.seen.back(), "<x xmlns='odd&amp;&apos;'/>");
}

TEST(StreamReader, WornParsersAreLeftBehind) {
  ParserPool pool;
  Recorder sink;
  StreamReader r(pool, {.max_bytes = 256 * 1024});
  r.feed(kHeader, sink);
  r.feed("<a b='" + std::string(100'000, 'x') + "'/>", sink);
  EXPECT_EQ(pool.idle_parsers(), 0U);
  r.feed("<", sink);
  for (int i = 0; i < 2'000; ++i) {  // fresh names, and never a boundary
    const std::string n = std::to_string(i);
    ASSERT_EQ(r.feed("n" + n + " a" + n + "=''/><", sink).fault, Fault::none);
  }
  EXPECT_EQ(sink.seen.size(), 2'002U);
  EXPECT_EQ(pool.idle_parsers(), 0U);
}

TEST(StreamReader, PauseStopsAtTheElement) {
  const std::string rest = " <b/></stream:stream>";
  for (const std::string first : {"<a/>", "<a>x</a>", "<a><c/></a>"}) {
    Stream s;
    s.sink.next = Next::pause;
    const std::string bytes = std::string(kHeader) + first + rest;
    std::string_view left = bytes;
    auto fed = s.feed(left);
    EXPECT_EQ(fed.consumed, kHeader.size());
    left.remove_prefix(fed.consumed);
    fed = s.feed(left);
    EXPECT_EQ(fed.consumed, first.size());
    EXPECT_TRUE(s.reader.at_boundary());
    EXPECT_EQ(s.pool.idle_parsers(), 0U);
    left.remove_prefix(fed.consumed);
    s.sink.next = Next::go_on;
    EXPECT_EQ(s.feed(left).consumed, left.size());
    ASSERT_EQ(s.sink.seen.size(), 4U);
    EXPECT_EQ(s.sink.seen[2], "<b/>");
    EXPECT_EQ(s.sink.seen[3], "end");
  }
}

TEST(StreamReader, RestartBeginsAHeader) {
  Stream s;
  s.feed(kHeader);
  s.feed("<half");
  s.reader.restart();
  EXPECT_TRUE(s.reader.at_boundary());
  s.feed("\n" + std::string(kHeader) + "<a/>");
  ASSERT_EQ(s.sink.seen.size(), 3U);
  EXPECT_EQ(s.sink.seen[0], s.sink.seen[1]);
}

struct Restarter final : StreamSink {
  Next on_header(const Element&, std::string_view) override {
    ++headers;
    return Next::go_on;
  }
  Next on_element(Document) override {
    reader->restart();
    return Next::go_on;
  }
  void on_end() override {}
  StreamReader* reader = nullptr;
  int headers = 0;
};

TEST(StreamReader, MayBeRestartedByTheSink) {
  ParserPool pool;
  StreamReader reader(pool, {});
  Restarter sink;
  sink.reader = &reader;
  const std::string once = std::string(kHeader) + "<auth/>";
  EXPECT_EQ(reader.feed(once + once + std::string(kHeader), sink).fault, Fault::none);
  EXPECT_EQ(sink.headers, 3);
}

TEST(StreamReader, MovesToAnotherPool) {
  Stream s;
  ParserPool other;
  s.feed(kHeader);
  s.reader.move_to(other);
  s.feed("<a/><stream:b/>");
  EXPECT_EQ(s.pool.idle_parsers(), 1U);
  EXPECT_EQ(other.idle_parsers(), 1U);
  EXPECT_EQ(s.sink.seen.size(), 3U);
}

TEST(ParseElement, TakesExactlyOne) {
  EXPECT_TRUE(parse_element(" <a xmlns='x'><b/></a>\n"));
  for (const char* bad : {"", "<a/><b/>", "<a>", "<a/></s>", "x", "<a/><!-- -->", "<p:a/>", "<a/></s><a/>"}) {
    EXPECT_FALSE(parse_element(bad)) << bad;
  }
  EXPECT_FALSE(parse_element("<a>12345678</a>", {.max_bytes = 14}));
  EXPECT_TRUE(parse_element("<a>12345678</a>", {.max_bytes = 15}));
}

}  // namespace
}  // namespace xml
