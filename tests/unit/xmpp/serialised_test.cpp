// What write() makes of a stanza with its text must be what it makes of the tree, byte by byte.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "parse.h"
#include "xmpp/delay.h"
#include "xmpp/message.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"
#include "xmpp/stanza_id.h"

namespace xmpp {
namespace {

Jid jid(std::string_view text) { return Jid::parse(text).value(); }

std::string written(const Stanza& stanza, const Jid& from, const Jid& to, const Overlay& overlay,
                    std::string_view scope) {
  std::string out = "before";
  write(stanza, from, to, overlay, scope, out);
  return out;
}

/// Draws trees of what stanzas are made of, with everything that is escaped, declared or left out.
class Drawn {
 public:
  explicit Drawn(std::uint64_t seed) : dice_(seed) {}

  StanzaRef stanza() {
    static constexpr std::array kRoots{"message", "presence"};
    xml::Document document(draw(4) == 0 ? ns::server : ns::client, kRoots.at(draw(2)));
    fill(document.root(), 0);
    document.root().remove_attr("type");
    return share(std::move(document));
  }
  /// The same for both: strips the children of those places, adds up to two.
  std::vector<Overlay> overlays(const Stanza& a, const Stanza& b) {
    std::vector<Overlay> both(2);
    if (draw(2) == 0) both[0].added.push_back(make_stanza_id("5", jid("room@conference.example.org")));
    if (draw(3) == 0) both[0].added.push_back(make_delay(jid("example.org"), {}, "a<b"));
    both[1] = both[0];
    const xml::Element* other = b.root().first_child();
    const bool strips = draw(3) == 0;
    for (const xml::Element& child : xml::children(a.root())) {
      if (strips && draw(2) == 0) {
        both[0].stripped.push_back(&child);
        both[1].stripped.push_back(other);
      }
      other = b.root().next_child(*other);
    }
    return both;
  }
  std::size_t draw(std::size_t below) { return dice_() % below; }

 private:
  std::string text() {
    static constexpr std::array kPieces{"a",  "<",  ">",   "&", "'",  "\"",         "\r",
                                        "\n", "\t", "]]>", "è", "🏛", "plain words"};
    std::string made;
    for (std::size_t i = draw(6); i > 0; --i) made += kPieces.at(draw(kPieces.size()));
    return made;
  }
  void attribute(xml::Element& element) {
    static constexpr std::array kNames{"from", "to", "id", "lang", "xmlns-like", "type"};
    static constexpr std::array<std::string_view, 4> kSpaces{"", xml::kXmlNamespace, "urn:x", "urn:y'&"};
    element.set_attr(kNames.at(draw(kNames.size())), text(), draw(2) == 0 ? "" : kSpaces.at(draw(kSpaces.size())));
  }
  void fill(xml::Element& element, int depth) {
    static constexpr std::array<std::string_view, 5> kSpaces{"", ns::client, ns::server, "urn:x", xml::kXmlNamespace};
    for (std::size_t i = draw(4); i > 0; --i) attribute(element);
    for (std::size_t i = depth < 4 ? draw(4) : 0; i > 0; --i) {
      if (draw(3) == 0) {
        element.add_text(text());
      } else {
        fill(element.add("child" + std::to_string(draw(3)), kSpaces.at(draw(kSpaces.size()))), depth + 1);
      }
    }
  }

  std::mt19937_64 dice_;
};

TEST(Serialised, IsWrittenAsTheTreeIs) {
  const std::vector<Jid> addresses{{}, jid("romeo@example.org/o'rchard"), jid("juliet@example.org")};
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    Drawn drawn(seed);
    const StanzaRef tree = drawn.stanza(), text = tree->serialised();
    const auto overlays = drawn.overlays(*tree, *text);
    const Jid &from = addresses.at(drawn.draw(3)), &to = addresses.at(drawn.draw(3));
    for (const std::string_view scope : {ns::client, ns::server, std::string_view("urn:other"), std::string_view()}) {
      ASSERT_EQ(written(*text, from, to, overlays[1], scope), written(*tree, from, to, overlays[0], scope))
          << "seed " << seed << ", scope " << scope;
    }
  }
}

TEST(Serialised, EveryKindIsWrittenAsTheTreeIs) {
  for (const char* of : {
           "<message xmlns='jabber:client'/>",
           "<message xmlns='jabber:server' from='mallory@evil.example' to='x'/>",
           "<message xmlns='jabber:client' type='groupchat' id='1' xml:lang='it' x:y='z' xmlns:x='urn:x'>"
           "<body xml:lang='it'>a &lt; b</body><p:x xmlns:p='urn:p' p:a='1'><p:y/></p:x> text </message>",
           "<presence xmlns='jabber:client'><x xmlns='http://jabber.org/protocol/muc#user'><item/></x></presence>",
           "<iq xmlns='jabber:client' id='&apos;' type='get'><q xmlns='urn:q'/></iq>",
           "<iq xmlns='jabber:client' id='1' type='result'/>",
       }) {
    const StanzaRef tree = Stanza::parse(parsed(of)).value(), text = tree->serialised();
    EXPECT_EQ(written(*text, jid("a@example.org"), {}, {}, ns::client),
              written(*tree, jid("a@example.org"), {}, {}, ns::client));
  }
}

TEST(Serialised, IsTheSameStanza) {
  const StanzaRef plain = Stanza::parse(parsed("<message xmlns='jabber:client' type='groupchat' id='1'>"
                                               "<body>hi</body></message>"))
                              .value();
  const StanzaRef made = plain->serialised();
  EXPECT_EQ(made->kind(), Kind::message);
  EXPECT_EQ(made->type(), Type::groupchat);
  EXPECT_EQ(made->id(), "1");
  EXPECT_EQ(made->marks(), plain->marks());
  EXPECT_TRUE(has_body(*made));
  EXPECT_EQ(plain->text(), nullptr) << "what others hold doesn't change";
  EXPECT_EQ(made->serialised(), made) << "made once";
  EXPECT_GT(made->memory(), plain->compact()->memory()) << "the text counts";
  EXPECT_EQ(made->compact()->text(), nullptr) << "what is kept long is kept without";
}

}  // namespace
}  // namespace xmpp
