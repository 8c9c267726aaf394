// Answers archive queries: the page is read and parsed away from the shard, then sent result by result (XEP-0313 4.2).
#include <algorithm>
#include <cstddef>
#include <memory>
#include <ranges>
#include <utility>
#include <vector>

#include "features/archive_pace.h"
#include "features/archive_query.h"
#include "features/archive_state.h"
#include "features/forward.h"
#include "xmpp/ns.h"
#include "xmpp/result_set.h"
#include "xmpp/stored.h"

namespace features::archive {
namespace {

/// What the read job brings back.
struct Found {
  bool knows_ids = true;
  store::ArchivePage page;
  std::vector<std::optional<xml::Document>> stanzas;  ///< of page.rows; nothing where a row is damaged
};

/// Leaves out what would make the page too heavy for a client's queue: the far end in the direction of paging.
void trim(store::ArchivePage& page, std::size_t most_bytes, bool backwards) {
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

base::Result<Found> find(store::Reader& reader, const Query& query, std::size_t most_bytes) {
  Found found;
  for (const std::int64_t id : query.must_exist) {
    auto has = reader.archive_has(query.match.owner, id);
    if (!has) return std::unexpected(has.error());
    found.knows_ids = found.knows_ids && *has;
  }
  if (!found.knows_ids) return found;
  auto page = reader.archive(query.match);
  if (!page) return std::unexpected(page.error());
  found.page = *std::move(page);
  trim(found.page, most_bytes, query.match.backwards);
  for (const store::ArchiveRow& row : found.page.rows) found.stanzas.push_back(xmpp::from_stored(row.stanza));
  return found;
}

router::Delivery make_result(const Query& query, const store::ArchiveRow& row, const xml::Element& stanza,
                             const router::Packet& request) {
  xml::Document message = xmpp::make_message(xmpp::Type::normal);
  xml::Element& result = message.root().add("result", kNamespace);
  if (!query.queryid.empty()) result.set_attr("queryid", query.queryid);
  result.set_attr("id", to_wire(row.id));
  add_forwarded(result, stanza, row.time);
  return {.stanza = xmpp::share(std::move(message)), .from = request.to(), .to = request.from(), .kept = true};
}

xml::Document make_fin(const Query& query, const store::ArchivePage& page) {
  xml::Document fin(kNamespace, "fin");
  if (page.complete) fin.root().set_attr("complete", "true");
  fin.root().set_attr("stable", "true");
  xmpp::PageAnswer answer;
  if (!page.rows.empty()) {
    answer.first = to_wire(page.rows.front().id);
    answer.last = to_wire(page.rows.back().id);
  }
  if (query.match.count) {
    answer.count = static_cast<std::uint64_t>(page.total);
    if (answer.first) answer.first_index = static_cast<std::uint64_t>(page.first_index);
  }
  xmpp::add_page_answer(fin.root(), answer);
  return fin;
}

void answer(const Archive& archive, const Query& query, const Found& found, router::Responder& responder,
            Pace::Place place) {
  if (!found.knows_ids) return responder.error(xmpp::StanzaError(xmpp::Condition::item_not_found));
  const router::Packet& request = responder.request();
  router::AccountView* account = archive.environment.accounts.account(request.to().bare());
  router::SessionView* session = account == nullptr ? nullptr : account->session(request.from());
  const std::size_t count = session == nullptr ? 0 : found.stanzas.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = query.flip ? count - 1 - i : i;
    if (!found.stanzas[at]) continue;
    router::Delivery result = make_result(query, found.page.rows[at], found.stanzas[at]->root(), request);
    if (i + 1 == count) result.receipt = place;
    session->send(std::move(result));
  }
  // Travels on the bus, so it arrives behind what was handed to the session directly (4: results come first).
  responder.result(make_fin(query, found.page));
}

void search(const Archive& archive, const std::shared_ptr<Query>& query, std::unique_ptr<router::Responder> responder,
            Pace::Place place) {
  const router::Limits& limits = archive.environment.router.settings().limits();
  const std::size_t most_bytes = std::min(limits.archive_page_bytes, limits.sm_queue_bytes / 4);
  archive.environment.store.read(
      archive.environment.router.loop(),
      [query, most_bytes](store::Reader& reader) { return find(reader, *query, most_bytes); },
      [archive, query, responder = std::move(responder),
       place = std::move(place)](const base::Result<Found>& found) mutable {
        if (found) return answer(archive, *query, *found, *responder, std::move(place));
        responder->error({xmpp::Condition::internal_server_error, xmpp::ErrorType::wait});
      });
}

struct Paced final : router::FeatureState {
  explicit Paced(base::Loop& loop) : pace(std::make_shared<Pace>(loop)) {}
  const std::shared_ptr<Pace> pace;  // shared with nobody for long: pages know it weakly
};

Pace& pace_of(const Archive& archive, router::SessionView& session) {
  auto& state = session.slot(archive.pace);
  if (state == nullptr) state = std::make_unique<Paced>(archive.environment.router.loop());
  return *static_cast<Paced&>(*state).pace;
}

/// With a place to begin with, or without one too late.
void begin(const Archive& archive, const std::shared_ptr<Query>& query, std::unique_ptr<router::Responder> responder,
           Pace::Place place) {
  if (!place) {
    return responder->error({xmpp::Condition::resource_constraint, xmpp::ErrorType::wait,
                             "Acknowledge what you were sent, or ask for less at a time."});
  }
  router::AccountView* account = archive.environment.accounts.account(responder->request().to().bare());
  if (account == nullptr) return responder->error(xmpp::Condition::item_not_found);
  account->after_rows([archive, query, waiting = std::move(responder), place = std::move(place)]() mutable {
    search(archive, query, std::move(waiting), std::move(place));
  });
}

void on_query(const Archive& archive, router::Responder responder) {
  router::AccountView* account = archive.admit(responder);
  if (account == nullptr) return;
  auto read = read_query(responder.payload(), archive.environment.router.settings().limits());
  if (!read) return responder.error(read.error());
  read->match.owner = std::string(account->jid().str());
  router::SessionView* session = account->session(responder.request().from());
  if (session == nullptr) return responder.error(xmpp::Condition::item_not_found);  // it has ended meanwhile
  // Shared because the read job and what comes after it run on different threads, one after the other.
  auto query = std::make_shared<Query>(*std::move(read));
  pace_of(archive, *session)
      .enter([archive, query, waiting = std::make_unique<router::Responder>(std::move(responder))](
                 Pace::Place place) mutable { begin(archive, query, std::move(waiting), std::move(place)); });
}

}  // namespace

void add_queries(const Archive& archive) {
  using router::Target;
  router::Registry& registry = archive.environment.registry;
  registry.iq(xmpp::Type::set, Target::account, kNamespace, "query",
              [archive](router::Responder responder) { on_query(archive, std::move(responder)); });
  registry.iq(xmpp::Type::get, Target::account, kNamespace, "query", [archive](router::Responder responder) {
    if (archive.admit(responder) != nullptr) responder.result(describe_query());
  });
  registry.iq(xmpp::Type::get, Target::account, kNamespace, "metadata", [archive](router::Responder responder) {
    router::AccountView* account = archive.admit(responder);
    if (account == nullptr) return;
    // As a child of an element of its own, because that is how Bind 2 carries it.
    xml::Document parent(kNamespace, "archive");
    add_metadata(parent.root(), archive.state(*account));
    responder.result(xml::Document::copy_of(*parent.root().first_child()));
  });
}

}  // namespace features::archive
