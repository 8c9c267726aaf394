#include "tokensvc/audit_retention.h"

#include "base/log.h"

namespace tokensvc {

AuditRetention::AuditRetention(Office& office, store::Store& store) : office_(office), store_(store) { wait(kFirst); }

void AuditRetention::wait(base::Duration time) {
  next_ = base::Timer(office_.loop(), time, [this] { look(); });
}

void AuditRetention::look() {
  const std::chrono::days kept = office_.settings()->audit_days;
  if (kept.count() == 0) return wait(kRound);
  const base::WallTime before = office_.loop().wall() - kept;
  store_.read(
      office_.loop(), [](store::Reader& reader) { return reader.oldest_token(); },
      [this, before](const base::Result<std::optional<base::WallTime>>& oldest) {
        if (!oldest) base::log::error("token_audit_not_read", {{"why", oldest.error().what}});
        if (!oldest || !*oldest || **oldest >= before) return wait(kRound);
        remove(before);
      });
}

void AuditRetention::remove(base::WallTime before) {
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::TokenExpire{before});
  store_.write(unit, office_.loop(), [this](const base::Result<void>& done) {
    if (!done) base::log::error("token_audit_not_removed", {{"why", done.error().what}});
    wait(done ? kPause : kRound);
  });
}

}  // namespace tokensvc
