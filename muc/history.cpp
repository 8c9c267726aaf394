#include "muc/history.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "muc/ns.h"
#include "muc/room.h"
#include "muc/service.h"
#include "xmpp/archive_id.h"
#include "xmpp/delay.h"
#include "xmpp/ns.h"
#include "xmpp/stanza_id.h"
#include "xmpp/stored.h"
#include "xmpp/timestamp.h"

namespace muc {
namespace {

using Messages = std::vector<Kept>;

constexpr std::string_view kMost = "muc#maxhistoryfetch";
constexpr std::string_view kMostLabel = "Maximum Number of History Messages Returned by Room";

std::optional<std::size_t> to_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [stop, why] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (stop != text.data() + text.size() || text.empty()) return std::nullopt;
  if (why == std::errc::result_out_of_range) return std::numeric_limits<std::uint32_t>::max();
  return why == std::errc() ? std::optional<std::size_t>(number) : std::nullopt;
}

std::optional<std::size_t> number_of(const xml::Element& history, std::string_view name) {
  const auto text = history.find_attr(name);
  return text ? to_number(*text) : std::nullopt;
}

/// The last of what is said, in memory, so that a crowd of newcomers doesn't read the store for each.
struct History final : State {
  std::deque<Remembered> last;
  bool complete = false;    ///< the store has nothing to add
  std::int64_t before = 0;  ///< what the store has from this id on is in memory
  std::uint32_t reading = 0;
  std::map<std::int64_t, Kept> retracted;  ///< since then: what is read may not have it
};

/// One per shard; copied into the steps.
struct Histories {
  Environment environment;
  Field<std::string> most;
  RoomSlot slot;

  History& history(Room& room) const {
    auto& state = room.slot(slot);
    if (state == nullptr) {
      state = std::make_unique<History>();
      auto& fresh = static_cast<History&>(*state);
      fresh.before = room.last_archive_id() + 1;
      fresh.complete = room.last_archive_id() < room.archive_from();
    }
    return static_cast<History&>(*state);
  }
  std::size_t most_of(const Room& room) const {
    const std::size_t limit = environment.router.settings().limits().room_history;
    return std::min(to_number(room.get(most)).value_or(room.service().history), limit);
  }
};

void remember(const Histories& histories, Room& room, const Kept& kept) {
  History& history = histories.history(room);
  history.last.push_back({kept, {}});
  const std::size_t most = histories.most_of(room);
  while (history.last.size() > most) history.last.pop_front();
}

/// What newcomers see of a message that was retracted.
void replace(const Histories& histories, Room& room, const Kept& tombstone) {
  History& history = histories.history(room);
  for (Remembered& one : history.last)
    if (one.message.id == tombstone.id) one = {tombstone, {}};
  if (history.reading > 0) history.retracted.insert_or_assign(tombstone.id, tombstone);
}

// ---- from the store, when a room comes back into memory ----

base::Result<Messages> read_last(store::Reader& reader, const store::ArchiveQuery& query) {
  const auto page = reader.archive(query);
  if (!page) return std::unexpected(page.error());
  const auto room = xmpp::Jid::from_prepared(query.owner);
  Messages messages;
  for (const store::ArchiveRow& row : page->rows) {
    auto stanza = xmpp::from_stored(row.stanza);
    if (!stanza) continue;
    stanza->root().remove_attr("from");
    // The archive has a message without its own id (archive.cpp).
    const xmpp::FragmentRef id = xmpp::make_stanza_id(xmpp::format_archive_id(row.id), room);
    stanza->root().add_copy(id->element.root());
    messages.push_back({xmpp::share(*std::move(stanza)), xmpp::Jid::from_prepared(row.with), row.time, row.id});
  }
  return messages;
}

void fill(const Histories& histories, Room& room, base::Result<Messages> messages) {
  History& history = histories.history(room);
  const auto retracted = history.retracted;
  if (--history.reading == 0) history.retracted.clear();
  if (!messages) {
    // The next newcomer may have better luck.
    return base::log::error("history_unreadable", {{"room", room.address().str()}, {"why", messages.error().what}});
  }
  if (std::exchange(history.complete, true)) return;  // by another's reading
  for (Kept& message : *messages) {
    const auto found = retracted.find(message.id);
    if (found != retracted.end()) message = found->second;
  }
  const std::size_t most = histories.most_of(room);
  while (!messages->empty() && history.last.size() < most) {
    history.last.push_front({std::move(messages->back()), {}});
    messages->pop_back();
  }
}

// ---- to a newcomer ----

const xmpp::StanzaRef& delayed(Remembered& one, const xmpp::Jid& room) {
  if (one.delayed) return one.delayed;
  const xmpp::Overlay overlay{.stripped = {}, .added = {xmpp::make_delay(room, one.message.time)}};
  one.delayed = xmpp::share(xmpp::materialise(*one.message.stanza, {}, {}, overlay))->serialised();
  one.message.stanza = {};
  return one.delayed;
}

void send(const Histories& histories, Room& room, const HistoryWish& wish, const xmpp::Jid& session) {
  std::deque<Remembered>& last = histories.history(room).last;
  for (std::size_t i = last.size() - fitting(last, wish, room.address(), session); i < last.size(); ++i) {
    histories.environment.router.post(base::make_ref<const router::Packet>(
        delayed(last[i], room.address()), last[i].message.from, session, router::Origin::component));
  }
}

// What is sent is decided when its turn comes, so that it ends where live messages begin.
void greet(const Histories& histories, Room& room, const HistoryWish& wish, const xmpp::Jid& session) {
  History& history = histories.history(room);
  const std::size_t most = histories.most_of(room);
  if (history.complete || most == 0) {
    return room.outbox().put([histories, &room, wish, session] { send(histories, room, wish, session); });
  }
  store::ArchiveQuery query;
  query.owner = std::string(room.address().str());
  query.behind = room.archive_from() - 1;
  query.before = history.before;
  query.max = most;
  query.backwards = true;
  query.count = false;
  ++history.reading;
  histories.environment.store.read(
      histories.environment.router.loop(), [query](store::Reader& reader) { return read_last(reader, query); },
      [histories, address = room.address(), number = room.number(), place = room.outbox().reserve(), wish,
       session](base::Result<Messages> messages) {
        Room* self = histories.environment.service.room(address, number);
        if (self == nullptr) return;
        fill(histories, *self, std::move(messages));
        self->outbox().fill(place, [histories, self, wish, session] { send(histories, *self, wish, session); });
      });
}

}  // namespace

