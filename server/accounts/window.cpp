#include "accounts/window.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace accounts {

using router::SessionId;

namespace {

constexpr std::chrono::hours kMarkLife{24};
constexpr std::chrono::hours kMarkExpiry{1};

}  // namespace

// Posted even on the home shard: the last holder may be in the middle of something that the next step would disturb.
Ticket::~Ticket() {
  Windows::Return back{session_, slot_, heir()};
  if (session_ == SessionId::none && !back.rows) return;
  if (loop_.here()) {
    home_.take_back(std::move(back));
  } else {
    loop_.post([&home = home_, back = std::move(back)]() mutable { home.returned(std::move(back)); });
  }
}

void Windows::take_back(Return back) {
  returns_.push_back(std::move(back));
  if (returns_.size() > 1) return;
  router_.loop().post([this] {
    for (Return& each : std::exchange(returns_, {})) returned(std::move(each));
  });
}

void Windows::open(SessionId session, router::SessionLink& link, const xmpp::Jid& jid) {
  Window& window = windows_[session];
  window.link = &link;
  window.jid = jid;
}

base::Ref<Ticket> Windows::take(SessionId session) {
  Window& window = windows_.at(session);
  window.slots.push_back({});
  const std::uint64_t number = window.first + window.slots.size() - 1;
  return base::make_ref<Ticket>(*this, router_.loop(), session, number, window.managed);
}

base::Ref<Ticket> Windows::loose() {
  return base::make_ref<Ticket>(*this, router_.loop(), SessionId::none, std::uint64_t{0}, false);
}

void Windows::remember(SessionId session, xmpp::StanzaRef stanza, xmpp::Jid to) {
  Slot& slot = windows_.at(session).slots.back();
  slot.stanza = std::move(stanza);
  slot.to = std::move(to);
}

void Windows::weigh(SessionId session, std::size_t copies) {
  if (const Window& window = windows_.at(session); window.link != nullptr) window.link->weigh(copies);
}

void Windows::count(SessionId session, std::string sm_id) {
  Window& window = windows_.at(session);
  window.managed = true;
  if (!sm_id.empty()) window.mark.get() = {std::move(sm_id), window.first + window.slots.size()};
}

void Windows::close(SessionId session, bool forget_mark) {
  const auto found = windows_.find(session);
  if (found == windows_.end()) return;
  Window& window = found->second;
  window.link = nullptr;
  if (forget_mark && !window.mark->sm_id.empty()) {
    auto rows = base::make_ref<store::Unit>();
    rows->add(store::SmMarkDelete{window.mark->sm_id});
    window.mark.reset();
    write(std::move(rows));  // behind the marks given already; later rows carry none
  }
  report(session, window);
}

void Windows::returned(Return back) {
  const auto& [session, number, rows] = back;
  if (session == SessionId::none) return write(std::move(back.rows));
  const auto found = windows_.find(session);
  base::check(found != windows_.end(), "a window outlives its slots");
  Window& window = found->second;
  Slot& slot = window.slots[number - window.first];
  if (number >= window.next) {
    slot.rows = std::move(back.rows);
    slot.state = Slot::State::ready;
    return advance(session, window);
  }
  // The second return, after the error that answered a failed commit: whatever that left waits for nobody.
  if (rows) write(std::move(back.rows));
  slot.state = Slot::State::complete;
  report(session, window);
}

void Windows::write(store::UnitRef rows) {
  store_.write(std::move(rows), router_.loop(), [](const base::Result<void>& result) {
    if (!result) base::log::error("rows_lost", {{"why", result.error().what}});
  });
}

void Windows::start_expiry() {
  expiry_ = base::Timer(router_.loop(), {}, [this] { expire_marks(); });
}

