#include "xmpp/stanza.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "parse.h"
#include "xml/writer.h"
#include "xmpp/delay.h"
#include "xmpp/ns.h"
#include "xmpp/stanza_id.h"

namespace xmpp {
namespace {

Jid jid(std::string_view text) { return Jid::parse(text).value(); }
base::Result<StanzaRef, StanzaError> read(const std::string& text) { return Stanza::parse(parsed(text)); }
StanzaRef stanza(const std::string& text) { return read(text).value(); }

struct Row {
  const char* text;
  Kind kind;
  Type type;
};
class ValidStanza : public testing::TestWithParam<Row> {};
TEST_P(ValidStanza, IsReadWithKindAndType) {
  const auto got = read(GetParam().text);
  ASSERT_TRUE(got) << GetParam().text;
  EXPECT_EQ((*got)->kind(), GetParam().kind) << GetParam().text;
  EXPECT_EQ((*got)->type(), GetParam().type) << GetParam().text;
}
INSTANTIATE_TEST_SUITE_P(
    Rows, ValidStanza,
    testing::Values(Row{"<message xmlns='jabber:client'/>", Kind::message, Type::normal},
                    Row{"<message xmlns='jabber:server' type='chat'/>", Kind::message, Type::chat},
                    Row{"<message xmlns='jabber:client' type='groupchat'/>", Kind::message, Type::groupchat},
                    Row{"<message xmlns='jabber:client' type='headline'/>", Kind::message, Type::headline},
                    Row{"<message xmlns='jabber:client' type='error'/>", Kind::message, Type::error},
                    Row{"<message xmlns='jabber:client' type='normal'/>", Kind::message, Type::normal},
                    // RFC 6121 5.2.2: an unknown type is handled as normal, those of other kinds are unknown too.
                    Row{"<message xmlns='jabber:client' type='shout'/>", Kind::message, Type::normal},
                    Row{"<message xmlns='jabber:client' type='get'/>", Kind::message, Type::normal},
                    Row{"<message xmlns='jabber:client' type=''/>", Kind::message, Type::normal},
                    Row{"<presence xmlns='jabber:client'/>", Kind::presence, Type::available},
                    Row{"<presence xmlns='jabber:client' type='unavailable'/>", Kind::presence, Type::unavailable},
                    Row{"<presence xmlns='jabber:client' type='probe'/>", Kind::presence, Type::probe},
                    Row{"<presence xmlns='jabber:client' type='error'/>", Kind::presence, Type::error},
                    Row{"<iq xmlns='jabber:client' id='1' type='get'><q xmlns='u'/></iq>", Kind::iq, Type::get},
                    Row{"<iq xmlns='jabber:client' id='1' type='set'> <q xmlns='u'/>\n</iq>", Kind::iq, Type::set},
                    Row{"<iq xmlns='jabber:client' id='1' type='result'/>", Kind::iq, Type::result},
                    Row{"<iq xmlns='jabber:client' id='1' type='result'><q xmlns='u'/></iq>", Kind::iq, Type::result},
                    // RFC 6120 8.2.3: an error may echo the child beside <error/>.
                    Row{"<iq xmlns='jabber:client' id='1' type='error'><q xmlns='u'/><error/></iq>", Kind::iq,
                        Type::error}));

/// SECURITY C05, and what is no stanza at all.
class BadStanza : public testing::TestWithParam<const char*> {};
TEST_P(BadStanza, IsABadRequest) {
  const auto got = read(GetParam());
  ASSERT_FALSE(got) << GetParam();
  EXPECT_EQ(got.error().condition, Condition::bad_request) << GetParam();
}
INSTANTIATE_TEST_SUITE_P(
    Rows, BadStanza,
    testing::Values("<iq xmlns='jabber:client' type='get'><q xmlns='u'/></iq>",
                    "<iq xmlns='jabber:client' id='' type='get'><q xmlns='u'/></iq>",
                    "<iq xmlns='jabber:client' id='1'><q xmlns='u'/></iq>",
                    "<iq xmlns='jabber:client' id='1' type='get'/>",
                    "<iq xmlns='jabber:client' id='1' type='get'>text</iq>",
                    "<iq xmlns='jabber:client' id='1' type='set'><q xmlns='u'/><q xmlns='u'/></iq>",
                    "<iq xmlns='jabber:client' id='1' type='result'><q xmlns='u'/><q xmlns='u'/></iq>",
                    "<iq xmlns='jabber:client' id='1' type='chat'><q xmlns='u'/></iq>",
                    "<presence xmlns='jabber:client' type='available'/>", "<presence xmlns='jabber:client' type=''/>",
                    "<presence xmlns='jabber:client' type='get'/>", "<message xmlns='jabber:component:accept'/>",
                    "<message/>", "<note xmlns='jabber:client'/>"));

TEST(Stanza, KnowsItsParts) {
  const auto iq = stanza("<iq xmlns='jabber:client' id='7' type='get' xml:lang='it'> <q xmlns='urn:q'/></iq>");
  EXPECT_TRUE(iq->is_request());
  EXPECT_EQ(iq->id(), "7");
  EXPECT_EQ(iq->lang(), "it");
  EXPECT_TRUE(iq->payload()->is("urn:q", "q"));
  EXPECT_EQ(iq->child("urn:q", "q"), iq->payload());
  EXPECT_EQ(iq->child("urn:r", "q"), nullptr);
  EXPECT_FALSE(stanza("<iq xmlns='jabber:client' id='7' type='result'/>")->is_request());
}

std::string written(const Stanza& what, const Jid& from, const Jid& to, const Overlay& overlay = {},
                    std::string_view scope = ns::client) {
  std::string out;
  write(what, from, to, overlay, scope, out);
  return out;
}

TEST(StanzaWriting, AddressesAreThoseGivenNotThoseOfTheTree) {
  const auto message = stanza(
      "<message xmlns='jabber:client' from='mallory@evil.example' to='x' id='1' xml:lang='it' x:y='z' xmlns:x='urn:x'>"
      "<body>a &lt; b</body></message>");
  EXPECT_EQ(written(*message, jid("romeo@example.org/o"), jid("juliet@example.org")),
            "<message from='romeo@example.org/o' to='juliet@example.org' id='1' xml:lang='it'>"
            "<body>a &lt; b</body></message>");
  EXPECT_EQ(written(*message, {}, {}).substr(0, 17), "<message id='1' x");
}

TEST(StanzaWriting, TakesTheNamespaceOfItsStream) {
  const auto message = stanza("<message xmlns='jabber:client'><body>hi</body><x xmlns='urn:x'/></message>");
  EXPECT_EQ(written(*message, {}, {}, {}, ns::server), "<message><body>hi</body><x xmlns='urn:x'/></message>");
  EXPECT_EQ(written(*message, {}, {}, {}, "urn:other"),
            "<message xmlns='jabber:client'><body>hi</body><x xmlns='urn:x'/></message>");
}

TEST(StanzaWriting, AppliesTheOverlay) {
  const auto message =
      stanza("<message xmlns='jabber:client'><a xmlns='urn:a'/><b xmlns='urn:b'/>text<a xmlns='urn:a'/></message>");
  Overlay overlay;
  overlay.stripped.push_back(message->child("urn:a", "a"));
  overlay.added.push_back(make_stanza_id("5", jid("juliet@example.org")));
  EXPECT_EQ(written(*message, {}, {}, overlay),
            "<message><b xmlns='urn:b'/>text<a xmlns='urn:a'/>"
            "<stanza-id xmlns='urn:xmpp:sid:0' id='5' by='juliet@example.org'/></message>");
}

TEST(StanzaWriting, AnEmptyStanzaIsOneTag) {
  const auto presence = stanza("<presence xmlns='jabber:client'><a xmlns='urn:a'/></presence>");
  Overlay overlay;
  overlay.stripped.push_back(presence->child("urn:a", "a"));
  EXPECT_EQ(written(*presence, {}, {}, overlay), "<presence/>");
}

TEST(Materialise, GivesADocumentOfItsOwn) {
  xml::Document copy;
  {
    const auto message = stanza(
        "<message xmlns='jabber:client' from='mallory@evil.example' id='1' xml:lang='it'>"
        "<body>hi</body>text<a xmlns='urn:a'/></message>");
    Overlay overlay;
    overlay.stripped.push_back(message->child("urn:a", "a"));
    overlay.added.push_back(make_delay(jid("example.org"), {}));
    copy = materialise(*message, jid("romeo@example.org/o"), jid("juliet@example.org"), overlay);
  }
  EXPECT_EQ(xml::to_string(copy.root()),
            "<message xmlns='jabber:client' from='romeo@example.org/o' to='juliet@example.org' id='1' xml:lang='it'>"
            "<body>hi</body>text<delay xmlns='urn:xmpp:delay' from='example.org' stamp='1970-01-01T00:00:00.000000Z'/>"
            "</message>");
  EXPECT_TRUE(Stanza::parse(std::move(copy)));
}

TEST(StanzaMaking, AnErrorKeepsKindAndIdAndNoChild) {
  const auto iq = stanza("<iq xmlns='jabber:client' id='7' type='set'><q xmlns='urn:q'/></iq>");
  StanzaError error(Condition::conflict, "taken");
  error.app_ns = "urn:app";
  error.app_name = "twice";
  EXPECT_EQ(written(*make_error(*iq, error), {}, {}),
            "<iq type='error' id='7'><error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
            "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>taken</text>"
            "<twice xmlns='urn:app'/></error></iq>");
  const auto message = stanza("<message xmlns='jabber:server' type='chat'><body>hi</body></message>");
  EXPECT_EQ(written(*make_error(*message, Condition::gone), {}, {}),
            "<message type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
            "</message>");
}

TEST(StanzaMaking, ErrorsAnswerNoErrors) {
  EXPECT_TRUE(may_answer_with_error(*share(make_message(Type::chat))));
  EXPECT_TRUE(may_answer_with_error(*share(make_presence(Type::subscribe))));
  EXPECT_FALSE(may_answer_with_error(*share(make_message(Type::error))));
  EXPECT_FALSE(may_answer_with_error(*share(make_presence(Type::unavailable))));
  EXPECT_FALSE(may_answer_with_error(*share(make_iq(Type::result, "1"))));
}

TEST(StanzaMaking, DefaultTypesAreLeftOut) {
  EXPECT_EQ(written(*share(make_message(Type::normal, "m")), {}, {}), "<message id='m'/>");
  EXPECT_EQ(written(*share(make_message(Type::headline)), {}, {}), "<message type='headline'/>");
  EXPECT_EQ(written(*share(make_presence(Type::available)), {}, {}), "<presence/>");
  EXPECT_EQ(
      written(*share(make_result(*stanza("<iq xmlns='jabber:client' id='q' type='get'><a xmlns='u'/></iq>"))), {}, {}),
      "<iq type='result' id='q'/>");
}

TEST(Delay, NamesWhoAndWhyInUtc) {
  const base::WallTime stamp = std::chrono::sys_days(std::chrono::year(2002) / 9 / 10) + std::chrono::hours(23);
  EXPECT_EQ(xml::to_string(make_delay(jid("example.org"), stamp, "Offline Storage")->element.root()),
            "<delay xmlns='urn:xmpp:delay' from='example.org' stamp='2002-09-10T23:00:00.000000Z'>Offline Storage"
            "</delay>");
  EXPECT_EQ(xml::to_string(make_delay({}, stamp)->element.root()),
            "<delay xmlns='urn:xmpp:delay' stamp='2002-09-10T23:00:00.000000Z'/>");
}

TEST(StanzaId, OnesThatClaimToBeOursAreFoundInAnySpelling) {
  const auto message = stanza(
      "<message xmlns='jabber:client'>"
      "<stanza-id xmlns='urn:xmpp:sid:0' id='1' by='juliet@example.org'/>"
      "<stanza-id xmlns='urn:xmpp:sid:0' id='2' by='JULIET@Example.ORG.'/>"
      "<stanza-id xmlns='urn:xmpp:sid:0' id='3' by='room@muc.example.org'/>"
      "<stanza-id xmlns='urn:xmpp:sid:0' id='4' by='juliet@example.org/balcony'/>"
      "<stanza-id xmlns='urn:xmpp:sid:0' id='5'/><stanza-id xmlns='urn:xmpp:sid:0' id='6' by='@'/>"
      "<origin-id xmlns='urn:xmpp:sid:0' id='7'/><stanza-id xmlns='urn:o' by='juliet@example.org'/></message>");
  std::vector<std::string> ids;
  for (const xml::Element* forged : forged_stanza_ids(*message, jid("juliet@example.org"))) {
    ids.emplace_back(forged->attr("id"));
  }
  EXPECT_EQ(ids, (std::vector<std::string>{"1", "2"}));
}

}  // namespace
}  // namespace xmpp
