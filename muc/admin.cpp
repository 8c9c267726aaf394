#include "muc/admin.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muc/ns.h"
#include "muc/room.h"
#include "muc/service.h"
#include "muc/whom.h"

namespace muc {
namespace {

using xmpp::Condition;

constexpr std::size_t kMostItems = 1000;      // of one request
constexpr std::size_t kLongestReason = 1024;  // a room keeps one for each place

/// One item of a request, judged and ready to be done.
struct Change {
  xmpp::Jid who;  ///< affiliation: bare or a domain
  Lasting place;
  bool is_new_member = false;
  std::string nick;  ///< role
  Role role = Role::none;
  Cause cause;
};
using Judged = base::Result<Change, xmpp::StanzaError>;

std::unexpected<xmpp::StanzaError> refused(Condition condition) {
  return std::unexpected(xmpp::StanzaError(condition));
}

struct Asker {
  xmpp::Jid jid;
  Standing standing;
  std::string nick;  ///< empty: not inside
  xmpp::Jid session;
};

Asker asker_of(const Room& room, const xmpp::Jid& who) {
  const Occupant* occupant = room.occupant_of(who);
  return {who.bare(),
          {room.affiliation(who), occupant == nullptr ? Role::none : occupant->role},
          occupant == nullptr ? std::string() : occupant->nick,
          who};
}

/// Nobody may leave a room without an owner (10.4), be it with several items of one request.
bool leaves_no_owner(const Room& room, const std::vector<Change>& changes) {
  std::set<std::string_view> owners;
  for (const auto& [who, place] : room.places())
    if (place.affiliation == Affiliation::owner) owners.insert(who);
  if (owners.empty()) return false;
  for (const Change& change : changes) {
    if (!change.nick.empty()) continue;
    owners.erase(change.who.str());
    if (change.place.affiliation == Affiliation::owner) owners.insert(change.who.str());
  }
  return owners.empty();
}

/// 7.2.8: a nickname is reserved for one.
bool reserves_twice(const Room& room, const std::vector<Change>& changes) {
  std::map<std::string_view, std::string_view> owners;  // of the nicknames that the changes reserve
  std::set<std::string_view> changed;
  for (const Change& change : changes) {
    if (!change.nick.empty()) continue;
    changed.insert(change.who.str());
    if (change.place.nick.empty()) continue;
    const auto [at, fresh] = owners.emplace(change.place.nick, change.who.str());
    if (!fresh && at->second != change.who.str()) return true;
  }
  if (owners.empty()) return false;
  return std::ranges::any_of(room.places(), [&](const auto& one) {
    return one.second.affiliation > Affiliation::none && !one.second.nick.empty() && !changed.contains(one.first) &&
           owners.contains(one.second.nick);
  });
}

Judged judge_affiliation(Room& room, const Asker& asker, const xml::Element& item, Whom& whom) {
  const auto wanted = parse_affiliation(item.attr("affiliation"));
  if (!wanted) return refused(Condition::bad_request);
  if (asker.standing.affiliation < Affiliation::admin) return refused(Condition::forbidden);
  auto who = whom.find(item, *wanted);
  if (!who) return std::unexpected(who.error());
  Change change{.who = *std::move(who),
                .place = {},
                .nick = {},
                .cause = {.actor = asker.nick, .reason = item.child_text(ns::admin, "reason")}};
  const Lasting* before = room.lasting(change.who);
  const Affiliation now = room.affiliation(change.who);
  if (!may_change(asker.standing.affiliation, now, *wanted)) {
    // Owners and admins are made and unmade by owners (10.3 to 10.8); nobody is banned by who ranks no higher (9.1).
    const bool is_for_owners =
        *wanted >= Affiliation::admin || (now >= Affiliation::admin && *wanted != Affiliation::outcast);
    return refused(is_for_owners ? Condition::forbidden : Condition::not_allowed);
  }
  const bool self = change.who == asker.jid;
  if (self && *wanted == Affiliation::outcast) return refused(Condition::conflict);  // 9.1
  if (room.environment().service.is_admin(room.address().domain(), change.who)) return refused(Condition::not_allowed);
  change.place = {.affiliation = *wanted, .nick = before == nullptr ? "" : before->nick, .reason = change.cause.reason};
  if (const auto nick = item.find_attr("nick"); nick && item.find_attr("jid")) {
    const auto reserved = room.address().with_resource(nick->empty() ? "-" : *nick);
    if (!reserved) return refused(Condition::jid_malformed);
    change.place.nick = nick->empty() ? std::string() : std::string(reserved->resource());  // 9.5: none any more
  }
  change.is_new_member = *wanted == Affiliation::member && now == Affiliation::none && !change.who.local().empty();
  if (*wanted <= Affiliation::none) change.place.nick.clear();  // 9.1, 9.4
  return change;
}

Judged judge_role(const Room& room, const Asker& asker, const xml::Element& item) {
  const auto wanted = parse_role(item.attr("role"));
  const Occupant* occupant = room.occupant(item.attr("nick"));
  if (!wanted) return refused(Condition::bad_request);
  if (asker.standing.role != Role::moderator && asker.standing.affiliation < Affiliation::admin)
    return refused(Condition::forbidden);
  if (occupant == nullptr) return refused(Condition::item_not_found);
  if (!may_change(asker.standing, occupant->standing(), *wanted)) return refused(Condition::not_allowed);
  return Change{.who = {},
                .place = {},
                .nick = occupant->nick,
                .role = *wanted,
                .cause = {.actor = asker.nick, .reason = item.child_text(ns::admin, "reason")}};
}

Judged judge(Room& room, const Asker& asker, const xml::Element& item, Whom& whom) {
  const bool role = item.find_attr("role").has_value(), affiliation = item.find_attr("affiliation").has_value();
  if (!item.is(ns::admin, "item") || role == affiliation) return refused(Condition::bad_request);  // 17.4
  if (item.child_text(ns::admin, "reason").size() > kLongestReason) return refused(Condition::policy_violation);
  return affiliation ? judge_affiliation(room, asker, item, whom) : judge_role(room, asker, item);
}

void give_role(Room& room, const Change& change) {
  Occupant* occupant = room.occupant(change.nick);  // an earlier item may have removed it
  if (occupant != nullptr) room.give_role(*occupant, change.role, change.cause);
}

/// 9.5: who has become a member of a room that only members enter is told.
void invite(Room& room, const xmpp::Jid& inviter, const Change& change) {
  const auto& points = room.environment().points;
  if (points.invite && !room.is_admitted(Affiliation::none))
    points.invite(room, inviter, change.who, change.cause.reason);
}

void apply(Room& room, const Asker& asker, std::vector<Change> changes) {
  for (Change& change : changes) {
    if (!change.nick.empty()) {
      room.then([&room, change = std::move(change)] { give_role(room, change); });
      continue;
    }
    room.place(change.who, std::move(change.place), change.cause);
    if (change.is_new_member)
      room.then([&room, inviter = asker.session, change = std::move(change)] { invite(room, inviter, change); });
  }
}

// All of it or nothing (9.2).
void set(Room& room, router::Responder responder) {
  const Asker asker = asker_of(room, responder.request().from());
  std::vector<Change> changes;
  Whom whom(room);
  for (const xml::Element& item : xml::children(responder.payload())) {
    if (changes.size() == kMostItems) return responder.error(Condition::resource_constraint);
    auto change = judge(room, asker, item, whom);
    if (!change) return responder.error(change.error());
    changes.push_back(*std::move(change));
  }
  if (leaves_no_owner(room, changes) || reserves_twice(room, changes)) return responder.error(Condition::conflict);
  const auto new_places = std::ranges::count_if(changes, [](const Change& one) { return one.nick.empty(); });
  if (room.places().size() + static_cast<std::size_t>(new_places) >
      room.service().limits.room_affiliations + std::size_t{1})
    return responder.error(Condition::resource_constraint);
  if (new_places == 0) {  // roles end with the visit: nothing is to be kept
    responder.result();
    return apply(room, asker, std::move(changes));
  }
  // Before those inside are told (8.2 to 10.8).
  const auto waiting = std::make_shared<router::Responder>(std::move(responder));
  room.change(
      [&] {
        room.then([waiting] { waiting->result(); });
        apply(room, asker, std::move(changes));
      },
      [waiting](const base::Result<void>& done) {
        if (!done) waiting->error({Condition::internal_server_error, xmpp::ErrorType::wait});
      });
}

void list_affiliation(const Room& room, const Asker& asker, Affiliation wanted, router::Responder& responder) {
  // 5.2.1, 9.5: admins see lists, but where addresses are a secret not who stands as high (10.5, 10.8); members those
  // of members and above where they are none (7.11).
  const auto& lists = room.environment().points.lists_members;
  const Occupant* inside = room.occupant(asker.nick);
  const Affiliation own = asker.standing.affiliation;
  const bool no_secret = room.shows_addresses_to_members();
  const bool member_list = wanted == Affiliation::member && inside != nullptr && lists && lists(room, *inside);
  const bool shown = own == Affiliation::owner || (own == Affiliation::admin && (wanted < own || no_secret)) ||
                     (own == Affiliation::member && wanted >= Affiliation::member && no_secret) || member_list;
  if (!shown) return responder.error(Condition::forbidden);
  xml::Document query(ns::admin, "query");
  for (const auto& [who, place] : room.places()) {
    if (place.affiliation != wanted) continue;
    xml::Element& item = query.root().add("item");
    item.set_attr("affiliation", to_string(wanted));
    add_whom(item, who);
    if (!place.nick.empty()) item.set_attr("nick", place.nick);
    if (!place.reason.empty()) item.add_text_child("reason", place.reason);
  }
  responder.result(query);
}

void list_role(const Room& room, const Asker& asker, Role wanted, router::Responder& responder) {
  if (asker.standing.role != Role::moderator && asker.standing.affiliation < Affiliation::admin)
    return responder.error(Condition::forbidden);
  xml::Document query(ns::admin, "query");
  for (const auto& [nick, occupant] : room.occupants()) {
    if (occupant->role != wanted) continue;
    query.root()
        .add("item")
        .set_attr("affiliation", to_string(occupant->affiliation))
        .set_attr("jid", occupant->sessions.back().jid.str())
        .set_attr("nick", nick)
        .set_attr("role", to_string(wanted));
  }
  responder.result(query);
}

void get(const Room& room, router::Responder responder) {
  const xml::Element* item = responder.payload().child(ns::admin, "item");
  if (item == nullptr) return responder.error(Condition::bad_request);
  const Asker asker = asker_of(room, responder.request().from());
  if (const auto affiliation = parse_affiliation(item->attr("affiliation")))
    return list_affiliation(room, asker, *affiliation, responder);
  if (const auto role = parse_role(item->attr("role"))) return list_role(room, asker, *role, responder);
  responder.error(Condition::bad_request);
}

}  // namespace

void add_admin(const Environment& environment) {
  Service& service = environment.service;
  const auto on = [&](xmpp::Type type, auto answer) {
    environment.registry.iq(type, router::Target::room, ns::admin, "query",
                            [&service, answer](router::Responder responder) {
                              Room* room = service.room(responder.request().to());
                              if (room == nullptr) return responder.error(Condition::item_not_found);
                              answer(*room, std::move(responder));
                            });
  };
  on(xmpp::Type::set, [](Room& room, router::Responder responder) { set(room, std::move(responder)); });
  on(xmpp::Type::get, [](const Room& room, router::Responder responder) { get(room, std::move(responder)); });
}

}  // namespace muc
