#include "tokensvc/outbox.h"

#include <utility>

namespace tokensvc {

Outbox::Ticket Outbox::hold(std::string reply, base::MonoTime now) {
  bytes_ += reply.size();
  replies_.push_back({std::move(reply), now});
  return first_ + replies_.size() - 1;
}

void Outbox::settle(Ticket ticket, std::optional<std::string> instead) {
  if (ticket < first_) return;
  Reply& reply = replies_[ticket - first_];
  if (instead) {
    bytes_ += instead->size() - reply.bytes.size();
    reply.bytes = std::move(*instead);
  }
  reply.ready = true;
  if (ticket == first_ + passed_ && on_ready) on_ready();
}

const std::string* Outbox::next() const {
  if (passed_ == replies_.size() || !replies_[passed_].ready) return nullptr;
  return &replies_[passed_].bytes;
}

void Outbox::drop_first() {
  bytes_ -= replies_.front().bytes.size();
  replies_.pop_front();
  ++first_;
}

void Outbox::forget_passed() {
  for (; passed_ > 0; --passed_) drop_first();
}

void Outbox::drop_before(base::MonoTime then) {
  while (!replies_.empty() && replies_.front().asked < then) {
    drop_first();
    if (passed_ > 0) --passed_;
  }
}

}  // namespace tokensvc
