#include "accounts/accounts.h"

#include <iterator>
#include <utility>

#include "accounts/bind_iq.h"
#include "accounts/inbound.h"
#include "accounts/roster_iq.h"
#include "base/check.h"
#include "base/log.h"

namespace accounts {

using xmpp::Condition;
using xmpp::Kind;
using xmpp::Type;

Accounts::Accounts(router::Router& router, router::Registry& registry, const router::DeliveryPoints& points,
                   store::Store& store, base::Random& random)
    : shard_{.accounts = *this,
             .router = router,
             .registry = registry,
             .points = points,
             .store = store,
             .random = random,
             .windows = Windows(router, store)} {
  register_roster(registry, *this);
  register_bind(registry);
  if (router.shard() == 0) shard_.windows.start_expiry();
}

Account* Accounts::account(const xmpp::Jid& bare) {
  const auto found = entries_.find(bare.bare_str());
  return found == entries_.end() ? nullptr : found->second.account.get();
}

std::vector<Account*> Accounts::loaded() const {
  std::vector<Account*> all;
  for (const auto& [jid, entry] : entries_)
    if (entry.account) all.push_back(entry.account.get());
  return all;
}

void Accounts::receive(router::PacketRef packet) {
  const bool reply = packet->stanza().kind() == Kind::iq && !packet->stanza().is_request();
  if (reply && shard_.router.settle(packet)) return;
  if (packet->to().local().empty()) return receive_for_host(packet);
  const auto found = entries_.find(packet->to().bare_str());
  if (found == entries_.end() && answered_unloaded(shard_, *packet)) return;
  Entry& entry = found != entries_.end() ? found->second : start_load(packet->to().bare());
  entry.used = true;
  if (entry.hidden) return receive_for_nobody(shard_, *packet);
  if (entry.account && !entry.account->held() && entry.waiting.empty()) {
    inbound(*entry.account, std::move(packet));
  } else if (entry.waiting.size() < shard_.limits().account_queue_packets) {
    entry.waiting.push_back({std::move(packet), {}});
  } else {
    refuse(shard_, *packet);
  }
}

// RFC 6120 10.5.2, 10.5.3: the server itself.
void Accounts::receive_for_host(const router::PacketRef& packet) {
  const xmpp::Stanza& stanza = packet->stanza();
  if (stanza.kind() == Kind::presence) return;
  if (stanza.is_request() && packet->to().is_domain()) {
    shard_.registry.handle(shard_.router, router::Target::server, packet);
  } else {
    shard_.router.bounce(*packet, Condition::service_unavailable);
  }
}

// ---- loading ----

Accounts::Entry& Accounts::start_load(const xmpp::Jid& bare) {
  Entry& entry = entries_[bare];
  entry.load = shard_.next_number();
  const auto late = [this, bare, number = entry.load] {
    finish_load(bare, number, base::failure("loading takes too long"));
  };
  entry.deadline = base::Timer(shard_.loop(), shard_.limits().account_load, late);
  shard_.store.read(
      shard_.loop(), [bare, &points = shard_.points](store::Reader& reader) { return load(reader, bare, points); },
      [this, bare, number = entry.load](base::Result<Loaded> loaded) { finish_load(bare, number, std::move(loaded)); });
  if (!sweep_.armed()) sweep_ = base::Timer(shard_.loop(), shard_.limits().account_idle, [this] { sweep(); });
  return entry;
}

void Accounts::finish_load(const xmpp::Jid& bare, std::uint64_t number, base::Result<Loaded> loaded) {
  const auto found = entries_.find(bare.bare_str());
  if (found == entries_.end() || found->second.account || found->second.load != number) return;  // too late
  if (loaded && loaded->exists) {
    found->second.deadline.cancel();
    found->second.account = std::make_unique<Account>(shard_, bare, *std::move(loaded));
    return drain(bare);
  }
  if (!loaded) base::log::error("account_load_failed", {{"account", bare.str()}, {"why", loaded.error().what}});
  // Nothing stays behind of an account that doesn't exist: strangers could fill the memory with names.
  auto entry = entries_.extract(found);
  fail(std::move(entry.mapped().waiting), loaded ? Absent::unknown : Absent::failed);
}

void Accounts::fail(base::Ring<Waiting> waiting, Absent why) {
  while (!waiting.empty()) {
    Waiting each = waiting.take_front();
    if (each.job) {
      each.job(nullptr, why);
    } else if (why == Absent::unknown) {
      receive_for_nobody(shard_, *each.packet);
    } else {
      refuse(shard_, *each.packet);
    }
  }
}

void Accounts::with_account(const xmpp::Jid& bare, Job job) {
  const auto found = entries_.find(bare.bare_str());
  Entry& entry = found != entries_.end() ? found->second : start_load(bare);
  entry.used = true;
  if (entry.hidden) return job(nullptr, Absent::unknown);
  if (entry.account) return job(entry.account.get(), Absent::unknown);
  if (entry.waiting.size() >= shard_.limits().account_queue_packets) return job(nullptr, Absent::failed);
  entry.waiting.push_back({{}, std::move(job)});
}

void Accounts::drain(const xmpp::Jid& bare) {
  for (;;) {
    const auto found = entries_.find(bare.bare_str());
    if (found == entries_.end() || !found->second.account) return;
    Entry& entry = found->second;
    if (entry.waiting.empty() || entry.account->held()) return;
    Waiting next = entry.waiting.take_front();
    if (next.job) {
      next.job(entry.account.get(), Absent::unknown);
    } else {
      inbound(*entry.account, std::move(next.packet));
    }
  }
}

// What is used keeps its place for one more round.
void Accounts::sweep() {
  for (auto each = entries_.begin(); each != entries_.end();) {
    Entry& entry = each->second;
    const bool idle = entry.account && entry.account->idle() && entry.waiting.empty() && !entry.hidden;
    const bool used = std::exchange(entry.used, false);
    each = idle && !used ? entries_.erase(each) : std::next(each);
  }
  if (!entries_.empty()) sweep_ = base::Timer(shard_.loop(), shard_.limits().account_idle, [this] { sweep(); });
}

void Accounts::hide(const xmpp::Jid& bare) {
  const auto found = entries_.find(bare.bare_str());
  base::check(found != entries_.end(), "an account has its entry");
  found->second.hidden = true;
  fail(std::exchange(found->second.waiting, {}), Absent::unknown);
}

void Accounts::show(const xmpp::Jid& bare) {
  if (const auto found = entries_.find(bare.bare_str()); found != entries_.end()) found->second.hidden = false;
}

void Accounts::forget(const xmpp::Jid& bare) {
  const auto found = entries_.find(bare.bare_str());
  if (found == entries_.end()) return;
  auto entry = entries_.extract(found);
  entry.mapped().deadline.cancel();
  fail(std::move(entry.mapped().waiting), Absent::unknown);
}

// ---- holds and rows ----

void Accounts::holding(const xmpp::Jid& bare) {
  const auto found = entries_.find(bare.bare_str());
  base::check(found != entries_.end(), "an account has its entry");
  // Two holds may wait for each other's rows across shards; the deadline undoes that as well.
  found->second.deadline =
      base::Timer(shard_.loop(), shard_.limits().account_load, [this, bare] { hold_expired(bare); });
}

void Accounts::hold_expired(const xmpp::Jid& bare) {
  Entry& entry = entries_.find(bare.bare_str())->second;  // the timer is the entry's own
  base::log::warning("account_held_too_long", {{"account", bare.str()}, {"packets", entry.waiting.size()}});
  entry.account->break_holds();
  fail(std::exchange(entry.waiting, {}), Absent::failed);
}

// Posted, because whoever lets go is in the middle of something.
void Accounts::released(const xmpp::Jid& bare, std::uint64_t hold) {
  const auto found = entries_.find(bare.bare_str());
  if (found == entries_.end() || !found->second.account) return;
  found->second.account->release(hold);
  if (found->second.account->held()) return;
  found->second.deadline.cancel();
  shard_.loop().post([this, bare] { drain(bare); });
}

void Accounts::rows_settled(const xmpp::Jid& bare, std::uint64_t number) {
  if (Account* settled = account(bare)) settled->rows_settled(number);
}

}  // namespace accounts
