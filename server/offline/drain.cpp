#include "offline/drain.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "offline/behind.h"
#include "store/unit.h"
#include "xmpp/delay.h"
#include "xmpp/ns.h"
#include "xmpp/stored.h"

namespace offline {
namespace {

constexpr std::size_t kPage = 100;

struct Message {
  std::int64_t id = 0;
  base::WallTime time;
  std::size_t bytes = 0;
  std::optional<xml::Document> stanza;  // nothing if the row is damaged
  PendingRef pending;                   // instead, if the row isn't in the store yet
};

struct Page {
  std::vector<Message> messages;
  bool last = false;
};

/// Lets the row go once its client has the message. Without an acknowledgement the row stays for the next login.
class RowReceipt final : public router::Receipt {
 public:
  RowReceipt(Offline offline, xmpp::Jid owner, const Message& message, std::shared_ptr<Flight> flight)
      : offline_(offline),
        owner_(std::move(owner)),
        id_(message.id),
        bytes_(message.bytes),
        pending_(message.pending),
        flight_(std::move(flight)) {
    flight_->ids.insert(id_);
    flight_->bytes += bytes_;
  }
  // Posted, because whoever drops it is in the middle of something.
  ~RowReceipt() override {
    if (!land()) return;
    offline_.environment.router.loop().post([offline = offline_, owner = std::move(owner_)] { offline.landed(owner); });
  }

  void acknowledged() override {
    if (land()) offline_.arrived(owner_, id_, pending_);
  }

 private:
  /// False when it had landed before: copies of one delivery share their receipt.
  bool land() {
    if (flight_->ids.erase(id_) == 0) return false;
    flight_->bytes -= bytes_;
    return true;
  }

