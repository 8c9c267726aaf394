#include "accounts/account.h"

#include <algorithm>
#include <utility>

#include "accounts/accounts.h"
#include "accounts/presence.h"
#include "base/check.h"

namespace accounts {
namespace {

constexpr std::size_t kIdleCapacity = 16;  // rows under way

class Hold final : public router::AccountHold {
 public:
  Hold(Accounts& accounts, xmpp::Jid jid, std::uint64_t number)
      : accounts_(accounts), jid_(std::move(jid)), number_(number) {}
  ~Hold() override { accounts_.released(jid_, number_); }

 private:
  Accounts& accounts_;
  xmpp::Jid jid_;
  std::uint64_t number_;
};

/// Let go with the unit it watches, which may be on another shard.
class Issued final : public store::Watcher {
 public:
  Issued(Accounts& accounts, base::Loop& loop, xmpp::Jid jid, std::uint64_t number)
      : accounts_(accounts), loop_(loop), jid_(std::move(jid)), number_(number) {}
  ~Issued() override {
    loop_.post([&accounts = accounts_, jid = jid_, number = number_] { accounts.rows_settled(jid, number); });
  }

 private:
  Accounts& accounts_;
  base::Loop& loop_;
  xmpp::Jid jid_;
  std::uint64_t number_;
};

}  // namespace

base::Result<Loaded> load(store::Reader& reader, const xmpp::Jid& jid, const router::DeliveryPoints& points) {
  Loaded loaded;
  auto account = reader.account(jid.str());
  if (!account) return std::unexpected(account.error());
  if (!*account) return loaded;
  loaded.exists = true;
  loaded.disabled = (*account)->disabled;
  auto roster = reader.roster(jid.str());
  if (!roster) return std::unexpected(roster.error());
  loaded.roster = *std::move(roster);
  auto last = reader.last_offline_id(jid.str());
  if (!last) return std::unexpected(last.error());
  loaded.last_offline_id = *last;
  for (const auto& loader : points.loaders) {
    auto state = loader(reader, jid);
    if (!state) return std::unexpected(state.error());
    loaded.slots.push_back(*std::move(state));
  }
  return loaded;
}

Account::Account(Shard& shard, xmpp::Jid jid, Loaded loaded)
    : disabled(loaded.disabled),
      shard_(shard),
      jid_(std::move(jid)),
      roster_(jid_, loaded.roster),
      slots_(std::move(loaded.slots)),
      last_offline_id_(loaded.last_offline_id) {}

const router::HostSettings& Account::host() const {
  const router::HostSettings* host = shard_.router.settings().host(jid_.domain());
  return host != nullptr ? *host : shard_.router.settings().first();
}

Session* Account::session(const xmpp::Jid& full) {
  const auto found = std::ranges::find(sessions_, full, [](const auto& session) -> auto& { return session->jid(); });
  return found == sessions_.end() ? nullptr : found->get();
}

Session* Account::session(router::SessionId id) {
  const auto found = std::ranges::find(sessions_, id, [](const auto& session) { return session->id(); });
  return found == sessions_.end() ? nullptr : found->get();
}

Session& Account::add(std::unique_ptr<Session> session) {
  views_.push_back(session.get());
  sessions_.push_back(std::move(session));
  return *sessions_.back();
}

std::unique_ptr<Session> Account::take(Session& session) {
  const auto found = std::ranges::find(sessions_, &session, [](const auto& each) { return each.get(); });
  base::check(found != sessions_.end(), "an account has its sessions");
  std::unique_ptr<Session> taken = std::move(*found);
  sessions_.erase(found);
  std::erase(views_, taken.get());
  return taken;
}

bool Account::any_available() const {
  return std::ranges::any_of(sessions_, [](const auto& session) { return session->available(); });
}

std::optional<router::SubscriptionState> Account::subscription(const xmpp::Jid& contact) const {
  const xmpp::Jid bare = contact.bare();
  if (roster_.find(bare) == nullptr) return std::nullopt;
  const Subscription relation = roster_.subscription(bare);
  using enum router::SubscriptionState;
  if (relation.to) return relation.from ? both : to;
  return relation.from ? from : none;
}

std::unique_ptr<router::FeatureState>& Account::slot(router::AccountSlot slot) {
  return slots_.at(static_cast<std::size_t>(slot));
}

std::unique_ptr<router::AccountHold> Account::hold() {
  const std::uint64_t number = shard_.next_number();
  holds_.push_back(number);
  shard_.accounts.holding(jid_);
  return std::make_unique<Hold>(shard_.accounts, jid_, number);
}

void Account::release(std::uint64_t hold) {
  std::erase(holds_, hold);
  if (holds_.empty()) holds_.shrink_to_fit();  // logins have them, and nothing else for long
}

void Account::send_presence_to(const xmpp::Jid& contact, bool available) {
  if (contact.is_domain()) return presence_to_domain(*this, contact.domain(), available);
  presence_to(*this, contact, available);
}

void Account::watch(store::Unit& unit, std::size_t before) {
  if (unit.rows().size() == before) return;
  const std::uint64_t number = shard_.next_number();
  issued_.push_back(number);
  unit.attach(base::make_ref<Issued>(shard_.accounts, shard_.loop(), jid_, number));
}

void Account::rows_settled(std::uint64_t number) {
  if (const auto found = std::ranges::lower_bound(issued_, number); found != issued_.end() && *found == number)
    issued_.erase(found);
  if (issued_.empty() && issued_.capacity() > kIdleCapacity) issued_.shrink_to_fit();
  while (!waiting_->empty() && (issued_.empty() || waiting_->begin()->first < issued_.front())) {
    auto& waiting = waiting_.get();
    auto job = std::move(waiting.begin()->second);
    waiting.erase(waiting.begin());
    if (waiting.empty()) waiting_.reset();
    job();
  }
}

void Account::after_rows(base::Fn<void()> job) {
  if (issued_.empty()) return job();
  waiting_.get().emplace(issued_.back(), std::move(job));
}

const std::shared_ptr<std::set<std::int64_t>>& Account::in_flight() {
  if (in_flight_ == nullptr) in_flight_ = std::make_shared<std::set<std::int64_t>>();
  return in_flight_;
}

std::set<std::int64_t> Account::offline_rows_in_flight() const {
  return in_flight_ != nullptr ? *in_flight_ : std::set<std::int64_t>();
}

// From the clock, so that ids stay above those of rows already taken out; never back (SECURITY R05).
std::int64_t Account::next_offline_id() {
  const std::int64_t now = shard_.loop().wall().time_since_epoch().count();
  return last_offline_id_ = std::max(last_offline_id_ + 1, now);
}

}  // namespace accounts
