#include "muc/whom.h"

#include <algorithm>
#include <utility>

#include "muc/ns.h"
#include "muc/room.h"

namespace muc {
namespace {

using xmpp::Condition;

constexpr std::size_t kIdSize = 40;

bool is_id(std::string_view text) {
  return text.size() == kIdSize &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Not somebody's address that happens to begin alike.
bool is_by_id(std::string_view key) { return key.starts_with(Room::kById) && is_id(key.substr(Room::kById.size())); }

}  // namespace

base::Result<xmpp::Jid, xmpp::StanzaError> Whom::find(const xml::Element& item, Affiliation wanted) {
  if (!item.find_attr("jid")) {
    if (const xml::Element* id = item.child(ns::occupant_id, "occupant-id")) return find_id(id->attr("id"), wanted);
    if (const auto nick = item.find_attr("nick")) {
      const Occupant* occupant = room_.occupant(*nick);
      if (occupant == nullptr) return std::unexpected(xmpp::StanzaError(Condition::item_not_found));
      return occupant->bare;
    }
  }
  const auto jid = xmpp::Jid::parse(item.attr("jid"));
  if (!jid) return std::unexpected(xmpp::StanzaError(Condition::jid_malformed));
  return jid->bare();
}

base::Result<xmpp::Jid, xmpp::StanzaError> Whom::find_id(std::string_view id, Affiliation wanted) {
  if (!is_id(id)) return std::unexpected(xmpp::StanzaError(Condition::item_not_found));
  const std::string key = std::string(Room::kById).append(id);
  if (room_.places().contains(key)) return xmpp::Jid::from_prepared(key);
  if (!by_id_) index();
  const auto found = by_id_->find(std::string(id));
  if (found != by_id_->end()) return found->second;
  // Somebody who has left, or nobody: it can't be told which.
  if (wanted == Affiliation::outcast) return xmpp::Jid::from_prepared(key);
  return std::unexpected(xmpp::StanzaError(Condition::item_not_found));
}

void Whom::index() {
  by_id_.emplace();
  const auto add = [&](const xmpp::Jid& bare) {
    by_id_->emplace(room_.environment().points.occupant_id(room_, bare), bare);
  };
  for (const auto& [nick, occupant] : room_.occupants()) add(occupant->bare);
  for (const auto& [key, place] : room_.places()) {
    const xmpp::Jid who = xmpp::Jid::from_prepared(key);
    if (!who.local().empty()) add(who);
  }
}

void add_whom(xml::Element& item, std::string_view key) {
  if (is_by_id(key)) {
    item.add("occupant-id", ns::occupant_id).set_attr("id", key.substr(Room::kById.size()));
  } else {
    item.set_attr("jid", key);
  }
}

}  // namespace muc