  Offline offline_;
  xmpp::Jid owner_;
  std::int64_t id_;
  std::size_t bytes_;
  PendingRef pending_;
  std::shared_ptr<Flight> flight_;  // shared with the account's state
};

/// What a page may hold: what a client still takes at once.
struct Room {
  std::size_t rows, bytes;
};

Room room_for(const State& state, const router::Limits& limits) {
  const auto left = [](std::size_t most, std::size_t used) { return most > used ? most - used : 1; };
  const std::size_t rows = state.flight != nullptr ? state.flight->ids.size() : 0;
  const std::size_t bytes = state.flight != nullptr ? state.flight->bytes : 0;
  return {std::min(kPage, left(limits.sm_queue_stanzas / 2, rows)), left(limits.offline_bytes, bytes)};
}

base::Result<Page> read_page(store::Reader& reader, const std::string& owner, std::int64_t after, const Room& room) {
  auto rows = reader.offline(owner, after, room.rows, room.bytes);
  if (!rows) return std::unexpected(rows.error());
  Page page;
  std::size_t bytes = 0;
  for (const store::OfflineRow& row : *rows) {
    bytes += row.stanza.size();
    page.messages.push_back(
        {.id = row.id, .time = row.time, .bytes = row.stanza.size(), .stanza = xmpp::from_stored(row.stanza)});
  }
  page.last = rows->size() < room.rows && bytes < room.bytes;
  return page;
}

xmpp::Jid address(const xml::Element& root, std::string_view name) {
  auto jid = xmpp::Jid::parse(root.attr(name));
  return jid ? *std::move(jid) : xmpp::Jid();
}

/// The message as it would have arrived.
std::optional<router::Delivery> restore(Message& message) {
  if (const PendingRef& row = message.pending)
    return router::Delivery{
        .stanza = row->stanza, .from = row->from, .to = row->to, .overlay = row->overlay, .kept = true};
  if (!message.stanza) return std::nullopt;
  const xmpp::Jid from = address(message.stanza->root(), "from"), to = address(message.stanza->root(), "to");
  auto stanza = xmpp::Stanza::parse(*std::exchange(message.stanza, std::nullopt));
  if (!stanza) return std::nullopt;
  return router::Delivery{.stanza = *std::move(stanza), .from = from, .to = to, .kept = true};
}

/// With a note of when it came (XEP-0203).
void send(const Offline& offline, router::AccountView& account, router::SessionView& session, Message message) {
  auto delivery = restore(message);
  if (!delivery) {
    base::log::error("offline_row_damaged", {{"account", account.jid().str()}, {"id", message.id}});
    return;
  }
  delivery->overlay.added.push_back(xmpp::make_delay(account.host().domain, message.time, "Offline Storage"));
  auto& flight = offline.state(account).flight;
  if (flight == nullptr) flight = std::make_shared<Flight>();
  delivery->receipt = base::make_ref<RowReceipt>(offline, account.jid(), message, flight);
  session.send(*std::move(delivery));
}

/// Puts what the store didn't show yet between the rows of the page; beyond its end only if it is the last.
void merge(const PendingRows& unwritten, std::int64_t after, Page& page) {
  std::vector<Message> rows = std::exchange(page.messages, {});
  auto next = rows.begin();
  for (const auto& [id, row] : unwritten) {
    if (id <= after || row->arrived) continue;
    while (next != rows.end() && next->id < id) page.messages.push_back(std::move(*next++));
    if (next == rows.end() && !page.last) return;
    if (next != rows.end() && next->id == id) continue;  // written meanwhile
    page.messages.push_back(
        {.id = id, .time = row->time, .bytes = row->stanza->memory(), .stanza = std::nullopt, .pending = row});
  }
  page.messages.insert(page.messages.end(), std::move_iterator(next), std::move_iterator(rows.end()));
}

bool is_stamp(const xml::Element& element, const xmpp::Jid& owner) {
  return element.is(xmpp::ns::sid, "stanza-id") && element.attr("by") == owner.str();
}

/// Has the archive stamped it? What it kept no copy of (a receipt, a hint against it) is never cleared.
bool is_archived(const Message& message, const xmpp::Jid& owner) {
  if (!message.stanza) return false;
  for (const xml::Element& child : xml::children(message.stanza->root()))
    if (is_stamp(child, owner)) return true;
  return false;
}
bool is_archived(const Pending& row, const xmpp::Jid& owner) {
  return std::ranges::any_of(row.overlay.added,
                             [&](const xmpp::FragmentRef& added) { return is_stamp(added->element.root(), owner); });
}

/// The drain that was asked for, while both it and its session are there.
Drain* drain_of(State& state, std::uint64_t number) {
  return state.drain && state.drain->number == number ? state.drain.get() : nullptr;
}

/// Is more than this part of what a client's queue takes under way (XEP-0198)? Beyond, its session would be cut.
bool is_busy(const State& state, const router::Limits& limits, std::size_t part) {
  if (state.flight == nullptr) return false;
  const Flight& flight = *state.flight;
  return flight.bytes > limits.offline_bytes / part || flight.ids.size() > limits.sm_queue_stanzas / 2 / part;
}

std::set<std::int64_t> rows_in_flight(const State& state, const router::AccountView& account) {
  std::set<std::int64_t> ids = account.offline_rows_in_flight();
  if (state.flight != nullptr) ids.insert(state.flight->ids.begin(), state.flight->ids.end());
  return ids;
}

void clear_page(const Offline& offline, const xmpp::Jid& owner, router::AccountView& account, const Page& page) {
  State& state = offline.state(account);
  Drain& drain = *state.drain;
  std::vector<std::int64_t> ids;
  const auto under_way = rows_in_flight(state, account);
  for (const Message& message : page.messages) {
    drain.after = message.id;
    if (!under_way.contains(message.id) && is_archived(message, owner)) ids.push_back(message.id);
  }
  if (page.last) {
    // What the store didn't show yet.
    for (const auto& [id, row] : drain.unwritten)
      if (id > drain.after && !row->arrived && !under_way.contains(id) && is_archived(*row, owner))
        offline.arrived(owner, id, row);
  }
  offline.clear(owner, ids, drain.number, page.last);
}

void on_page(const Offline& offline, const xmpp::Jid& owner, std::uint64_t number, base::Result<Page> page) {
  router::AccountView* account = offline.environment.accounts.account(owner);
  if (account == nullptr) return;
  State& state = offline.state(*account);
  Drain* drain = drain_of(state, number);
  if (drain == nullptr) return;
  router::SessionView* session = account->session(drain->session);
  if (page && drain->task == Task::clear) return clear_page(offline, owner, *account, *page);
  if (!page) base::log::error("offline_unreadable", {{"account", owner.str()}, {"why", page.error().what}});
  if (!page || session == nullptr) {
    state.drain.reset();
    if (session != nullptr) end_waiting(*session, offline.behind);
    return;
  }
  const router::Limits& limits = offline.environment.router.settings().limits();
  merge(drain->unwritten, drain->after, *page);
  // Taken twice: what was acknowledged since the read began is still in the page.
  drain->in_flight.merge(rows_in_flight(state, *account));
  for (Message& message : page->messages) {
    if (is_busy(state, limits, 1)) {  // what the store didn't show yet may be too much in one piece
      page->last = false;
      break;
    }
    drain->after = message.id;
    // What another session was sent is redelivered when that ends unacknowledged.
    if (drain->in_flight.contains(message.id)) continue;
    send(offline, *account, *session, std::move(message));
  }
  if (page->last) return offline.finish_drain(*account);
  // Neither a client that takes its time nor a store that does makes others wait.
  begin_waiting(*session, offline.behind);
  drain->hold.reset();
  drain->paused = is_busy(state, limits, 1);
  if (!drain->paused) offline.read_on(*account);
}

}  // namespace

bool may_receive(const router::SessionView& session) { return session.available() && session.priority() >= 0; }

bool is_from_store(const router::Delivery& delivery) {
  return dynamic_cast<const RowReceipt*>(delivery.receipt.get()) != nullptr;
}

void Offline::start_drain(router::AccountView& account, const router::SessionView& session, Task task) const {
  if (!account.may_have_offline_rows()) return;  // most logins are spared a look at the store
  State& state = this->state(account);
  if (state.drain) {
    if (task == Task::hand_over) state.drain->next = session.jid();
    return;
  }
  state.drain = std::make_unique<Drain>();
  state.drain->task = task;
  state.drain->session = session.jid();
  state.drain->number = ++state.last_drain;
  state.drain->hold = account.hold();
  read_on(account);
}

void Offline::read_on(router::AccountView& account) const {
  State& state = this->state(account);
  Drain& drain = *state.drain;
  drain.unwritten = *state.pending;
  drain.in_flight = rows_in_flight(state, account);
  environment.store.read(
      environment.router.loop(),
      [owner = std::string(account.jid().str()), after = drain.after,
       room = room_for(state, environment.router.settings().limits())](store::Reader& reader) {
        return read_page(reader, owner, after, room);
      },
      [offline = *this, owner = account.jid(), number = drain.number](base::Result<Page> page) {
        on_page(offline, owner, number, std::move(page));
      });
}

void Offline::clear(const xmpp::Jid& owner, const std::vector<std::int64_t>& ids, std::uint64_t number,
                    bool last) const {
  auto unit = base::make_ref<store::Unit>();
  for (const std::int64_t id : ids) unit->add(store::OfflineDelete{.owner = std::string(owner.str()), .id = id});
  // Read on behind the commit only: a handing-over that follows must not find them.
  environment.store.write(std::move(unit), environment.router.loop(),
                          [offline = *this, owner, number, last, cleared = ids.size()](const base::Result<void>& done) {
                            if (!done) base::log::warning("offline_row_left", {{"why", done.error().what}});
                            router::AccountView* account = offline.environment.accounts.account(owner);
                            if (account == nullptr) return;
                            State& state = offline.state(*account);
                            if (done)
                              state.count -= std::min<std::int64_t>(state.count, static_cast<std::int64_t>(cleared));
                            if (drain_of(state, number) == nullptr) return;
                            if (last || !done) return offline.finish_drain(*account);
                            offline.read_on(*account);
                          });
}

void Offline::finish_drain(router::AccountView& account) const {
  State& state = this->state(account);
  router::SessionView* session = account.session(state.drain->session);
  if (session != nullptr && is_waiting(*session, behind) && is_busy(state, environment.router.settings().limits(), 2)) {
    state.drain->paused = state.drain->all_read = true;
    return;
  }
  const auto done = std::exchange(state.drain, nullptr);
  if (session != nullptr) end_waiting(*session, behind);
  if (done->task != Task::clear) return;
  const router::SessionView* next = account.session(done->next);
  if (next != nullptr) start_drain(account, *next, Task::hand_over);
}

void Offline::remove(const xmpp::Jid& owner, std::int64_t id) const {
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::OfflineDelete{.owner = std::string(owner.str()), .id = id});
  environment.store.write(std::move(unit), environment.router.loop(), [](const base::Result<void>& done) {
    // It comes again at the next login, which is better than never.
    if (!done) base::log::warning("offline_row_left", {{"why", done.error().what}});
  });
}

