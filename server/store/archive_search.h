// The answer to an archive query (XEP-0313 4.2): its page, read and parsed in one job, away from the shard.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "store/reader.h"
#include "xmpp/archive_query.h"
#include "xmpp/result_set.h"

namespace store {

struct ArchiveSearch {
  std::string owner;
  xmpp::ArchiveQuery query;
  std::size_t most_bytes = std::numeric_limits<std::size_t>::max();  ///< of a page's stanzas; one is always given
  std::int64_t behind = std::numeric_limits<std::int64_t>::min();    ///< there is nothing up to this id
};

struct ArchiveFound {
  bool knows_ids = true;  ///< else an id was named that isn't there, and nothing was looked for
  ArchivePage page;
  std::vector<std::optional<xml::Document>> stanzas;  ///< of page.rows; nothing where a row is damaged
};

base::Result<ArchiveFound> search_archive(Reader& reader, const ArchiveSearch& search);

/// `<result/>` in a message of its own, without addresses.
xml::Document make_archive_result(const xmpp::ArchiveQuery& query, const ArchiveRow& row, const xml::Element& stanza);
/// `<fin/>`.
xml::Document make_archive_fin(const xmpp::ArchiveQuery& query, const ArchivePage& page);

}  // namespace store
