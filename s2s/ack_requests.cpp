#include "s2s/ack_requests.h"

#include <utility>

#include "s2s/connection.h"
#include "s2s/service.h"

namespace s2s {
namespace {

constexpr std::chrono::seconds kAskAgain{1};

}  // namespace

void AckRequests::sent() {
  if (!sent_) return;
  sent_->sent();
  ask();
}

void AckRequests::ask() {
  if (asking_ || asked_) return;
  asking_ = true;
  connection_.loop().at_turn_end([this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    asking_ = false;
    if (connection_.transport() == nullptr || connection_.stream().is_closed()) return;
    asked_ = true;
    connection_.stream().request_ack();
    answer_ = base::Timer(connection_.loop(), connection_.service().policy().limits().sm_answer,
                          [this] { connection_.transport()->abort("no answer to <r/>"); });
  });
}

base::Result<std::uint32_t, stream::HandledCountTooHigh> AckRequests::acknowledged(std::uint32_t h) {
  if (!sent_) return 0;
  const auto arrived = sent_->acknowledge(h);
  if (!arrived) return arrived;
  asked_ = false;
  answer_.cancel();
  if (sent_->unacked() == 0) return arrived;
  if (*arrived > 0) {
    ask();
  } else {  // a peer that has come no further is not asked at once
    answer_ = base::Timer(connection_.loop(), kAskAgain, [this] { ask(); });
  }
  return arrived;
}

}  // namespace s2s