void Offline::settled(const xmpp::Jid& owner, std::int64_t id, Pending& row, bool durable) const {
  row.settled = true;
  if (row.arrived && row.revocation->written) remove(owner, id);
  router::AccountView* account = environment.accounts.account(owner);
  if (account == nullptr) return;
  State& known = state(*account);
  known.pending.get().erase(id);
  if (known.pending->empty()) known.pending.reset();
  if (!durable && !row.arrived && known.count > 0) --known.count;
}

void Offline::arrived(const xmpp::Jid& owner, std::int64_t id, const PendingRef& pending) const {
  if (pending && !pending->settled) {
    pending->arrived = true;
    pending->revocation->cancelled = true;  // or settled() finds that it was too late
  } else {
    remove(owner, id);
  }
  router::AccountView* account = environment.accounts.account(owner);
  if (account == nullptr) return;
  State& known = state(*account);
  if (known.count > 0) --known.count;
  landed(owner);
}

void Offline::landed(const xmpp::Jid& owner) const {
  router::AccountView* account = environment.accounts.account(owner);
  if (account == nullptr) return;
  State& known = state(*account);
  if (!known.drain || !known.drain->paused) return;
  if (is_busy(known, environment.router.settings().limits(), 2)) return;
  known.drain->paused = false;
  if (known.drain->all_read) return finish_drain(*account);
  read_on(*account);
}

}  // namespace offline
