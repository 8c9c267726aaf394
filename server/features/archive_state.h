// What the archive keeps in memory for each account, and what its files share.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/lazy.h"
#include "features/feature.h"
#include "store/reader.h"
#include "store/rows.h"
#include "xmpp/archive_query.h"

namespace features::archive {

inline constexpr std::string_view kNamespace = xmpp::ns::mam;

struct State final : router::FeatureState {
  std::optional<store::ArchiveSpan> span;  ///< first and last message
  std::int64_t last_id = 0;                ///< the highest given out
  base::Lazy<store::ArchivePrefs> prefs;
};

/// The archive of one shard's accounts: copied into every handler and step.
struct Archive {
  Environment environment;
  router::AccountSlot slot;
  router::SessionSlot pace;

  State& state(router::AccountView& account) const { return static_cast<State&>(*account.slot(slot)); }
  /// The account that a request is for. Answers it and gives null unless the account itself asks (SECURITY N01) on a
  /// host that archives.
  router::AccountView* admit(router::Responder& responder) const;
};

/// `<metadata/>` of XEP-0313 5, which Bind 2 carries too (XEP-0386 3.2).
void add_metadata(xml::Element& parent, const State& state);

void add_queries(const Archive& archive);
void add_prefs(const Archive& archive);
/// Do the account's preferences want messages to and from `peer` kept (XEP-0441 2.1, 2.3)?
bool wants(const store::ArchivePrefs& prefs, router::AccountView& account, const xmpp::Jid& peer);

}  // namespace features::archive