HistoryWish HistoryWish::of(const xml::Element* x, std::size_t most, base::WallTime now) {
  HistoryWish wish{.stanzas = most, .characters = {}, .since = {}};
  const xml::Element* history = x == nullptr ? nullptr : x->child(ns::muc, "history");
  if (history == nullptr) return wish;
  wish.stanzas = std::min(most, number_of(*history, "maxstanzas").value_or(most));
  wish.characters = number_of(*history, "maxchars");
  if (const auto since = history->find_attr("since")) wish.since = xmpp::parse_timestamp(*since);
  if (const auto seconds = number_of(*history, "seconds")) {
    const base::WallTime from = now - std::chrono::seconds(*seconds);
    wish.since = std::max(wish.since.value_or(from), from);
  }
  return wish;
}

std::size_t fitting(std::deque<Remembered>& all, const HistoryWish& wish, const xmpp::Jid& room, const xmpp::Jid& to) {
  std::size_t count = 0, characters = 0;
  for (; count < std::min(all.size(), wish.stanzas); ++count) {
    Remembered& one = all[all.size() - 1 - count];
    if (wish.since && one.message.time < *wish.since) break;
    if (!wish.characters) continue;
    std::string text;
    xmpp::write(*delayed(one, room), one.message.from, to, {}, xmpp::ns::client, text);
    characters += static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    if (characters > *wish.characters) break;
  }
  return count;
}

void add_history(const Environment& environment) {
  Points& points = environment.points;
  const auto most = points.fields.add<std::string>(
      {.var = kMost,
       .label = kMostLabel,
       .type = xmpp::FieldType::text_single,
       .otherwise = std::string(),
       .accepts = [](const Value& value) { return to_number(std::get<std::string>(value)).has_value(); },
       .of_service = [](const router::RoomService& service) { return std::to_string(service.history); }});
  const Histories histories{environment, most, points.room_slot()};
  points.kept.emplace_back([=](Room& room, const Kept& kept) { remember(histories, room, kept); });
  points.retracted.emplace_back([=](Room& room, const Kept& tombstone) { replace(histories, room, tombstone); });
  points.entered.emplace_back([=](Room& room, Occupant&, const Join& join, const xmpp::Jid& session) {
    const base::WallTime now = environment.router.loop().wall();
    greet(histories, room, HistoryWish::of(join.x, histories.most_of(room), now), session);
  });
  points.info_form.emplace_back([=](const Room& room, std::vector<xmpp::FormField>& fields) {
    fields.push_back({.var = std::string(kMost),
                      .values = {std::to_string(histories.most_of(room))},
                      .label = std::string(kMostLabel)});
  });
}

}  // namespace muc
