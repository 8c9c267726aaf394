// A stanza: an element tree that is a message, presence or iq, with the parts every handler asks for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "base/result.h"
#include "xml/element.h"
#include "xmpp/error.h"
#include "xmpp/jid.h"

namespace xmpp {

enum class Kind : std::uint8_t { message, presence, iq };
/// All types of all kinds; `parse` only ever pairs a kind with its own (RFC 6120 8.2.3, RFC 6121 4.7.1, 5.2.2).
enum class Type : std::uint8_t {
  // message
  normal,
  chat,
  groupchat,
  headline,
  // presence
  available,
  unavailable,
  subscribe,
  subscribed,
  unsubscribe,
  unsubscribed,
  probe,
  // iq
  get,
  set,
  result,
  // any
  error,
};

/// Immutable and shared. Addresses are not part of it: they belong to the router's Packet, which stamps `from`.
/// The tree's own to/from attributes are ignored by everything but the edge.
class Stanza final : public base::RefCounted {
 public:
  /// Checks kind, type, id and (iq) the single child: RFC 6120 8.1, 8.2.3. An unknown message type is `normal`
  /// (RFC 6121 5.2.2), an unknown presence or iq type is bad-request. What is refused stays with the caller.
  static base::Result<base::Ref<const Stanza>, StanzaError> parse(xml::Document&& element);

  Kind kind() const { return kind_; }
  Type type() const { return type_; }
  bool is_request() const { return type_ == Type::get || type_ == Type::set; }
  std::string_view id() const { return root().attr("id"); }
  std::string_view lang() const { return root().attr("lang", xml::kXmlNamespace); }
  const xml::Element& root() const { return document_.root(); }
  /// The single child of an iq get/set, or of a result that has one; null otherwise.
  const xml::Element* payload() const { return root().first_child(); }
  const xml::Element* child(std::string_view ns, std::string_view name) const { return root().child(ns, name); }
  std::size_t memory() const;
  /// The same in no more memory than it takes: for one that is kept long.
  base::Ref<const Stanza> compact() const;
  /// The same with its bytes made, so that write() needn't walk the tree: for one that goes to many. Itself if they
  /// are.
  base::Ref<const Stanza> serialised() const;
  /// What is written of it whoever it is for.
  struct Text {
    std::string attributes;  ///< without addresses, each behind a space
    std::string children;
  };
  /// Null unless serialised().
  const Text* text() const { return text_.get(); }
  /// What a message's children say, as bits that message.h reads; judged once, since many steps ask.
  std::uint16_t marks() const { return marks_; }

 private:
  Stanza(xml::Document document, Kind kind, Type type);

  // First, because they fit in what the count of references leaves of its word.
  Kind kind_;
  Type type_;
  std::uint16_t marks_ = 0;
  xml::Document document_;
  std::unique_ptr<const Text> text_;
};
using StanzaRef = base::Ref<const Stanza>;
static_assert(sizeof(Stanza) == 5 * sizeof(void*));

std::string_view to_string(Kind kind);
std::string_view to_string(Type type);

// ---- making stanzas (namespace jabber:client; addresses travel beside them) ----

/// `<iq type='result' id=…/>`; add a payload before sharing it.
xml::Document make_result(const Stanza& request);
/// The error answer to `request`: same kind and id, type error, RFC 6120 8.3.1 (its child is not echoed).
StanzaRef make_error(const Stanza& request, const StanzaError& error);
xml::Document make_message(Type type, std::string_view id = {});
xml::Document make_presence(Type type);
xml::Document make_iq(Type type, std::string_view id);
/// Shares a document that our own code built; aborts if it is no valid stanza.
StanzaRef share(xml::Document document);
/// May this stanza be answered with an error? Not errors, results, or presence unavailable.
bool may_answer_with_error(const Stanza& stanza);

struct Fragment;

/// What one delivery changes of a shared stanza, without touching it: children left out and children added.
/// Copied by value along the path; everything in it is immutable.
struct Overlay {
  std::vector<const xml::Element*> stripped;     ///< children of the stanza that are not written
  std::vector<base::Ref<const Fragment>> added;  ///< written after the stanza's own children
};

/// One element that deliveries share (stanza-id, delay, …).
struct Fragment final : base::RefCounted {
  explicit Fragment(xml::Document e) : element(std::move(e)) {}
  xml::Document element;
};
using FragmentRef = base::Ref<const Fragment>;

/// Appends the stanza as bytes with these addresses (empty ones are left out) in a stream whose
/// default namespace is `scope`.
void write(const Stanza& stanza, const Jid& from, const Jid& to, const Overlay& overlay, std::string_view scope,
           std::string& out);

/// A document of its own with addresses and overlay applied: for storing and forwarding (XEP-0297).
xml::Document materialise(const Stanza& stanza, const Jid& from, const Jid& to, const Overlay& overlay);

}  // namespace xmpp
