// Who somebody is in a room: affiliations last, roles end with the visit (XEP-0045 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace muc {

/// Ascending: each may do what the one before may. Stored as numbers.
enum class Affiliation : std::uint8_t { outcast = 0, none = 1, member = 2, admin = 3, owner = 4 };
enum class Role : std::uint8_t { none = 0, visitor = 1, participant = 2, moderator = 3 };

std::string_view to_string(Affiliation affiliation);
std::string_view to_string(Role role);
std::optional<Affiliation> parse_affiliation(std::string_view text);
std::optional<Role> parse_role(std::string_view text);

/// Who enters with this affiliation gets this role (5.1.2).
Role default_role(Affiliation affiliation, bool moderated);

/// May somebody change an affiliation from one to another (5.2.2)?
bool may_change(Affiliation actor, Affiliation from, Affiliation to);

struct Standing {
  Affiliation affiliation = Affiliation::none;
  Role role = Role::none;
};
/// May the actor give the target this role (8.2 to 8.5, 9.6 to 9.8)?
bool may_change(const Standing& actor, const Standing& target, Role to);

}  // namespace muc
