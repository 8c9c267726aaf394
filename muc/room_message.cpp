// Messages to all and to one, and requests passed on (XEP-0045 7.4, 7.5, 17.4).
#include <utility>

#include "muc/forged.h"
#include "muc/lost.h"
#include "muc/ns.h"
#include "muc/room.h"
#include "muc/service.h"
#include "xmpp/ns.h"
#include "xmpp/stanza_id.h"

namespace muc {

using xmpp::Condition;
using xmpp::Type;

namespace {

constexpr std::string_view kPubsub = "http://jabber.org/protocol/pubsub";
constexpr auto kForwarded = std::chrono::minutes(5);  // the longest that an occupant's answer is waited for
constexpr std::size_t kMostForwarded = 10'000;        // requests of a shard under way

/// What only the room may say of a message (SECURITY M04).
std::vector<const xml::Element*> forged(const xmpp::Stanza& message, const xmpp::Jid& room) {
  std::vector<const xml::Element*> all = xmpp::forged_stanza_ids(message, room);
  for (const xml::Element& child : xml::children(message.root())) {
    if (is_the_rooms(child, room)) all.push_back(&child);
  }
  return all;
}

}  // namespace

void Room::message(const router::PacketRef& packet) {
  const xmpp::Stanza& stanza = packet->stanza();
  Occupant* speaker = occupant_of(packet->from());
  if (stanza.type() == Type::error) {
    for (const auto& told : environment_.points.bounced) told(*this, *packet);
    if (tells_of_lost_server(environment_.router, *packet)) return lose_server(packet->from().domain());
    if (speaker != nullptr && tells_of_lost_session(stanza)) lose(packet->from());
    return;
  }
  if (packet->to().is_bare() && stanza.type() != Type::groupchat) {
    for (const auto& take : environment_.points.request)
      if (take(*this, packet)) return;
    return environment_.router.bounce(*packet, speaker == nullptr ? Condition::not_acceptable : Condition::bad_request);
  }
  if (speaker == nullptr) return environment_.router.bounce(*packet, Condition::not_acceptable);
  if (const Refusal refusal = arrived(*speaker, *packet)) return environment_.router.bounce(*packet, *refusal);
  if (packet->to().is_bare()) return say(*speaker, packet);
  if (stanza.type() == Type::groupchat) return environment_.router.bounce(*packet, Condition::bad_request);
  whisper(*speaker, packet);
}

void Room::say(Occupant& speaker, const router::PacketRef& packet) {
  Speech speech{*this, speaker, packet};
  speech.time = environment_.router.loop().wall();
  speech.overlay.stripped = forged(packet->stanza(), address_);
  for (const auto& add : environment_.points.stamp) add(*this, speaker, speech.overlay);
  for (const auto& step : environment_.points.speech) {
    const Points::Heard heard = step(speech);
    if (heard.refusal) return environment_.router.bounce(*packet, *heard.refusal);
    if (heard.done) return;
  }
  xmpp::StanzaRef out = xmpp::share(xmpp::materialise(packet->stanza(), {}, {}, speech.overlay));
  for (const auto& told : environment_.points.said) told(*this, speaker, *out);
  utter({.said = {std::move(out), speaker.address, speech.time, speech.archive_id},
         .keep = speech.keep,
         .rows = std::move(speech.rows),
         .ask = std::move(speech.ask),
         .then = std::move(speech.then),
         .ticket = packet->ticket(),
         .answer = [router = &environment_.router, packet](const Refusal& refusal) {
           if (refusal) router->bounce(*packet, *refusal);
         }});
}

// Sent when it is durable (ARCHITECTURE 3.7), to those who are in the room now.
void Room::utter(Outgoing out) {
  auto uttered = std::make_unique<Uttered>(Uttered{std::move(out), audience()});
  if (!uttered->out.rows && !uttered->out.ask)
    return outbox_.put([this, uttered = std::move(uttered)] { emit(*uttered); });
  const std::uint64_t place = outbox_.reserve();
  if (!uttered->out.ask) return commit(place, std::move(uttered));
  if (!uttered->out.rows) uttered->out.rows = base::make_ref<store::Unit>();
  auto ask = [ask = std::move(uttered->out.ask), rows = uttered->out.rows](store::Reader& reader) {
    return ask(reader, *rows);
  };
  environment_.store.read(environment_.router.loop(), std::move(ask),
                          [service = &environment_.service, room = address_, number = number_, place,
                           uttered = std::move(uttered)](const base::Result<Refusal>& found) mutable {
                            Room* self = service->room(room, number);
                            if (self == nullptr) return;
                            Refusal refusal =
                                xmpp::StanzaError(Condition::internal_server_error, xmpp::ErrorType::wait);
                            if (found) refusal = *found;
                            // Its rows have been removed: none may follow, which the next room of the name would have
                            // (SECURITY M05).
                            if (self->is_ending()) refusal = xmpp::StanzaError(Condition::item_not_found);
                            if (!refusal) return self->commit(place, std::move(uttered));
                            self->give_up(place, *uttered, refusal);
                            service->settle(room);
                          });
}

void Room::commit(std::uint64_t place, std::unique_ptr<Uttered> uttered) {
  store::UnitRef rows = std::move(uttered->out.rows);
  write(std::move(rows), [service = &environment_.service, room = address_, number = number_, place,
                          uttered = std::move(uttered)](const base::Result<void>& done) mutable {
    Room* self = service->room(room, number);
    if (self == nullptr) return;
    if (done) {
      self->outbox_.fill(place, [self, uttered = std::move(uttered)] { self->emit(*uttered); });
    } else {
      self->give_up(place, *uttered, xmpp::StanzaError(Condition::internal_server_error, xmpp::ErrorType::wait));
    }
    service->settle(room);
  });
}

void Room::emit(Uttered& uttered) {
  Outgoing& out = uttered.out;
  if (out.then) out.then(*this);
  if (out.keep)
    for (const auto& told : environment_.points.kept) told(*this, out.said);
  environment_.router.post_to_all(out.said.stanza, out.said.from, std::move(uttered.to), router::Origin::component,
                                  std::move(out.ticket));
  for (const auto& told : environment_.points.sent) told(*this, out.said);
  if (out.answer) out.answer(std::nullopt);
}

void Room::give_up(std::uint64_t place, Uttered& uttered, const Refusal& why) {
  if (uttered.out.answer) uttered.out.answer(why);
  outbox_.fill(place, {});
}

void Room::whisper(Occupant& from, const router::PacketRef& packet) {
  Occupant* to = occupant(packet->to().resource());
  if (to == nullptr) return environment_.router.bounce(*packet, Condition::item_not_found);
  for (const auto& step : environment_.points.whisper) {
    if (const Refusal refusal = step(*this, from, *to)) return environment_.router.bounce(*packet, *refusal);
  }
  xmpp::Overlay overlay{.stripped = forged(packet->stanza(), address_), .added = {}};
  for (const auto& add : environment_.points.stamp) add(*this, from, overlay);
  xml::Document message = xmpp::materialise(packet->stanza(), {}, {}, overlay);
  message.root().add("x", ns::user);
  const xmpp::StanzaRef out = xmpp::share(std::move(message));
  for (const Session& session : to->sessions) {
    outbox_.put([this, copy = base::make_ref<const router::Packet>(
                           out, from.address, session.jid, router::Origin::component, packet->ticket())]() mutable {
      environment_.router.post(std::move(copy));
    });
  }
}

// The answer comes back to the room, so neither learns the other's address.
void Room::forward(const router::PacketRef& packet) {
  const auto refuse = [&](Condition condition) { environment_.router.bounce(*packet, condition); };
  Occupant* from = occupant_of(packet->from());
  if (from == nullptr) return refuse(Condition::not_acceptable);
  if (const Refusal refusal = arrived(*from, *packet)) return environment_.router.bounce(*packet, *refusal);
  Occupant* to = occupant(packet->to().resource());
  if (to == nullptr) return refuse(Condition::item_not_found);
  for (const auto& take : environment_.points.forward)
    if (take(*this, *from, *to, packet)) return;
  if (environment_.router.open_requests() >= kMostForwarded) return refuse(Condition::resource_constraint);
  // What belongs to an account and not to a session is asked of the account.
  const std::string_view about = packet->stanza().payload() == nullptr ? "" : packet->stanza().payload()->ns();
  const bool of_account = about == ns::vcard || about == kPubsub;
  const xmpp::Jid target = of_account ? to->bare : to->sessions.back().jid;
  environment_.router.request(
      xml::Document::copy_of(packet->stanza().root()), from->address, target, kForwarded,
      // Without the ticket: whoever is asked may take its time, and the asker's other stanzas don't wait for that.
      [asked = base::make_ref<const router::Packet>(packet->share(), packet->from(), packet->to(), packet->origin()),
       router = &environment_.router](const router::Reply& reply) {
        if (reply.kind == router::Reply::Kind::timed_out)
          return router->bounce(*asked, Condition::remote_server_timeout);
        xml::Document answer = xml::Document::copy_of(reply.packet->stanza().root());
        answer.root().set_attr("id", asked->stanza().id());
        router->post(base::make_ref<const router::Packet>(xmpp::share(std::move(answer)), asked->to(), asked->from(),
                                                          router::Origin::component));
      });
}

}  // namespace muc
