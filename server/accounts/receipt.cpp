#include "accounts/receipt.h"

#include <utility>

#include "base/log.h"
#include "xmpp/message.h"
#include "xmpp/stored.h"

namespace accounts {

/// Let go with the unit that has the row, on the shard of its sender.
class Copies::Settled final : public store::Watcher {
 public:
  Settled(base::Ref<Copies> copies, base::Loop& loop) : copies_(std::move(copies)), loop_(loop) {}
  ~Settled() override {
    loop_.post([copies = std::move(copies_)] { copies->settled(); });
  }

 private:
  base::Ref<Copies> copies_;
  base::Loop& loop_;
};

bool is_storable(const xmpp::Stanza& stanza) {
  if (stanza.kind() != xmpp::Kind::message) return false;
  if (stanza.type() != xmpp::Type::normal && stanza.type() != xmpp::Type::chat) return false;
  return xmpp::has_body(stanza) || xmpp::hints_of(stanza).store;
}

Copies::~Copies() {
  if (in_flight_) in_flight_->erase(row_.id);
}

bool Copies::add_offline_row(Account& account, router::Passage& passage) {
  const base::Ref<base::Held>& held = passage.packet->ticket();
  if (!held) return false;
  if (!store::unit_of(*held).promised()) return false;
  const router::Packet& packet = *passage.packet;
  Shard& shard = account.shard();
  row_ = {.owner = std::string(account.jid().str()), .id = account.next_offline_id()};
  in_flight_ = account.in_flight();
  in_flight_->insert(row_.id);
  revocation_ = std::make_shared<store::Revocation>();
  store_ = &shard.store;
  loop_ = &shard.loop();
  store::Unit& unit = store::unit_of(*passage.rows);
  unit.attach(base::make_ref<Settled>(base::Ref<Copies>(this), *loop_));
  unit.add(store::OfflinePut{
      .row = {.owner = row_.owner,
              .id = row_.id,
              .time = shard.loop().wall(),
              .stanza = xmpp::to_stored(packet.stanza(), packet.from(), packet.to(), passage.overlay)},
      .cancelled = revocation_});
  return true;
}

// Before the commit the flag does it; the row is then never written, or settled() finds that it was too late.
void Copies::acknowledged() {
  if (std::exchange(arrived_, true) || !revocation_) return;
  revocation_->cancelled = true;
  if (settled_) take_back();
}

void Copies::settled() {
  settled_ = true;
  if (arrived_) take_back();
}

void Copies::take_back() {
  if (!revocation_->written) return;
  auto unit = base::make_ref<store::Unit>();
  unit->add(row_);
  store_->write(std::move(unit), *loop_, [](const base::Result<void>& result) {
    if (!result) base::log::warning("offline_row_left", {{"why", result.error().what}});
  });
}

bool Copies::give_back() {
  if (outstanding_ > 0) --outstanding_;
  return outstanding_ == 0 && !arrived_;
}

}  // namespace accounts
