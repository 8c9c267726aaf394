#include "muc/archive_query.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "muc/room.h"
#include "muc/service.h"
#include "store/archive_search.h"
#include "xmpp/archive_id.h"
#include "xmpp/archive_query.h"
#include "xmpp/timestamp.h"

namespace muc {
namespace {

using xmpp::Condition;
using Waiting = std::unique_ptr<router::Responder>;

constexpr std::uint32_t kMostPages = 32;  // read for one room at a time

struct Pages final : State {
  std::uint32_t reading = 0;
};

/// One per shard; copied into the handlers.
struct Questions {
  Environment environment;
  Field<bool> archives;
  RoomSlot slot;

  Pages& pages(Room& room) const {
    auto& state = room.slot(slot);
    if (state == nullptr) state = std::make_unique<Pages>();
    return static_cast<Pages&>(*state);
  }
};

/// The room whose archive is asked. Answers itself and gives null where there is none, or not for the asker.
Room* admit(const Questions& questions, router::Responder& responder) {
  const router::Packet& request = responder.request();
  Room* room = questions.environment.service.room(request.to());
  Condition why = Condition::forbidden;
  if (room == nullptr) {
    why = Condition::item_not_found;
  } else if (!may_ask_archive(*room, request.from())) {
    why = Condition::forbidden;
  } else if (!room->get(questions.archives)) {
    why = Condition::service_unavailable;
  } else {
    return room;
  }
  responder.error(why);
  return nullptr;
}

/// Runs a job with the store, and `answer` if whoever asked still may then; not too many for one room at a time.
template <class T, class Job, class Answer>
void read(const Questions& questions, Room& room, Waiting waiting, Job job, Answer answer) {
  std::uint32_t& reading = questions.pages(room).reading;
  if (reading == kMostPages) return waiting->error({Condition::resource_constraint, xmpp::ErrorType::wait});
  ++reading;
  questions.environment.store.read(
      questions.environment.router.loop(), std::move(job),
      [questions, address = room.address(), number = room.number(), waiting = std::move(waiting),
       answer = std::move(answer)](const base::Result<T>& found) {
        Room* self = questions.environment.service.room(address, number);
        if (self == nullptr) return waiting->error(Condition::item_not_found);
        --questions.pages(*self).reading;
        if (!found) return waiting->error({Condition::internal_server_error, xmpp::ErrorType::wait});
        if (!may_ask_archive(*self, waiting->request().from())) return waiting->error(Condition::forbidden);
        answer(*found, *waiting);
      });
}

// ---- pages (4) ----

void send_page(router::Router& router, const xmpp::ArchiveQuery& query, const store::ArchiveFound& found,
               router::Responder& responder) {
  if (!found.knows_ids) return responder.error(Condition::item_not_found);
  const router::Packet& request = responder.request();
  const std::size_t count = found.stanzas.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = query.flip ? count - 1 - i : i;
    if (!found.stanzas[at]) continue;
    xml::Document result = store::make_archive_result(query, found.page.rows[at], found.stanzas[at]->root());
    router.post(base::make_ref<const router::Packet>(xmpp::share(std::move(result)), request.to(), request.from(),
                                                     router::Origin::component));
  }
  responder.result(store::make_archive_fin(query, found.page));
}

void on_query(const Questions& questions, router::Responder responder) {
  Room* room = admit(questions, responder);
  if (room == nullptr) return;
  const router::Limits& limits = questions.environment.router.settings().limits();
  // A quarter of what a client may leave unacknowledged: what it gets beside it must fit as well.
  auto query = xmpp::read_archive_query(responder.payload(),
                                        std::min(limits.archive_page, std::max(1U, limits.sm_queue_stanzas / 4)));
  if (!query) return responder.error(query.error());
  // Shared because the job and what comes after it run on different threads, one after the other.
  const auto search = std::make_shared<const store::ArchiveSearch>(
      store::ArchiveSearch{.owner = std::string(room->address().str()),
                           .query = *std::move(query),
                           .most_bytes = std::min(limits.archive_page_bytes, limits.sm_queue_bytes / 4),
                           .behind = room->archive_from() - 1});
  read<store::ArchiveFound>(
      questions, *room, std::make_unique<router::Responder>(std::move(responder)),
      [search](store::Reader& reader) { return store::search_archive(reader, *search); },
      [search, router = &questions.environment.router](const store::ArchiveFound& found, router::Responder& asked) {
        send_page(*router, search->query, found, asked);
      });
}

// ---- its ends (5) ----

using Span = std::optional<store::ArchiveSpan>;

base::Result<Span> read_span(store::Reader& reader, const std::string& owner, std::int64_t behind) {
  store::ArchiveQuery query;
  query.owner = owner;
  query.behind = behind;
  query.max = 1;
  query.count = false;
  const auto first = reader.archive(query);
  if (!first) return std::unexpected(first.error());
  query.backwards = true;
  const auto last = reader.archive(query);
  if (!last) return std::unexpected(last.error());
  if (first->rows.empty() || last->rows.empty()) return Span();
  return Span({{first->rows[0].id, first->rows[0].time}, {last->rows[0].id, last->rows[0].time}});
}

void add_end(xml::Element& metadata, std::string_view name, const store::ArchiveEnd& end) {
  metadata.add(name)
      .set_attr("id", xmpp::format_archive_id(end.id))
      .set_attr("timestamp", xmpp::format_timestamp(end.time));
}

void on_metadata(const Questions& questions, router::Responder responder) {
  Room* room = admit(questions, responder);
  if (room == nullptr) return;
  read<Span>(
      questions, *room, std::make_unique<router::Responder>(std::move(responder)),
      [owner = std::string(room->address().str()), behind = room->archive_from() - 1](store::Reader& reader) {
        return read_span(reader, owner, behind);
      },
      [](const Span& span, router::Responder& asked) {
        xml::Document metadata(xmpp::ns::mam, "metadata");
        if (span) {
          add_end(metadata.root(), "start", span->first);
          add_end(metadata.root(), "end", span->last);
        }
        asked.result(metadata);
      });
}

}  // namespace

bool may_ask_archive(const Room& room, const xmpp::Jid& who) {
  if (room.occupant_of(who) != nullptr) return true;
  const Affiliation affiliation = room.affiliation(who);
  return affiliation >= Affiliation::member && !room.is_admitted(Affiliation::none) && room.is_admitted(affiliation);
}

void add_archive_queries(const Environment& environment, Field<bool> archives) {
  const Questions questions{environment, archives, environment.points.room_slot()};
  const auto on = [&](xmpp::Type type, std::string_view name, auto answer) {
    environment.registry.iq(
        type, router::Target::room, xmpp::ns::mam, name,
        [questions, answer](router::Responder responder) { answer(questions, std::move(responder)); });
  };
  on(xmpp::Type::set, "query", on_query);
  on(xmpp::Type::get, "query", [](const Questions& asked, router::Responder responder) {
    if (admit(asked, responder) != nullptr) responder.result(xmpp::describe_archive_query());
  });
  on(xmpp::Type::get, "metadata", on_metadata);
}

}  // namespace muc
