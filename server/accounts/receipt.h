// Copies of one message on their way to sessions, and the offline row that stands in for them until one has arrived
// (docs/decisions/0002-durable-acks.md, point 6).
#pragma once

#include <cstdint>
#include <memory>
#include <set>

#include "accounts/account.h"

namespace accounts {

/// A message that a person would miss (XEP-0160 3): normal or chat with a body, or one that says so (XEP-0334).
bool is_storable(const xmpp::Stanza& stanza);

/// Shared by all copies, on the account's shard.
class Copies final : public router::Receipt {
 public:
  explicit Copies(std::size_t outstanding) : outstanding_(outstanding) {}
  ~Copies() override;

  /// Adds the row to the passage's unit, to be taken back by the first acknowledgement. False if the sender was not
  /// promised anything and keeps the message itself until its server says otherwise.
  bool add_offline_row(Account& account, router::Passage& passage);

  void acknowledged() override;
  /// The row isn't in the store yet, where the next session would look for it.
  bool row_is_under_way() const { return revocation_ && !settled_; }
  /// A session ended without acknowledging its copy. True if no other has one: it must go somewhere.
  bool give_back();
  void hand_out(std::size_t copies) { outstanding_ = copies; }

 private:
  class Settled;
  void settled();
  void take_back();

  std::size_t outstanding_;
  bool arrived_ = false;
  bool settled_ = false;          // the row's unit is durable or has failed
  store::CancelFlag revocation_;  // null without a row
  store::OfflineDelete row_;
  std::shared_ptr<std::set<std::int64_t>> in_flight_;  // the account's; has the row's id while this lives
  store::Store* store_ = nullptr;
  base::Loop* loop_ = nullptr;
};

}  // namespace accounts
