// What was said last, for newcomers (XEP-0045 7.2.13, 7.2.14).
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "base/clock.h"
#include "muc/behaviour.h"

namespace muc {

/// Sends history to newcomers: stands before the subject.
void add_history(const Environment& environment);

/// How much of it somebody wants; the smallest of all counts.
struct HistoryWish {
  std::size_t stanzas = 0;
  std::optional<std::size_t> characters;  ///< of whole stanzas
  std::optional<base::WallTime> since;

  /// From `<history/>` within `<x/>`, if there is one; what is no number or no time counts as left out.
  static HistoryWish of(const xml::Element* x, std::size_t most, base::WallTime now);
};

/// One message of it.
struct Remembered {
  Kept message;
  xmpp::StanzaRef delayed;  ///< as newcomers get it; made when first needed, instead of the message's
};

/// How many of the last ones that is, when each is sent from `room` to `to`.
std::size_t fitting(std::deque<Remembered>& all, const HistoryWish& wish, const xmpp::Jid& room, const xmpp::Jid& to);

}  // namespace muc
