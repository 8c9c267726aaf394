// The rows that stand in for stanzas on their way to a remote domain, from the acknowledgement to their sender until
// the peer has them (ARCHITECTURE 3.7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/loop.h"
#include "base/ref.h"
#include "store/store.h"
#include "xmpp/stanza.h"

namespace s2s {

/// One row, written or about to be. The shard of the remote domain only.
class Spooled final : public base::RefCounted {
 public:
  struct Place {
    store::Store& store;
    base::Loop& loop;
    std::shared_ptr<std::size_t> open;  ///< rows that are needed or not yet settled
  };

  Spooled(Place place, store::SpoolDelete removal);
  ~Spooled() override;
  /// It is in the store since before the start.
  void restored();
  /// The stanza has arrived or was answered: the row is taken back, before its commit or after.
  void drop();

 private:
  friend class Spool;
  class Settled;
  void settled();
  void remove();

  Place place_;
  store::SpoolDelete removal_;
  store::CancelFlag revocation_ = std::make_shared<store::Revocation>();
  bool settled_ = false;  // its unit is durable or has failed
  bool dropped_ = false;
};
using SpooledRef = base::Ref<Spooled>;

/// Of one remote domain.
class Spool {
 public:
  Spool(store::Store& store, base::Loop& loop, std::string remote)
      : place_{store, loop, std::make_shared<std::size_t>(0)}, remote_(std::move(remote)) {}

  /// Puts a row into the ticket's unit; where others have the ticket too, into one of its own that holds the ticket.
  SpooledRef add(const base::Ref<base::Held>& ticket, const xmpp::Stanza& stanza, const xmpp::Jid& from,
                 const xmpp::Jid& to, base::WallTime deadline);
  /// A row that was read; ids go on behind it.
  SpooledRef restore(std::int64_t id);
  /// While some row is open its id may not be given again: this object stays.
  bool busy() const { return *place_.open > 0; }

 private:
  Spooled::Place place_;
  std::string remote_;
  std::int64_t last_id_ = 0;
};

}  // namespace s2s
