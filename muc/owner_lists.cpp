#include "muc/owner_lists.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "muc/room.h"
#include "muc/service.h"

namespace muc {
namespace {

using xmpp::Condition;

constexpr std::string_view kOwners = "muc#roomconfig_roomowners", kAdmins = "muc#roomconfig_roomadmins";
constexpr std::size_t kMostListed = 1000;  // of one list in a form

/// By bare address or domain, as rooms keep them.
using Wanted = std::map<std::string, Affiliation>;

Affiliation now(const Room& room, const std::string& who) {
  const auto found = room.places().find(who);
  return found == room.places().end() ? Affiliation::none : found->second.affiliation;
}

void add_list(const Room& room, std::string_view var, const char* label, Affiliation affiliation,
              std::vector<xmpp::FormField>& fields) {
  xmpp::FormField field{.var = std::string(var), .type = xmpp::FieldType::jid_multi, .label = label};
  for (const auto& [who, place] : room.places())
    if (place.affiliation == affiliation) field.values.push_back(who);
  fields.push_back(std::move(field));
}

Refusal read_list(const Room& room, const xmpp::DataForm& form, std::string_view var, Affiliation affiliation,
                  Wanted& wanted) {
  const Texts listed = form.values(var);
  if (listed.size() > kMostListed) return xmpp::StanzaError(Condition::resource_constraint);
  for (const std::string& text : listed) {
    const auto who = xmpp::Jid::parse(text);
    if (!who) return xmpp::StanzaError(Condition::jid_malformed);
    // Administrators of the service own the room anyway, and no list changes that.
    if (room.environment().service.is_admin(room.address().domain(), *who)) continue;
    wanted[std::string(who->bare_str())] = affiliation;
  }
  return std::nullopt;
}

/// Who is on both lists is an owner; who was on one and is on none is a member, as in the examples of 10.
Refusal read_lists(const Room& room, const xmpp::DataForm& form, Wanted& wanted) {
  const bool owners = form.has(kOwners), admins = form.has(kAdmins);
  for (const auto& [who, place] : room.places()) {
    if ((owners && place.affiliation == Affiliation::owner) || (admins && place.affiliation == Affiliation::admin))
      wanted[who] = Affiliation::member;
  }
  if (Refusal refusal = read_list(room, form, kAdmins, Affiliation::admin, wanted)) return refusal;
  if (!owners) std::erase_if(wanted, [&](const auto& one) { return now(room, one.first) == Affiliation::owner; });
  if (Refusal refusal = read_list(room, form, kOwners, Affiliation::owner, wanted)) return refusal;
  std::erase_if(wanted, [&](const auto& one) { return now(room, one.first) == one.second; });
  return std::nullopt;
}

/// 10.5.
bool leaves_no_owner(const Room& room, const Wanted& wanted) {
  const auto owns = [](const auto& one) { return one.second == Affiliation::owner; };
  if (std::ranges::any_of(wanted, owns)) return false;
  bool owned = false;
  for (const auto& [who, place] : room.places()) {
    if (place.affiliation != Affiliation::owner) continue;
    if (!wanted.contains(who)) return false;
    owned = true;
  }
  return owned;
}

Refusal judge(const Room& room, const Wanted& wanted) {
  std::size_t fresh = 0;
  for (const auto& [who, affiliation] : wanted) fresh += room.places().contains(who) ? 0 : 1;
  if (leaves_no_owner(room, wanted)) return xmpp::StanzaError(Condition::conflict, "a room has an owner");
  const auto most = room.service().limits.room_affiliations;
  if (fresh > 0 && room.places().size() + fresh > most + std::size_t{1})
    return xmpp::StanzaError(Condition::resource_constraint);
  return std::nullopt;
}

void apply(Room& room, const Wanted& wanted, const std::string& actor) {
  for (const auto& [who, affiliation] : wanted) {
    const auto before = room.places().find(who);
    const std::string nick = before == room.places().end() ? std::string() : before->second.nick;
    room.place(xmpp::Jid::from_prepared(who), {.affiliation = affiliation, .nick = nick, .reason = {}},
               {.actor = actor});
  }
}

}  // namespace

void add_owner_lists(const Environment& environment) {
  Points& points = environment.points;
  points.form.emplace_back([](const Room& room, std::vector<xmpp::FormField>& fields) {
    add_list(room, kAdmins, "Full List of Room Admins", Affiliation::admin, fields);
    add_list(room, kOwners, "Full List of Room Owners", Affiliation::owner, fields);
  });
  points.submitted.emplace_back([](Points::Submission& submission) -> Refusal {
    Room& room = submission.room;
    Wanted wanted;
    if (Refusal refusal = read_lists(room, submission.form, wanted)) return refusal;
    if (Refusal refusal = judge(room, wanted)) return refusal;
    if (wanted.empty()) return std::nullopt;
    const Occupant* actor = room.occupant_of(submission.who);
    submission.changes.emplace_back(
        [&room, wanted = std::move(wanted), nick = actor == nullptr ? std::string() : actor->nick] {
          apply(room, wanted, nick);
        });
    return std::nullopt;
  });
}

}  // namespace muc
