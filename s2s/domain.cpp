#include "s2s/domain.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/log.h"
#include "xmpp/stored.h"

namespace s2s {
namespace {

constexpr std::size_t kPage = 500;  // rows in one read
constexpr std::chrono::seconds kReload{5};

/// What a row says, or nothing if it was damaged.
std::optional<Outbound> outbound_of(const store::SpoolRow& row) {
  auto document = xmpp::from_stored(row.stanza);
  if (!document) return {};
  const auto from = xmpp::Jid::parse(document->root().attr("from")), to = xmpp::Jid::parse(document->root().attr("to"));
  auto stanza = xmpp::Stanza::parse(std::move(*document));
  if (!stanza || !from || !to) return {};
  const std::size_t bytes = (*stanza)->memory();
  return Outbound{.stanza = std::move(*stanza), .from = *from, .to = *to, .bytes = bytes, .patient = true};
}

}  // namespace

/// A local domain's half of it: its queue, and where that goes.
struct Domain::Pair {
  Pair(Shard& shard, Spool& spool, std::string name, const std::string& remote)
      : local(std::move(name)), queue(shard.router, shard.policy, spool, remote), backoff(shard.random) {}

  std::string local;
  Queue queue;
  Backoff backoff;
  Line* line = nullptr;         // it has, or will have a link with the line's
  bool up = false;              // authorised on it
  std::optional<Failure> last;  // the last attempt failed; a new one is made when `retry` is over
  std::string failure;          // of the last attempt, until one succeeds
  base::Timer retry, tickets;
};

/// A link and all that was sent over it and has not arrived. Between a link's loss and its resumption there is none.
struct Domain::Line {
  std::unique_ptr<Link> link;
  std::vector<Pair*> pairs;
  std::deque<Sent> sent;
  std::string resume;  // of the lost stream; empty: none, or its fate is known
  bool open = false;
  bool too_late = false;  // to resume
  base::Timer resumption;
};

Domain::Domain(Shard& shard, std::string remote)
    : shard_(shard), remote_(std::move(remote)), spool_(shard.store, shard.router.loop(), remote_) {
  load(0);
}

Domain::~Domain() = default;

// ---- what the store holds ----

void Domain::load(std::int64_t after) {
  shard_.store.read(
      loop(), [remote = remote_, after](store::Reader& reader) { return reader.spool(remote, after, kPage); },
      [this, alive = std::weak_ptr<bool>(alive_)](const base::Result<std::vector<store::SpoolRow>>& rows) {
        if (!alive.expired()) loaded(rows);
      });
}

// Ids go on behind the last row, so nothing can be kept or sent before all are read.
void Domain::loaded(const base::Result<std::vector<store::SpoolRow>>& rows) {
  if (!rows) {
    base::log::error("spool_unread", {{"remote", remote_}, {"why", rows.error().what}});
    read_.clear();
    reload_ = base::Timer(loop(), kReload, [this] { load(0); });
    return;
  }
  read_.insert(read_.end(), rows->begin(), rows->end());
  if (rows->size() == kPage) return load(rows->back().id);
  loaded_ = true;
  restore(std::exchange(read_, {}));
  for (const auto& pair : std::views::values(pairs_)) start(*pair);
}

void Domain::restore(const std::vector<store::SpoolRow>& rows) {
  if (!rows.empty()) base::log::info("spool_read", {{"remote", remote_}, {"stanzas", rows.size()}});
  for (const store::SpoolRow& row : rows | std::views::reverse) {
    const SpooledRef kept = spool_.restore(row.id);
    auto stanza = outbound_of(row);
    if (!stanza || !shard_.router.is_local(row.local)) {
      const char* why = stanza ? "its sender's domain is not served any more" : "it is damaged";
      base::log::error("spool_row_dropped", {{"remote", remote_}, {"local", row.local}, {"id", row.id}, {"why", why}});
      kept->drop();
      continue;
    }
    // A clock that was set back must not keep it longer than a new one.
    const base::WallTime now = loop().wall();
    stanza->deadline = loop().now() + (std::clamp<base::WallTime>(row.deadline, now, now + limits().message) - now);
    stanza->row = kept;
    pair(row.local).queue.restore(std::move(*stanza));
  }
}

// ---- packets ----

Domain::Pair& Domain::pair(std::string_view local) {
  if (const auto found = pairs_.find(local); found != pairs_.end()) return *found->second;
  std::string name(local);
  auto made = std::make_unique<Pair>(shard_, spool_, name, remote_);
  return *pairs_.emplace(std::move(name), std::move(made)).first->second;
}

// Never from one remote domain to another: whoever claims to be local was checked where he came in.
void Domain::receive(const router::PacketRef& packet) {
  if (!shard_.router.is_local(packet->from().domain())) {
    base::log::warning("relay_refused", {{"from", packet->from().str()}, {"to", packet->to().str()}});
    return;
  }
  Pair& to = pair(packet->from().domain());
  to.queue.add(packet);
  if (loaded_) start(to);
}

// Whatever state it is in: sends, dials, or answers what waits for nothing.
void Domain::start(Pair& pair) {
  if (pair.up) {
    pump(pair);
    return hold_tickets(pair);
  }
  pair.queue.release(base::MonoTime::max());
  if (pair.last) return pair.queue.fail(*pair.last);
  if (pair.line == nullptr && !pair.retry.armed() && !pair.queue.empty() && !stopping_) dial(pair);
}

bool Domain::idle() const {
  const auto holds = [](const auto& pair) { return pair->queue.held() > 0 || pair->retry.armed(); };
  return loaded_ && lines_.empty() && !spool_.busy() && std::ranges::none_of(std::views::values(pairs_), holds);
}

void Domain::stop() {
  stopping_ = true;
  if (!loaded_) return;  // then
  for (const auto& pair : std::views::values(pairs_)) pair->queue.release(base::MonoTime::max());
  for (Line& line : lines_) release_sent(line, base::MonoTime::max());
}

void Domain::kick() {
  for (const Line& line : lines_)
    if (line.link) line.link->close();
}

std::vector<PairState> Domain::pairs() const {
  std::vector<PairState> states;
  for (const auto& [local, pair] : pairs_) {
    const std::size_t waiting = pair->queue.size(), held = pair->queue.held();
    states.push_back({.local = local,
                      .up = pair->up,
                      .waiting = waiting,
                      .unacknowledged = held - waiting,
                      .bytes = pair->queue.held_bytes(),
                      .failure = pair->failure});
  }
  return states;
}

// ---- dialling ----

void Domain::dial(Pair& pair) {
  if (!shard_.policy->allows(pair.local, remote_) || !shard_.policy->rules(pair.local, remote_).may_open())
    return failed(pair, {.condition = xmpp::Condition::not_allowed,
                         .text = pair.local + " does not federate with " + remote_,
                         .final = true});
  if (pair.line == nullptr) {
    const auto shared = std::ranges::find_if(
        lines_, [](const Line& line) { return line.link && line.open && line.link->multiplexes(); });
    if (shared != lines_.end()) {
      attach(pair, *shared);
      return shared->link->authorise(pair.local);
    }
    attach(pair, lines_.emplace_back());
  }
  Line& line = *pair.line;
  if (line.link) return;  // another pair of the line was first
  line.open = false;
  line.link = shard_.links.dial(pair.local, remote_, line.resume, *this);
}

void Domain::attach(Pair& pair, Line& line) {
  pair.line = &line;
  line.pairs.push_back(&pair);
}

Domain::Line* Domain::line_of(const Link& link) {
  const auto found = std::ranges::find(lines_, &link, [](const Line& line) { return line.link.get(); });
  return found == lines_.end() ? nullptr : &*found;
}

void Domain::link_open(Link& link, std::optional<std::uint32_t> resumed) {
  Line* line = line_of(link);
  if (line == nullptr) return;
  line->open = true;
  line->resume.clear();
  line->resumption.cancel();
  // A peer can't have more than it was sent.
  for (auto left = std::min<std::size_t>(resumed.value_or(0), line->sent.size()); left > 0; --left) {
    Sent arrived = std::move(line->sent.front());
    line->sent.pop_front();
    arrived.pair->queue.finish(std::move(arrived.stanza));
  }
  give_back(*line);
}

void Domain::came_up(Pair& pair) {
  pair.up = true;
  pair.last.reset();
  pair.failure.clear();
  pair.retry.cancel();
  pair.backoff.reset();
  pair.queue.note({});
  if (loaded_) start(pair);
}

bool Domain::adopt(std::unique_ptr<Link>& link, const std::string& local) {
  Pair& pair = this->pair(local);
  if (pair.line != nullptr || stopping_ || !shard_.policy->allows(local, remote_)) return false;
  Line& line = lines_.emplace_back();
  line.link = std::move(link);
  line.open = true;
  attach(pair, line);
  came_up(pair);
  return true;
}

void Domain::link_authorised(Link& link, const std::string& local) {
  Line* line = line_of(link);
  const auto found = pairs_.find(local);
  if (line == nullptr || found == pairs_.end() || found->second->line != line) return;
  Pair& pair = *found->second;
  came_up(pair);
  // Those that waited for the same link go over it too, or over their own.
  for (Pair* other : std::vector(line->pairs)) {
    if (other->up || other == &pair) continue;
    if (line->link->multiplexes()) {
      line->link->authorise(other->local);
      continue;
    }
    std::erase(line->pairs, other);
    other->line = nullptr;
    other->retry.cancel();
    if (!other->queue.empty()) dial(*other);
  }
}

void Domain::link_refused(Link& link, const std::string& local, const Failure& failure) {
  Line* line = line_of(link);
  const auto found = pairs_.find(local);
  if (line == nullptr || found == pairs_.end() || found->second->line != line) return;
  Pair& pair = *found->second;
  std::erase(line->pairs, &pair);
  pair.line = nullptr;
  pair.up = false;
  failed(pair, failure);
}

// ---- sending ----

void Domain::pump(Pair& pair) {
  Line& line = *pair.line;
  while (!pair.queue.empty() && line.link->writable()) {
    line.sent.push_back({&pair, pair.queue.take()});
    Outbound& stanza = line.sent.back().stanza;
    if (stopping_) pair.queue.release(stanza);
    line.link->send(stanza.stanza, stanza.from, stanza.to);
  }
}

void Domain::link_writable(Link& link) {
  Line* line = line_of(link);
  if (line == nullptr) return;
  for (Pair* pair : line->pairs)
    if (pair->up) pump(*pair);
}

void Domain::link_done(Link& link, std::uint32_t count) {
  Line* line = line_of(link);
  if (line == nullptr) return;
  for (auto left = std::min<std::size_t>(count, line->sent.size()); left > 0; --left) {
    Sent arrived = std::move(line->sent.front());
    line->sent.pop_front();
    arrived.pair->queue.finish(std::move(arrived.stanza));
  }
}

// While a link works, most stanzas have arrived before they need a row. Nobody waits long for one that is slow.
void Domain::hold_tickets(Pair& pair) {
  if (stopping_) {
    pair.queue.release(base::MonoTime::max());
  } else if (!pair.tickets.armed() && pair.queue.held() > 0) {
    pair.tickets = base::Timer(loop(), limits().ticket, [this, &pair] { release_old(pair); });
  }
}

void Domain::release_old(Pair& pair) {
  pair.tickets.cancel();
  const base::MonoTime before = loop().now() - limits().ticket;
  const bool waiting = pair.queue.release(before);
  const bool sent = pair.line != nullptr && release_sent(*pair.line, before);
  if (waiting || sent) hold_tickets(pair);
}

/// True if others still keep their slots.
bool Domain::release_sent(Line& line, base::MonoTime before) {
  bool others = false;
  for (Sent& each : line.sent) {
    if (each.stanza.since <= before) {
      each.pair->queue.release(each.stanza);
    } else {
      others = others || each.stanza.ticket;
    }
  }
  return others;
}

// ---- the end of a link ----

void Domain::link_lost(Link& link, const Failure& failure, const std::string& resume) {
  Line* line = line_of(link);
  if (line == nullptr) return;
  const bool opened = line->open, two_way = line->link->two_way();
  line->open = false;
  // It is calling us; it goes afterwards.
  loop().post([gone = std::move(line->link)] {});
  release_sent(*line, base::MonoTime::max());
  const std::vector<Pair*> pairs = line->pairs;
  std::vector<Pair*> unreached;
  for (Pair* pair : pairs)
    if (!std::exchange(pair->up, false)) unreached.push_back(pair);
  if (opened || !resume.empty()) line->resume = resume;
  if ((line->sent.empty() && !two_way) || line->resume.empty() || line->too_late || failure.final) {
    dissolve(*line);
  } else if (opened) {
    suspend(*line);
  }
  for (Pair* pair : pairs) {
    if (std::ranges::find(unreached, pair) != unreached.end()) {
      if (pair->line != nullptr && pair->line->link) continue;  // dialled for another of them
      if (failure.elsewhere && !stopping_) {
        dial(*pair);
      } else {
        failed(*pair, failure);
      }
      continue;
    }
    pair->queue.release(base::MonoTime::max());
    pair->queue.note(failure);
    if (pair->queue.held() > 0 || pair->line != nullptr) retry_later(*pair);
  }
}

/// What it has lost and may resume is nobody's to send meanwhile, but not for long.
void Domain::suspend(Line& line) {
  line.resumption = base::Timer(loop(), limits().resumption, [this, &line] {
    line.too_late = true;
    if (!line.link) dissolve(line);
  });
}

/// In the order of sending, before all that waits.
void Domain::give_back(Line& line) {
  while (!line.sent.empty()) {
    Sent last = std::move(line.sent.back());
    line.sent.pop_back();
    last.pair->queue.put_back(std::move(last.stanza));
  }
}

void Domain::dissolve(Line& line) {
  give_back(line);
  for (Pair* pair : line.pairs) pair->line = nullptr;
  lines_.remove_if([&](const Line& each) { return &each == &line; });
}

void Domain::failed(Pair& pair, const Failure& failure) {
  base::log::info("federation_failed", {{"local", pair.local}, {"remote", remote_}, {"why", failure.text}});
  pair.last = failure;
  pair.failure = failure.text;
  pair.queue.release(base::MonoTime::max());
  pair.queue.note(failure);
  pair.queue.fail(failure);
  retry_later(pair);
}

// Until then stanzas that can't wait are answered with the reason; then the next one dials, or what waits does.
void Domain::retry_later(Pair& pair) {
  pair.retry = base::Timer(loop(), pair.backoff.next(limits().first_retry, limits().last_retry), [this, &pair] {
    pair.retry.cancel();
    pair.last.reset();
    if ((pair.queue.held() > 0 || pair.line != nullptr) && !pair.up && !stopping_) dial(pair);
  });
}

}  // namespace s2s
