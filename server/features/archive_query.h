// An archive query as a client words it (XEP-0313 4) and as the store understands it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "router/settings.h"
#include "store/reader.h"
#include "xml/element.h"
#include "xmpp/error.h"

namespace features::archive {

struct Query {
  store::ArchiveQuery match;             ///< without the owner
  std::vector<std::int64_t> must_exist;  ///< ids that were named; one that is unknown refuses the query (4.1.3, 4.3.2)
  std::string queryid;
  bool flip = false;  ///< send the page's last result first (4.3.4)
};

/// bad-request for odd dates, ids and forms, jid-malformed for an odd `with`, feature-not-implemented for fields that
/// are unknown (4.1.5), item-not-found for ids that can't be ours.
base::Result<Query, xmpp::StanzaError> read_query(const xml::Element& query, const router::Limits& limits);

/// The fields that a query may have, as `<query/>` with a form (4.1.5).
xml::Document describe_query();

}  // namespace features::archive
