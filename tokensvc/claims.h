// What a token says, in the one form that stock Jitsi, token_affiliation, token_moderation and lib-jitsi-meet all take.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tokensvc/signer.h"

namespace tokensvc {

/// Members are text by type: null or an object among them would be broadcast as "userdata: (nil)". Empty ones are left
/// out.
struct User {
  std::string id, name, email, avatar;
};

struct Claims {
  using Features = std::vector<std::pair<std::string, bool>>;

  std::string audience = "jitsi";  ///< one text: a list would not match where only some audiences are accepted
  std::string issuer;              ///< the app id
  std::string subject;             ///< the XMPP domain, a tenant or `*`
  std::string room;                ///< without domain and tenant; `*` is every room
  std::chrono::sys_seconds issued, expires;
  bool moderator = false;
  User user;
  std::string group, tenant;         ///< left out when empty
  std::optional<Features> features;  ///< once there, even empty, Jitsi denies what is not listed as true
  bool room_is_pattern = false;
};

/// The payload's JSON, compact, members always in the same order.
std::string payload(const Claims& claims);

/// The signed token (RFC 7515 3.1, compact).
base::Result<std::string> mint(Signer& signer, const Claims& claims);

}  // namespace tokensvc
