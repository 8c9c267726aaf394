#include "tokensvc/office.h"

#include <utility>
#include <vector>

namespace tokensvc {

namespace {

store::TokenIssued row_of(std::string_view caller, Way way, Claims&& claims) {
  return {.record = {.time = claims.issued,
                     .caller = std::string(caller),
                     .way = static_cast<std::uint8_t>(way),
                     .user = std::move(claims.user.id),
                     .name = std::move(claims.user.name),
                     .room = std::move(claims.room),
                     .subject = std::move(claims.subject),
                     .moderator = claims.moderator,
                     .expires = claims.expires}};
}

/// The rows of one commit. There will be about as many as in the last, and to move them over and over takes time.
class Sheet final : public store::Unit {
 public:
  explicit Sheet(std::size_t room) { rows_.reserve(room); }
  void add(store::TokenIssued row) { rows_.emplace_back(std::move(row)); }
};

}  // namespace

/// Writes the audit: a commit has the rows of one turn, or of all turns since the last one began if that was just now
/// or is under way, because a commit for each token would take longer than they are apart.
class Office::Ledger : public std::enable_shared_from_this<Ledger> {
 public:
  Ledger(base::Loop& loop, store::Store& store) : loop_(loop), store_(store) {}

  void add(store::TokenIssued row, base::Fn<void(bool)> done) {
    if (unit_ == nullptr) {
      unit_ = base::make_ref<Sheet>(usual_);
      waiting_.reserve(usual_);
      loop_.at_turn_end([self = shared_from_this()] { self->commit_when_due(); });
    }
    unit_->add(std::move(row));
    waiting_.push_back(std::move(done));
    if (waiting_.size() == kMostRows) commit();
  }

 private:
  static constexpr std::size_t kMostRows = 1000;
  static constexpr std::size_t kEnough = 32;  ///< to be worth a commit, however soon after another
  static constexpr base::Duration kApart = std::chrono::microseconds(400);

  void commit_when_due() {
    if (unit_ == nullptr || commits_ > 0) return;  // the commit under way calls again
    const base::Duration left = began_ ? *began_ + kApart - loop_.now() : base::Duration::zero();
    if (waiting_.size() >= kEnough || left <= base::Duration::zero()) return commit();
    due_ = base::Timer(loop_, left, [this] { commit(); });
  }

  void commit() {
    due_.cancel();
    if (unit_ == nullptr) return;
    ++commits_;
    began_ = loop_.now();
    usual_ = waiting_.size();
    auto done = [self = shared_from_this(),
                 waiting = std::exchange(waiting_, {})](const base::Result<void>& result) mutable {
      --self->commits_;
      for (auto& each : waiting) each(result.has_value());
      self->commit_when_due();
    };
    store_.write(std::exchange(unit_, nullptr), loop_, std::move(done));
  }

  base::Loop& loop_;
  store::Store& store_;
  base::Ref<Sheet> unit_;  ///< of the next commit; null while it has no row
  std::vector<base::Fn<void(bool)>> waiting_;
  std::size_t usual_ = 0;                ///< rows of the last commit
  std::size_t commits_ = 0;              ///< under way
  std::optional<base::MonoTime> began_;  ///< the last commit
  base::Timer due_;
};

Office::Office(base::Loop& loop, store::Store& store, SettingsRef settings)
    : loop_(loop), settings_(std::move(settings)), ledger_(std::make_shared<Ledger>(loop, store)) {}

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
  auto at = desk(caller);
  std::expected<Issued, Refusal> issued = std::unexpected(Refusal{Code::forbidden, "this caller is not known"});
  if (at) issued = tokensvc::issue(*at, request, now());
  if (!issued) {
    loop_.post([done = std::move(done), refusal = std::move(issued.error())]() mutable {
      done(std::unexpected(std::move(refusal)));
    });
    return;
  }
  Claims claims = issued->claims;
  auto held = std::make_unique<Issued>(std::move(*issued));
  record(caller, way, std::move(claims), [done = std::move(done), held = std::move(held)](bool durable) mutable {
    if (durable) return done(std::move(*held));
    done(std::unexpected(Refusal{Code::unavailable, "the token could not be recorded"}));
  });
}

void Office::record(std::string_view caller, Way way, Claims&& claims, base::Fn<void(bool)> done) {
  ledger_->add(row_of(caller, way, std::move(claims)), std::move(done));
}

}  // namespace tokensvc
