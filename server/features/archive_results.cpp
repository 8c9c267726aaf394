// Answers archive queries: the page is read and parsed away from the shard, then sent result by result (XEP-0313 4.2).
#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "features/archive_pace.h"
#include "features/archive_state.h"
#include "store/archive_search.h"
#include "xmpp/archive_query.h"

namespace features::archive {
namespace {

/// Two pages at a time are half of what a client may leave unacknowledged (Pace).
std::size_t most_results(const router::Limits& limits) {
  return std::min(limits.archive_page, std::max(1U, limits.sm_queue_stanzas / 4));
}

void answer(const Archive& archive, const xmpp::ArchiveQuery& query, const store::ArchiveFound& found,
            router::Responder& responder, Pace::Place place) {
  if (!found.knows_ids) return responder.error(xmpp::StanzaError(xmpp::Condition::item_not_found));
  const router::Packet& request = responder.request();
  router::AccountView* account = archive.environment.accounts.account(request.to().bare());
  router::SessionView* session = account == nullptr ? nullptr : account->session(request.from());
  const std::size_t count = session == nullptr ? 0 : found.stanzas.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = query.flip ? count - 1 - i : i;
    if (!found.stanzas[at]) continue;
    router::Delivery result{
        .stanza = xmpp::share(store::make_archive_result(query, found.page.rows[at], found.stanzas[at]->root())),
        .from = request.to(),
        .to = request.from(),
        .overlay = {},
        .receipt = {},
        .kept = true};
    if (i + 1 == count) result.receipt = place;
    session->send(std::move(result));
  }
  // Travels on the bus, so it arrives behind what was handed to the session directly (4: results come first).
  responder.result(store::make_archive_fin(query, found.page));
}

void search(const Archive& archive, const std::shared_ptr<store::ArchiveSearch>& wanted,
            std::unique_ptr<router::Responder> responder, Pace::Place place) {
  archive.environment.store.read(
      archive.environment.router.loop(),
      [wanted](store::Reader& reader) { return store::search_archive(reader, *wanted); },
      [archive, wanted, responder = std::move(responder),
       place = std::move(place)](const base::Result<store::ArchiveFound>& found) mutable {
        if (found) return answer(archive, wanted->query, *found, *responder, std::move(place));
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
void begin(const Archive& archive, const std::shared_ptr<store::ArchiveSearch>& wanted,
           std::unique_ptr<router::Responder> responder, Pace::Place place) {
  if (!place) {
    return responder->error({xmpp::Condition::resource_constraint, xmpp::ErrorType::wait,
                             "Acknowledge what you were sent, or ask for less at a time."});
  }
  router::AccountView* account = archive.environment.accounts.account(responder->request().to().bare());
  if (account == nullptr) return responder->error(xmpp::Condition::item_not_found);
  account->after_rows([archive, wanted, waiting = std::move(responder), place = std::move(place)]() mutable {
    search(archive, wanted, std::move(waiting), std::move(place));
  });
}

void on_query(const Archive& archive, router::Responder responder) {
  router::AccountView* account = archive.admit(responder);
  if (account == nullptr) return;
  const router::Limits& limits = archive.environment.router.settings().limits();
  auto query = xmpp::read_archive_query(responder.payload(), most_results(limits));
  if (!query) return responder.error(query.error());
  router::SessionView* session = account->session(responder.request().from());
  if (session == nullptr) return responder.error(xmpp::Condition::item_not_found);  // it has ended meanwhile
  // Shared because the read job and what comes after it run on different threads, one after the other.
  auto wanted = std::make_shared<store::ArchiveSearch>();
  wanted->owner = std::string(account->jid().str());
  wanted->query = *std::move(query);
  wanted->most_bytes = std::min(limits.archive_page_bytes, limits.sm_queue_bytes / 4);
  pace_of(archive, *session)
      .enter([archive, wanted, waiting = std::make_unique<router::Responder>(std::move(responder))](
                 Pace::Place place) mutable { begin(archive, wanted, std::move(waiting), std::move(place)); });
}

}  // namespace

void add_queries(const Archive& archive) {
  using router::Target;
  router::Registry& registry = archive.environment.registry;
  registry.iq(xmpp::Type::set, Target::account, kNamespace, "query",
              [archive](router::Responder responder) { on_query(archive, std::move(responder)); });
  registry.iq(xmpp::Type::get, Target::account, kNamespace, "query", [archive](router::Responder responder) {
    if (archive.admit(responder) != nullptr) responder.result(xmpp::describe_archive_query());
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
