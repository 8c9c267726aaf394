#include "muc/retraction.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "muc/archive.h"
#include "muc/ns.h"
#include "muc/room.h"
#include "muc/service.h"
#include "store/unit.h"
#include "xmpp/archive_id.h"
#include "xmpp/stanza_id.h"
#include "xmpp/stored.h"
#include "xmpp/timestamp.h"
#include "xmpp/upload_mentions.h"

namespace muc {
namespace {

using xmpp::Condition;

constexpr router::Xep kRetraction{424, "0.4.2", "Message Retraction"};
constexpr router::Xep kModeration{425, "0.3.0", "Moderated Message Retraction"};
constexpr std::string_view kTombstones = "urn:xmpp:message-retract:1#tombstone";
constexpr std::size_t kLongestReason = 1024;
constexpr std::size_t kIdBytes = 12;

/// One message to be retracted.
struct Wish {
  std::string room;                                          ///< whose archive has it
  std::int64_t behind = 0;                                   ///< what has an id up to this one is an earlier room's
  std::int64_t id = 0;                                       ///< given by the room
  std::string author;                                        ///< its occupant id; empty: whoever said it
  std::function<std::string(const xmpp::Jid&)> occupant_id;  ///< of an account in that room
  bool must_exist = true;                                    ///< else there is nothing to be done
  xmpp::FragmentRef mark;                                    ///< `<retracted/>`, for the tombstone
};

Wish make_wish(const Room& room, std::int64_t id) {
  return {.room = std::string(room.address().str()),
          .behind = room.archive_from() - 1,
          .id = id,
          .author = {},
          .occupant_id = room.environment().points.occupant_ids(room),
          .mark = {}};
}

xml::Document make_mark(std::string_view retraction_id, base::WallTime now) {
  xml::Document mark(ns::retract, "retracted");
  if (!retraction_id.empty()) mark.root().set_attr("id", retraction_id);
  mark.root().set_attr("stamp", xmpp::format_timestamp(now));
  return mark;
}

/// 4: what is left of a message, so that clients can tell which it was and whose.
xml::Document make_tombstone(const xml::Element& message, const xml::Element& mark) {
  xml::Document tombstone = xmpp::make_message(xmpp::Type::groupchat, message.attr("id"));
  if (const xml::Element* author = message.child(ns::occupant_id, "occupant-id")) tombstone.root().add_copy(*author);
  tombstone.root().add_copy(mark);
  return tombstone;
}

Refusal judge(const xml::Element& message, const Wish& wish) {
  const xml::Element* author = message.child(ns::occupant_id, "occupant-id");
  // 5: a retraction is only its author's, whom an occupant id tells from others under any nickname.
  if (!wish.author.empty() && (author == nullptr || author->attr("id") != wish.author))
    return xmpp::StanzaError(Condition::forbidden, "somebody else has said that");
  if (message.child(ns::retract, "retracted") != nullptr)
    return xmpp::StanzaError(Condition::item_not_found, "it has been retracted already");
  // Who was away has yet to learn of it.
  if (message.child(ns::retract, "retract") != nullptr)
    return xmpp::StanzaError(Condition::not_allowed, "a retraction stays");
  return std::nullopt;
}

/// The files that the message spoke of go with it, if they are its author's: who quotes an address takes nothing away.
base::Result<void> withdraw_files(store::Reader& reader, store::Unit& rows, const xml::Element& message,
                                  const Wish& wish) {
  const xml::Element* author = message.child(ns::occupant_id, "occupant-id");
  if (author == nullptr) return {};
  for (const std::string& id : xmpp::mentioned_uploads(message)) {
    const auto upload = reader.upload(id);
    if (!upload) return std::unexpected(upload.error());
    if (!*upload) continue;
    const auto owner = xmpp::Jid::parse((*upload)->owner);
    if (owner && wish.occupant_id(*owner) == author->attr("id")) rows.add(store::UploadWithdraw{id, (*upload)->owner});
  }
  return {};
}

/// Puts a tombstone in the place of the message. Away from the shard.
base::Result<Refusal> bury(store::Reader& reader, store::Unit& rows, const Wish& wish, Kept& tombstone) {
  store::ArchiveQuery query;
  query.owner = wish.room;
  query.behind = wish.behind;
  query.ids = std::vector{wish.id};
  query.max = 1;
  query.count = false;
  const auto page = reader.archive(query);
  if (!page) return std::unexpected(page.error());
  const auto found = page->rows.empty() ? std::nullopt : xmpp::from_stored(page->rows[0].stanza);
  if (!found) return wish.must_exist ? Refusal(Condition::item_not_found) : Refusal();
  if (Refusal refusal = judge(found->root(), wish)) return refusal;
  const store::ArchiveRow& row = page->rows[0];
  tombstone.from = xmpp::Jid::from_prepared(row.with);
  tombstone.time = row.time;
  tombstone.id = row.id;
  const xmpp::StanzaRef bare = xmpp::share(make_tombstone(found->root(), wish.mark->element.root()));
  rows.add(store::ArchiveReplace{
      .owner = wish.room, .id = row.id, .stanza = xmpp::to_stored(*bare, tombstone.from, {}, {})});
  if (auto withdrawn = withdraw_files(reader, rows, found->root(), wish); !withdrawn)
    return std::unexpected(withdrawn.error());
  const auto stanza_id = xmpp::make_stanza_id(xmpp::format_archive_id(row.id), xmpp::Jid::from_prepared(wish.room));
  tombstone.stanza = xmpp::share(xmpp::materialise(*bare, {}, {}, {.stripped = {}, .added = {stanza_id}}));
  return Refusal();
}

/// Of a Speech or something Outgoing: the message is buried with it, and newcomers are shown its tombstone from there
/// on.
template <class Message>
void bury_with(Message& message, Wish wish) {
  auto tombstone = std::make_shared<Kept>();
  message.ask = [wish = std::move(wish), tombstone](store::Reader& reader, store::Unit& rows) {
    return bury(reader, rows, wish, *tombstone);
  };
  message.then = [tombstone](Room& room) {
    if (!tombstone->stanza) return;
    for (const auto& told : room.environment().points.retracted) told(room, *tombstone);
  };
}

// ---- one's own (XEP-0424) ----

/// The one `<retract/>`; null if there is none. What no client may say, or not so, is bad-request.
base::Result<const xml::Element*, xmpp::StanzaError> retraction_in(const xmpp::Stanza& message) {
  const xml::Element* only = nullptr;
  for (const xml::Element& child : xml::children(message.root())) {
    if (!child.is(ns::retract, "retract")) continue;
    // Of two, who reads it might take the one that wasn't looked at.
    if (only != nullptr || child.attr("id").empty() || child.child_in(ns::moderate) != nullptr)
      return std::unexpected(xmpp::StanzaError(Condition::bad_request));
    only = &child;
  }
  return only;
}

Points::Heard retract_own(Speech& speech, bool archives) {
  const auto retract = retraction_in(speech.packet->stanza());
  if (!retract) return {.refusal = retract.error()};
  if (*retract == nullptr) return {};
  speech.must_keep = true;  // 5: whoever was away learns of it from the archive
  const auto id = xmpp::parse_archive_id((*retract)->attr("id"));
  // Messages of a room without archive have no ids of the room's: it is for clients to compare who said what.
  if (!id && !archives) return {};
  if (!id) return {.refusal = xmpp::StanzaError(Condition::item_not_found)};
  Wish wish = make_wish(speech.room, *id);
  wish.author = speech.room.environment().points.occupant_id(speech.room, speech.speaker.bare);
  wish.must_exist = archives;
  wish.mark = base::make_ref<const xmpp::Fragment>(make_mark(speech.packet->stanza().id(), speech.time));
  bury_with(speech, std::move(wish));
  return {};
}

// ---- by a moderator (XEP-0425) ----

void add_moderator(xml::Element& retraction, const Room& room, const Occupant& moderator, std::string_view reason) {
  xml::Element& moderated = retraction.add("moderated", ns::moderate);
  moderated.set_attr("by", moderator.address.str());
  moderated.add("occupant-id", ns::occupant_id)
      .set_attr("id", room.environment().points.occupant_id(room, moderator.bare));
  if (!reason.empty()) retraction.add_text_child("reason", reason);
}

// 3: whoever it was, of whatever affiliation.
void moderate(Room& room, const Occupant& moderator, std::int64_t id, bool archives, router::Responder responder) {
  const Environment& environment = room.environment();
  const std::string reason = responder.payload().child_text(ns::moderate, "reason");
  if (reason.size() > kLongestReason) return responder.error(Condition::policy_violation);
  const base::WallTime now = environment.router.loop().wall();
  xml::Document notice = xmpp::make_message(xmpp::Type::groupchat, environment.random.token(kIdBytes));
  xml::Element& retract = notice.root().add("retract", ns::retract);
  add_moderator(retract.set_attr("id", xmpp::format_archive_id(id)), room, moderator, reason);
  xml::Document mark = make_mark(notice.root().attr("id"), now);
  add_moderator(mark.root(), room, moderator, reason);
  Wish wish = make_wish(room, id);
  wish.mark = base::make_ref<const xmpp::Fragment>(std::move(mark));

  Outgoing out{.said = {.stanza = {}, .from = room.address(), .time = now}, .rows = base::make_ref<store::Unit>()};
  const xmpp::StanzaRef bare = xmpp::share(std::move(notice));
  xmpp::Overlay overlay;
  if (archives) out.said.id = archive_message(room, *bare, room.address(), now, overlay, *out.rows);
  out.said.stanza = xmpp::share(xmpp::materialise(*bare, {}, {}, overlay));
  bury_with(out, std::move(wish));
  out.answer = [waiting = std::make_unique<router::Responder>(std::move(responder))](const Refusal& refusal) {
    if (refusal) return waiting->error(*refusal);
    waiting->result();
  };
  room.utter(std::move(out));
}

void on_moderate(Room& room, bool archives, router::Responder responder) {
  const Occupant* moderator = room.occupant_of(responder.request().from());
  if (moderator == nullptr || moderator->role != Role::moderator) return responder.error(Condition::forbidden);
  const xml::Element& wish = responder.payload();
  if (wish.attr("id").empty() || wish.child(ns::retract, "retract") == nullptr)
    return responder.error(Condition::bad_request);
  const auto id = xmpp::parse_archive_id(wish.attr("id"));
  if (!id) return responder.error(Condition::item_not_found);
  moderate(room, *moderator, *id, archives, std::move(responder));
}

}  // namespace

void add_retraction(const Environment& environment, Field<bool> archives) {
  environment.registry.xep(kRetraction);
  environment.registry.xep(kModeration);
  Points& points = environment.points;
  points.speech.emplace_back([=](Speech& speech) { return retract_own(speech, speech.room.get(archives)); });
  environment.registry.iq(xmpp::Type::set, router::Target::room, ns::moderate, "moderate",
                          [&service = environment.service, archives](router::Responder responder) {
                            Room* room = service.room(responder.request().to());
                            if (room == nullptr) return responder.error(Condition::item_not_found);
                            on_moderate(*room, room->get(archives), std::move(responder));
                          });
  points.info.emplace_back([=](const Room& room, xml::Element& query) {
    if (!room.get(archives)) return;
    for (const std::string_view var : {ns::retract, kTombstones, ns::moderate})
      query.add("feature").set_attr("var", var);
  });
}

}  // namespace muc
