// SECURITY M01: each affiliation, role and action, as XEP-0045 5 and 8 to 10 say.
#include "muc/affiliation.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace muc {
namespace {

using enum Affiliation;
constexpr std::array kAffiliations{outcast, none, member, admin, owner};
constexpr std::array kRoles{Role::none, Role::visitor, Role::participant, Role::moderator};

TEST(AffiliationTest, NamesAndBack) {
  for (const Affiliation one : kAffiliations) EXPECT_EQ(parse_affiliation(to_string(one)), one);
  for (const Role one : kRoles) EXPECT_EQ(parse_role(to_string(one)), one);
  for (const char* bad : {"", "Owner", "king", "visitor"}) EXPECT_FALSE(parse_affiliation(bad)) << bad;
  for (const char* bad : {"", "Moderator", "owner", "outcast"}) EXPECT_FALSE(parse_role(bad)) << bad;
}

// 5.1.2
TEST(AffiliationTest, RoleOnEntering) {
  struct Row {
    Affiliation affiliation;
    Role open, moderated;
  };
  constexpr std::array kRows{
      Row{outcast, Role::none, Role::none},
      Row{none, Role::participant, Role::visitor},
      Row{member, Role::participant, Role::participant},
      Row{admin, Role::moderator, Role::moderator},
      Row{owner, Role::moderator, Role::moderator},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(default_role(row.affiliation, false), row.open) << to_string(row.affiliation);
    EXPECT_EQ(default_role(row.affiliation, true), row.moderated) << to_string(row.affiliation);
  }
}

// 5.2.2, 9.1 to 9.5, 10.3 to 10.8: rows are from, columns to: outcast, none, member, admin, owner; x: allowed.
TEST(AffiliationTest, WhoMayChangeAffiliations) {
  using Table = std::array<std::string_view, 5>;
  constexpr Table kNothing{".....", ".....", ".....", ".....", "....."};
  constexpr Table kAdmin{"xxx..", "xxx..", "xxx..", ".....", "....."};
  constexpr Table kOwner{"xxxxx", "xxxxx", "xxxxx", "xxxxx", "xxxxx"};
  constexpr std::array kTables{kNothing, kNothing, kNothing, kAdmin, kOwner};
  for (const Affiliation actor : kAffiliations) {
    for (const Affiliation from : kAffiliations) {
      for (const Affiliation to : kAffiliations) {
        const Table& table = kTables[static_cast<std::size_t>(actor)];
        const bool may = table[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)] == 'x';
        EXPECT_EQ(may_change(actor, from, to), may)
            << to_string(actor) << ": " << to_string(from) << " to " << to_string(to);
      }
    }
  }
}

constexpr std::array kTargets{
    Standing{none, Role::visitor},    Standing{none, Role::participant},   Standing{none, Role::moderator},
    Standing{member, Role::visitor},  Standing{member, Role::participant}, Standing{member, Role::moderator},
    Standing{admin, Role::moderator}, Standing{owner, Role::moderator},
};

// k: may be kicked (8.2), v: made a visitor (8.4), p: a participant (8.3, 9.7), m: a moderator (9.6); of each target
// above, for somebody who is a moderator.
struct Powers {
  Affiliation actor;
  std::array<std::string_view, kTargets.size()> may;
};
constexpr std::array kPowers{
    Powers{none, {"kvp", "kvp", "", "", "", "", "", ""}},
    Powers{member, {"kvp", "kvp", "", "kp", "kp", "", "", ""}},
    Powers{admin, {"kvpm", "kvpm", "kvpm", "kvpm", "kvpm", "kvpm", "km", ""}},
    Powers{owner, {"kvpm", "kvpm", "kvpm", "kvpm", "kvpm", "kvpm", "km", "km"}},
};

TEST(AffiliationTest, WhoMayChangeRoles) {
  for (const Powers& powers : kPowers) {
    for (std::size_t i = 0; i < kTargets.size(); ++i) {
      for (const Role to : kRoles) {
        const char letter = "kvpm"[static_cast<std::size_t>(to)];
        EXPECT_EQ(may_change({powers.actor, Role::moderator}, kTargets[i], to),
                  powers.may[i].find(letter) != std::string_view::npos)
            << to_string(powers.actor) << " makes " << to_string(kTargets[i].affiliation) << ' '
            << to_string(kTargets[i].role) << ' ' << to_string(to);
      }
    }
  }
}

// 8.2 to 8.5: whoever is no moderator changes no role, unless an affiliation gives the right.
TEST(AffiliationTest, WithoutBeingModeratorNoRoleChanges) {
  for (const Affiliation actor : {outcast, none, member}) {
    for (const Role role : {Role::none, Role::visitor, Role::participant}) {
      for (const Standing& target : kTargets) {
        for (const Role to : kRoles) {
          EXPECT_FALSE(may_change({actor, role}, target, to)) << to_string(actor) << ' ' << to_string(role);
        }
      }
    }
  }
}

// 9.7: nobody takes from admins and owners what their affiliation gives; 8.4: nor their voice.
TEST(AffiliationTest, ImpliedRolesStay) {
  for (const Affiliation actor : kAffiliations) {
    for (const Affiliation target : {admin, owner}) {
      for (const Role to : {Role::visitor, Role::participant})
        EXPECT_FALSE(may_change({actor, Role::moderator}, {target, Role::moderator}, to));
    }
  }
}

}  // namespace
}  // namespace muc
