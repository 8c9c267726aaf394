// Which of an account's sessions get a message (RFC 6121 8.5): values in, values out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/small_vector.h"
#include "xmpp/stanza.h"

namespace accounts {

enum class Outcome : std::uint8_t {
  deliver,              ///< to the chosen sessions, at least one
  offline,              ///< nobody is there: to be stored, or else answered with service-unavailable
  drop,                 ///< end in silence
  service_unavailable,  ///< answer with this error
};

/// One bound session, as far as the choice goes.
struct Candidate {
  int priority = 0;
  bool available = false;
};

/// Positions in the candidates, ascending.
using Chosen = base::SmallVector<std::size_t, 4>;

struct Recipients {
  Outcome outcome = Outcome::drop;
  Chosen chosen;
  bool operator==(const Recipients&) const = default;
};

/// A message to the bare address (8.5.2). Chat and normal go to every available session that shares the highest
/// priority, headlines to every available one; negative priority means never.
Recipients to_bare(xmpp::Type type, std::span<const Candidate> candidates);

/// A message to a full address (8.5.3): `match` is the position of the session with this address, available or not.
/// Without one, chat goes where the bare address would take it; the other types name a session that is gone.
Recipients to_full(xmpp::Type type, std::span<const Candidate> candidates, std::optional<std::size_t> match);

/// A stanza for an account that doesn't exist (8.5.1). Presence is never answered, so that nobody finds out.
Outcome to_nobody(const xmpp::Stanza& stanza);

}  // namespace accounts