// A client that is gone for a day has long lost its session; a mark that idle stands for nothing unacknowledged.
void Windows::expire_marks() {
  auto rows = base::make_ref<store::Unit>();
  rows->add(store::SmMarkExpire{router_.loop().wall() - kMarkLife});
  write(std::move(rows));
  expiry_ = base::Timer(router_.loop(), kMarkExpiry, [this] { expire_marks(); });
}

// From the front only, so that one session's units commit in order.
void Windows::advance(SessionId session, Window& window) {
  while (window.next < window.first + window.slots.size()) {
    Slot& slot = window.slots[window.next - window.first];
    if (slot.state != Slot::State::ready) break;
    const std::uint64_t number = window.next++;
    if (!slot.rows) {
      slot.state = Slot::State::complete;
    } else {
      commit(session, window, number);
    }
  }
  report(session, window);
}

// The mark goes with rows only. Behind the last rows, `h` may have been acknowledged further than the mark says; after
// a crash the client is then told the lower number. It has forgotten what it saw acknowledged, so nothing is sent
// twice, and what it still resends had no rows (an iq, a presence) and may be handled again. What has rows is never
// doubled, because the mark and the rows are one unit.
void Windows::commit(SessionId session, Window& window, std::uint64_t number) {
  Slot& slot = window.slots[number - window.first];
  slot.state = Slot::State::writing;
  if (const Mark& mark = *window.mark; !mark.sm_id.empty() && number >= mark.counted) {
    const auto h = static_cast<std::uint32_t>(number - mark.counted + 1);  // wraps at 2^32 (XEP-0198 4)
    slot.rows->add(store::SmMarkPut{{mark.sm_id, std::string(window.jid.bare_str()), h, router_.loop().wall()}});
  }
  store_.write(std::move(slot.rows), router_.loop(),
               [this, session, number](const base::Result<void>& result) { committed(session, number, result); });
}

void Windows::committed(SessionId session, std::uint64_t number, const base::Result<void>& result) {
  Window& window = windows_.at(session);
  Slot& slot = window.slots[number - window.first];
  if (result || !slot.stanza) {
    slot.state = Slot::State::complete;
    return report(session, window);
  }
  // The error travels with the slot's ticket: it is handed over first, then the slot comes back complete.
  base::log::error("stanza_not_kept", {{"from", window.jid.str()}, {"why", result.error().what}});
  slot.state = Slot::State::open;
  const auto ticket = base::make_ref<Ticket>(*this, router_.loop(), session, number, false);
  const router::Packet lost(std::move(slot.stanza), window.jid, slot.to, router::Origin::session, ticket);
  router_.bounce(lost, {xmpp::Condition::internal_server_error, xmpp::ErrorType::wait, "could not be stored"});
}

bool Windows::has_window(const xmpp::Jid& account) const {
  return std::ranges::any_of(windows_, [&](const auto& each) { return xmpp::same_bare(each.second.jid, account); });
}

void Windows::when_closed(const xmpp::Jid& account, base::Fn<void()> job) {
  if (!has_window(account)) return job();
  waiting_.emplace_back(account, std::move(job));
}

void Windows::run_waiting(const xmpp::Jid& account) {
  const auto waits = [&](const auto& each) { return each.first == account; };
  auto found = std::ranges::find_if(waiting_, waits);
  if (found == waiting_.end() || has_window(account)) return;
  base::Fn<void()> job = std::move(found->second);
  waiting_.erase(found);
  router_.loop().post(std::move(job));
}

// Last in every path: the link may submit more, and a closed window ends here.
void Windows::report(SessionId session, Window& window) {
  std::uint32_t count = 0;
  while (!window.slots.empty() && window.slots.front().state == Slot::State::complete) {
    window.slots.take_front();
    ++window.first;
    ++count;
  }
  if (window.link == nullptr) {
    if (!window.slots.empty()) return;
    const xmpp::Jid account = window.jid.bare();
    windows_.erase(session);
    return run_waiting(account);
  }
  if (count > 0) window.link->completed(count);
}

}  // namespace accounts
