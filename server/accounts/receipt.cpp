#include "accounts/receipt.h"

#include <utility>

#include "base/log.h"
#include "xmpp/message.h"
#include "xmpp/stored.h"

namespace accounts {

bool is_storable(const xmpp::Stanza& stanza) {
  if (stanza.kind() != xmpp::Kind::message) return false;
  if (stanza.type() != xmpp::Type::normal && stanza.type() != xmpp::Type::chat) return false;
  return xmpp::has_body(stanza) || xmpp::hints_of(stanza).store;
}

// A ticket that isn't ours belongs to a remote peer, which may have been promised as much.
bool Copies::add_offline_row(Account& account, router::Passage& passage) {
  const base::Ref<base::Held>& held = passage.packet->ticket();
  if (!held) return false;
  const auto* ticket = dynamic_cast<const Ticket*>(held.get());
  if (ticket != nullptr && !ticket->promised()) return false;
  const router::Packet& packet = *passage.packet;
  Shard& shard = account.shard();
  row_ = {.owner = std::string(account.jid().str()), .id = account.next_offline_id()};
  cancelled_ = std::make_shared<std::atomic<bool>>(false);
  store_ = &shard.store;
  loop_ = &shard.loop();
  store::unit_of(*passage.rows)
      .add(store::OfflinePut{
          .row = {.owner = row_.owner,
                  .id = row_.id,
                  .time = shard.loop().wall(),
                  .stanza = xmpp::to_stored(packet.stanza(), packet.from(), packet.to(), passage.overlay)},
          .cancelled = cancelled_});
  return true;
}

// Whether the writer saw the flag in time isn't known here, so the row is deleted as well; deleting nothing is cheap.
void Copies::acknowledged() {
  if (std::exchange(arrived_, true) || !cancelled_) return;
  cancelled_->store(true);
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
