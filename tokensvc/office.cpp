#include "tokensvc/office.h"

#include <utility>
#include <vector>

namespace tokensvc {

/// What was issued in one turn: one unit in the store's queue, and one commit at the latest.
struct Office::Batch {
  store::UnitRef unit = base::make_ref<store::Unit>();
  std::vector<base::Fn<void(bool)>> waiting;
};

namespace {

store::TokenIssued row_of(std::string_view caller, Way way, const Claims& claims) {
  return {.record = {.time = claims.issued,
                     .caller = std::string(caller),
                     .way = static_cast<std::uint8_t>(way),
                     .user = claims.user.id,
                     .name = claims.user.name,
                     .room = claims.room,
                     .subject = claims.subject,
                     .moderator = claims.moderator,
                     .expires = claims.expires}};
}

}  // namespace

Office::Office(base::Loop& loop, store::Store& store, SettingsRef settings)
    : loop_(loop), store_(store), settings_(std::move(settings)) {}

Office::~Office() = default;

void Office::use(SettingsRef settings) {
  settings_ = std::move(settings);
  std::erase_if(buckets_, [&](const auto& bucket) { return settings_->caller(bucket.first) == nullptr; });
}

Instant Office::now() const { return {loop_.wall(), loop_.now()}; }

std::optional<Desk> Office::desk(std::string_view caller) {
  const CallerSettings* found = settings_->caller(caller);
  if (found == nullptr) return std::nullopt;
  auto bucket = buckets_.find(caller);
  if (bucket == buckets_.end()) bucket = buckets_.try_emplace(std::string(caller)).first;
  return Desk{found->caller, bucket->second, settings_->keys};
}

void Office::issue(std::string_view caller, Way way, const Request& request, Done done) {
  const auto at = desk(caller);
  std::expected<Issued, Refusal> issued = std::unexpected(Refusal{Code::forbidden, "this caller is not known"});
  if (at) issued = tokensvc::issue(*at, request, now());
  if (!issued) {
    loop_.post([done = std::move(done), refusal = std::move(issued.error())]() mutable {
      done(std::unexpected(std::move(refusal)));
    });
    return;
  }
  const Claims claims = issued->claims;
  auto held = std::make_unique<Issued>(std::move(*issued));
  record(caller, way, claims, [done = std::move(done), held = std::move(held)](bool durable) mutable {
    if (durable) return done(std::move(*held));
    done(std::unexpected(Refusal{Code::unavailable, "the token could not be recorded"}));
  });
}

void Office::record(std::string_view caller, Way way, const Claims& claims, base::Fn<void(bool)> done) {
  if (batch_ == nullptr) {
    batch_ = std::make_unique<Batch>();
    loop_.at_turn_end([this] { write_batch(); });
  }
  batch_->unit->add(row_of(caller, way, claims));
  batch_->waiting.push_back(std::move(done));
}

void Office::write_batch() {
  const auto batch = std::exchange(batch_, nullptr);
  store_.write(batch->unit, loop_, [waiting = std::move(batch->waiting)](const base::Result<void>& result) mutable {
    for (auto& done : waiting) done(result.has_value());
  });
}

}  // namespace tokensvc
