#include "store/archive_search.h"

#include <algorithm>
#include <utility>

#include "xmpp/archive_id.h"
#include "xmpp/delay.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"
#include "xmpp/stored.h"

namespace store {
namespace {

ArchiveQuery to_query(const ArchiveSearch& search) {
  const xmpp::ArchiveQuery& asked = search.query;
  return {.owner = search.owner,
          .with = asked.with,
          .start = asked.start,
          .end = asked.end,
          .after = asked.after,
          .before = asked.before,
          .ids = asked.ids,
          .behind = search.behind,
          .max = asked.max,
          .backwards = asked.backwards,
          .count = asked.count};
}

/// Leaves out what would make the page too heavy for a client's queue: the far end in the direction of paging.
void trim(ArchivePage& page, std::size_t most_bytes, bool backwards) {
  std::size_t bytes = 0, fit = 0;
  const std::size_t count = page.rows.size();
  for (; fit < count; ++fit) {
    bytes += page.rows[backwards ? count - 1 - fit : fit].stanza.size();
    if (bytes > most_bytes && fit > 0) break;
  }
  if (fit == count) return;
  page.complete = false;
  const auto cut = static_cast<std::ptrdiff_t>(count - fit);
  if (backwards) {
    page.rows.erase(page.rows.begin(), page.rows.begin() + cut);
    page.first_index += cut;
  } else {
    page.rows.erase(page.rows.end() - cut, page.rows.end());
  }
}

}  // namespace

base::Result<ArchiveFound> search_archive(Reader& reader, const ArchiveSearch& search) {
  ArchiveFound found;
  for (const std::int64_t id : search.query.must_exist) {
    auto has = reader.archive_has(search.owner, id);
    if (!has) return std::unexpected(has.error());
    found.knows_ids = found.knows_ids && *has && id > search.behind;
  }
  if (!found.knows_ids) return found;
  auto page = reader.archive(to_query(search));
  if (!page) return std::unexpected(page.error());
  found.page = *std::move(page);
  trim(found.page, search.most_bytes, search.query.backwards);
  for (const ArchiveRow& row : found.page.rows) found.stanzas.push_back(xmpp::from_stored(row.stanza));
  return found;
}

xml::Document make_archive_result(const xmpp::ArchiveQuery& query, const ArchiveRow& row, const xml::Element& stanza) {
  xml::Document message = xmpp::make_message(xmpp::Type::normal);
  xml::Element& result = message.root().add("result", xmpp::ns::mam);
  if (!query.queryid.empty()) result.set_attr("queryid", query.queryid);
  result.set_attr("id", xmpp::format_archive_id(row.id));
  xml::Element& forwarded = result.add("forwarded", xmpp::ns::forward);
  forwarded.add_copy(xmpp::make_delay({}, row.time)->element.root());
  forwarded.add_copy(stanza);
  return message;
}

xml::Document make_archive_fin(const xmpp::ArchiveQuery& query, const ArchivePage& page) {
  xmpp::PageAnswer answer;
  if (!page.rows.empty()) {
    answer.first = xmpp::format_archive_id(page.rows.front().id);
    answer.last = xmpp::format_archive_id(page.rows.back().id);
  }
  if (query.count) {
    answer.count = static_cast<std::uint64_t>(page.total);
    if (answer.first) answer.first_index = static_cast<std::uint64_t>(page.first_index);
  }
  xml::Document fin(xmpp::ns::mam, "fin");
  if (page.complete) fin.root().set_attr("complete", "true");
  fin.root().set_attr("stable", "true");
  xmpp::add_page_answer(fin.root(), answer);
  return fin;
}

}  // namespace store
