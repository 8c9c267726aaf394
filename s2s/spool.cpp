#include "s2s/spool.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "xmpp/stored.h"

namespace s2s {

/// Let go with the unit that has the row, on the shard of its sender.
class Spooled::Settled final : public store::Watcher {
 public:
  Settled(SpooledRef row, base::Loop& loop) : row_(std::move(row)), loop_(loop) {}
  ~Settled() override {
    loop_.post([row = std::move(row_)] { row->settled(); });
  }

 private:
  SpooledRef row_;
  base::Loop& loop_;
};

Spooled::Spooled(Place place, store::SpoolDelete removal) : place_(std::move(place)), removal_(std::move(removal)) {
  ++*place_.open;
}

Spooled::~Spooled() { --*place_.open; }

void Spooled::restored() {
  settled_ = true;
  revocation_->written = true;
}

// Before the commit the flag does it; the row is then never written, or settled() finds that it was too late.
void Spooled::drop() {
  if (std::exchange(dropped_, true)) return;
  revocation_->cancelled = true;
  if (settled_) remove();
}

void Spooled::settled() {
  settled_ = true;
  if (dropped_) remove();
}

void Spooled::remove() {
  if (!revocation_->written) return;
  auto unit = base::make_ref<store::Unit>();
  unit->add(removal_);
  place_.store.write(std::move(unit), place_.loop, [self = SpooledRef(this)](const base::Result<void>& result) {
    if (!result)
      base::log::warning("spool_row_left", {{"remote", self->removal_.remote}, {"why", result.error().what}});
  });
}

SpooledRef Spool::add(const base::Ref<base::Held>& ticket, const xmpp::Stanza& stanza, const xmpp::Jid& from,
                      const xmpp::Jid& to, base::WallTime deadline) {
  const std::int64_t id = ++last_id_;
  auto row = base::make_ref<Spooled>(place_, store::SpoolDelete{remote_, id});
  store::SpoolPut put{.row = {.remote = remote_,
                              .id = id,
                              .local = std::string(from.domain()),
                              .time = place_.loop.wall(),
                              .deadline = deadline,
                              .stanza = xmpp::to_stored(stanza, from, to, {})},
                      .cancelled = row->revocation_};
  const auto own = ticket->sealed() ? base::make_ref<store::Unit>() : store::UnitRef();
  store::Unit& unit = own ? *own : store::unit_of(*ticket);
  unit.attach(base::make_ref<Spooled::Settled>(row, place_.loop));
  unit.add(std::move(put));
  if (!own) return row;
  place_.store.write(own, place_.loop, [ticket](const base::Result<void>& result) {
    if (!result) base::log::error("stanza_not_spooled", {{"why", result.error().what}});
  });
  return row;
}

SpooledRef Spool::restore(std::int64_t id) {
  last_id_ = std::max(last_id_, id);
  auto row = base::make_ref<Spooled>(place_, store::SpoolDelete{remote_, id});
  row->restored();
  return row;
}

}  // namespace s2s
