#include "tokensvc/outbox.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "tokensvc/line.h"

namespace tokensvc {
namespace {

/// Whether a game that got no more than so many bytes of the reply has its answer. It takes each read for one, and
/// looks for the number first.
bool answers(std::string_view reply, std::size_t bytes) {
  const std::size_t seq = reply.find("\"seq\":");
  if (seq == std::string_view::npos) return bytes == reply.size();
  return reply.find_first_of(",}", seq) < bytes;
}

}  // namespace

Outbox::Ticket Outbox::hold(std::string reply, Instant now, std::string seq) {
  bytes_ += reply.size();
  replies_.push_back({std::move(reply), now, std::move(seq)});
  return first_ + replies_.size() - 1;
}

void Outbox::settle(Ticket ticket) {
  if (ticket < first_) return;
  replies_[ticket - first_].ready = true;
  if (ticket == first_ + passed_ && on_ready) on_ready();
}

void Outbox::refuse(Ticket ticket, const Refusal& refusal) {
  if (ticket < first_) return;
  Reply& reply = replies_[ticket - first_];
  std::string instead = Line::refuse(refusal, reply.seq, reply.asked).bytes;
  bytes_ += instead.size() - reply.bytes.size();
  reply.bytes = std::move(instead);
  settle(ticket);
}

const std::string* Outbox::next() const {
  if (withheld() || passed_ == replies_.size() || !replies_[passed_].ready) return nullptr;
  return &replies_[passed_].bytes;
}

void Outbox::drop_first() {
  bytes_ -= replies_.front().bytes.size();
  replies_.pop_front();
  ++first_;
  if (carried_ > 0) --carried_;
}

void Outbox::rewind() {
  passed_ = 0;
  carried_ = replies_.size();
  first_number_ = true;
  withheld_ = false;
}

void Outbox::asked(std::string_view seq) {
  std::int64_t number = 0;
  if (std::from_chars(seq.data(), seq.data() + seq.size(), number).ec != std::errc{}) return;
  const bool grows = !number_ || number > *number_;
  if (!std::exchange(first_number_, false)) {
    counts_ = counts_ && grows;
  } else if (withheld() && counts_ && !grows) {
    while (carried_ > 0) drop_first();
  }
  number_ = number;
  release();
}

void Outbox::forget_heard(std::size_t unacknowledged, std::size_t overhead) {
  std::size_t unheard = 0;
  for (; unheard < passed_ && unacknowledged > 0; ++unheard) {
    const std::string& reply = replies_[passed_ - 1 - unheard].bytes;
    const std::size_t size = reply.size() + overhead;
    if (unacknowledged < size && overhead == 0 && answers(reply, size - unacknowledged)) break;
    unacknowledged -= std::min(unacknowledged, size);
  }
  for (; passed_ > unheard; --passed_) drop_first();
}

void Outbox::drop_before(base::MonoTime then) {
  while (!replies_.empty() && replies_.front().asked.mono < then) {
    drop_first();
    if (passed_ > 0) --passed_;
  }
}

}  // namespace tokensvc
