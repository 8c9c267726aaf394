#include "accounts/recipients.h"

#include <algorithm>

namespace accounts {
namespace {

bool takes_messages(const Candidate& candidate) { return candidate.available && candidate.priority >= 0; }

Chosen with_priority_from(std::span<const Candidate> candidates, int least) {
  Chosen chosen;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (takes_messages(candidates[i]) && candidates[i].priority >= least) chosen.push_back(i);
  return chosen;
}

/// Chat and normal, 8.5.2.1.1 and 8.5.2.2.1: with nobody to take it, it waits.
Recipients to_most_available(std::span<const Candidate> candidates) {
  int highest = 0;
  for (const Candidate& candidate : candidates)
    if (takes_messages(candidate)) highest = std::max(highest, candidate.priority);
  Chosen chosen = with_priority_from(candidates, highest);
  const Outcome outcome = chosen.empty() ? Outcome::offline : Outcome::deliver;
  return {.outcome = outcome, .chosen = std::move(chosen)};
}

Recipients to_all(std::span<const Candidate> candidates) {
  Chosen chosen = with_priority_from(candidates, 0);
  const Outcome outcome = chosen.empty() ? Outcome::drop : Outcome::deliver;
  return {.outcome = outcome, .chosen = std::move(chosen)};
}

}  // namespace

Recipients to_bare(xmpp::Type type, std::span<const Candidate> candidates) {
  switch (type) {
    case xmpp::Type::groupchat: return {.outcome = Outcome::service_unavailable};
    case xmpp::Type::headline: return to_all(candidates);
    case xmpp::Type::error: return {.outcome = Outcome::drop};
    default: return to_most_available(candidates);
  }
}

Recipients to_full(xmpp::Type type, std::span<const Candidate> candidates, std::optional<std::size_t> match) {
  if (match) return {.outcome = Outcome::deliver, .chosen = {*match}};
  switch (type) {
    case xmpp::Type::chat: return to_most_available(candidates);
    case xmpp::Type::headline:
    case xmpp::Type::error: return {.outcome = Outcome::drop};
    default:
      // A room learns from the error that its occupant is gone; the sender of a normal message that it is lost.
      return {.outcome = Outcome::service_unavailable};
  }
}

Outcome to_nobody(const xmpp::Stanza& stanza) {
  if (stanza.kind() == xmpp::Kind::presence) return Outcome::drop;
  if (stanza.kind() == xmpp::Kind::iq) return stanza.is_request() ? Outcome::service_unavailable : Outcome::drop;
  const bool silent = stanza.type() == xmpp::Type::headline || stanza.type() == xmpp::Type::error;
  return silent ? Outcome::drop : Outcome::service_unavailable;
}

}  // namespace accounts
