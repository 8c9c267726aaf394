#include "muc/affiliation.h"

#include <algorithm>
#include <array>

namespace muc {
namespace {

using namespace std::string_view_literals;

constexpr std::array kAffiliations{"outcast"sv, "none"sv, "member"sv, "admin"sv, "owner"sv};
constexpr std::array kRoles{"none"sv, "visitor"sv, "participant"sv, "moderator"sv};

template <class T>
std::optional<T> find(const auto& names, std::string_view text) {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<T>(found - names.begin());
}

}  // namespace

std::string_view to_string(Affiliation affiliation) { return kAffiliations[static_cast<std::size_t>(affiliation)]; }
std::string_view to_string(Role role) { return kRoles[static_cast<std::size_t>(role)]; }
std::optional<Affiliation> parse_affiliation(std::string_view text) { return find<Affiliation>(kAffiliations, text); }
std::optional<Role> parse_role(std::string_view text) { return find<Role>(kRoles, text); }

Role default_role(Affiliation affiliation, bool moderated) {
  switch (affiliation) {
    case Affiliation::outcast: return Role::none;
    case Affiliation::none: return moderated ? Role::visitor : Role::participant;
    case Affiliation::member: return Role::participant;
    case Affiliation::admin:
    case Affiliation::owner: return Role::moderator;
  }
  return Role::none;
}

bool may_change(Affiliation actor, Affiliation from, Affiliation to) {
  if (actor == Affiliation::owner) return true;
  return actor == Affiliation::admin && from <= Affiliation::member && to <= Affiliation::member;
}

bool may_change(const Standing& actor, const Standing& target, Role to) {
  const bool admin = actor.affiliation >= Affiliation::admin;
  if (!admin && actor.role != Role::moderator) return false;
  if (target.affiliation > actor.affiliation) return false;
  // 5.1.3, 9.6 to 9.8: moderators are made, unmade and kicked by admins and owners.
  if ((to == Role::moderator || target.role == Role::moderator) && !admin) return false;
  if (to == Role::none || to == Role::moderator) return true;
  if (target.affiliation >= Affiliation::admin) return false;  // their role is implied
  // 8.4: no voice is taken from one's own level, unless it is the lowest.
  if (to == Role::visitor && target.affiliation != Affiliation::none) return target.affiliation < actor.affiliation;
  return true;
}

}  // namespace muc
