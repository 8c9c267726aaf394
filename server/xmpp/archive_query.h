// An archive query as a client words it (XEP-0313 4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "xml/element.h"
#include "xmpp/error.h"

namespace xmpp {

namespace ns {
inline constexpr std::string_view mam = "urn:xmpp:mam:2";
inline constexpr std::string_view mam_extended = "urn:xmpp:mam:2#extended";
}  // namespace ns

/// Conditions are joined by "and"; an absent one lets everything through.
struct ArchiveQuery {
  std::optional<std::string> with;            ///< a bare address matches all its resources
  std::optional<base::WallTime> start, end;   ///< inclusive
  std::optional<std::int64_t> after, before;  ///< exclusive
  std::optional<std::vector<std::int64_t>> ids;
  std::size_t max = 0;
  bool backwards = false;                ///< the last `max` instead of the first
  bool count = true;                     ///< tell how many there are
  std::vector<std::int64_t> must_exist;  ///< ids that were named; one that is unknown refuses the query (4.1.3, 4.3.2)
  std::string queryid;
  bool flip = false;  ///< send the page's last result first (4.3.4)
};

/// For at most so many results and ids. bad-request for odd dates, ids and forms, jid-malformed for an odd `with`,
/// feature-not-implemented for fields that are unknown (4.1.5), item-not-found for ids that can't be ours.
base::Result<ArchiveQuery, StanzaError> read_archive_query(const xml::Element& query, std::size_t most);

/// The fields that a query may have, as `<query/>` with a form (4.1.5).
xml::Document describe_archive_query();

}  // namespace xmpp
