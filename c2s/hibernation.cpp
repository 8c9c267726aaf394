#include "c2s/hibernation.h"

#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "c2s/session.h"
#include "c2s/shard.h"

namespace c2s {
namespace {

constexpr std::size_t kLongestId = 64;  // ours are shorter; longer ones are not worth a look

}  // namespace

Hibernation::Hibernation(Shard& shard) : shard_(shard), marks_(shard.loop()) {}

std::string Hibernation::enlist(Session& session) {
  std::string id = shard_.services().random.token();  // 128 bits: nobody guesses another's (XEP-0198 10)
  by_id_.emplace(id, &session);
  return id;
}

Session* Hibernation::find(const std::string& sm_id, const xmpp::Jid& account) const {
  const auto found = by_id_.find(sm_id);
  return found != by_id_.end() && found->second->account() == account ? found->second : nullptr;
}

void Hibernation::sleep(Session& session) {
  make_room(session);
  const std::uint64_t age = next_age_++;
  base::Timer expiry(shard_.loop(), session.resumable_for(), [&session] { session.expire(); });
  asleep_.emplace(age, Sleeper{&session, std::move(expiry)});
  by_account_.emplace(Key(session.account().str(), age), age);
  age_.emplace(&session, age);
}

void Hibernation::make_room(const Session& session) {
  const router::Limits& limits = shard_.limits();
  const std::string account(session.account().str());
  const auto first = by_account_.lower_bound(Key(account, 0));
  const auto last = by_account_.upper_bound(Key(account, next_age_));
  if (std::distance(first, last) >= std::ptrdiff_t{limits.hibernated_per_account} && first != last)
    asleep_.at(first->second).session->expire();
  const std::size_t share = std::max<std::size_t>(1, limits.hibernated_per_server / shard_.shards());
  if (asleep_.size() >= share) {
    base::log::warning("too many hibernated sessions", {{"kept", asleep_.size()}});
    asleep_.begin()->second.session->expire();
  }
}

void Hibernation::wake(Session& session) {
  const auto found = age_.find(&session);
  if (found == age_.end()) return;
  by_account_.erase(Key(session.account().str(), found->second));
  asleep_.erase(found->second);
  age_.erase(found);
}

void Hibernation::forget(Session& session) {
  wake(session);
  by_id_.erase(session.sm_id());
}

void Hibernation::find_mark(const std::string& sm_id, const xmpp::Jid& account,
                            base::Fn<void(std::optional<std::uint32_t>)> done) {
  if (sm_id.empty() || sm_id.size() > kLongestId) return done(std::nullopt);
  const std::uint64_t number = marks_.add(shard_.limits().credentials, std::nullopt, std::move(done));
  const auto job = [sm_id](store::Reader& reader) { return reader.sm_mark(sm_id); };
  using Found = base::Result<std::optional<store::SmMark>>;
  shard_.services().store.read(marks_.loop(), job, [this, number, account](const Found& found) {
    const bool ours = found && *found && (*found)->owner == account.bare_str();
    marks_.answer(number, ours ? std::optional((*found)->h) : std::nullopt);
  });
}

}  // namespace c2s
