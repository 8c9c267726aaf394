#include "c2s/session.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "c2s/shard.h"
#include "xmpp/delay.h"
#include "xmpp/ns.h"

namespace c2s {
namespace {

// Often enough to keep the queue short, seldom enough to cost a client nothing.
constexpr std::uint32_t kAskEvery = 10;
constexpr std::chrono::seconds kAskAfter{3};
// A resumption writes what was kept in pieces of this size.
constexpr std::size_t kPiece = 64 * 1024;
// An idle session holds no memory for what it once sent.
constexpr std::size_t kIdleCapacity = 16;

void serialise(const router::Delivery& delivery, std::string& out) {
  xmpp::write(*delivery.stanza, delivery.from, delivery.to, delivery.overlay, xmpp::ns::client, out);
}

bool is_delay(const xmpp::FragmentRef& added) { return added->element.root().is(xmpp::ns::delay, "delay"); }

/// With a note of when it was sent first: to its reader it comes late (XEP-0203 1), as XEP-0198 4 asks where it goes to
/// another client or the offline store.
void serialise_again(const router::Delivery& delivery, std::string& out) {
  if (delivery.time == base::WallTime() || std::ranges::any_of(delivery.overlay.added, is_delay)) {
    return serialise(delivery, out);
  }
  xmpp::Overlay overlay = delivery.overlay;
  overlay.added.push_back(xmpp::make_delay(xmpp::Jid::from_prepared(delivery.to.domain()), delivery.time));
  xmpp::write(*delivery.stanza, delivery.from, delivery.to, overlay, xmpp::ns::client, out);
}

std::string sm_element(std::string_view name, std::optional<std::uint32_t> h = {}) {
  std::string xml = "<" + std::string(name) + " xmlns='" + std::string(xmpp::ns::sm) + "'";
  if (h) xml += " h='" + std::to_string(*h) + "'";
  return xml + "/>";
}

void acknowledge_all(std::vector<router::Delivery> deliveries) {
  for (const router::Delivery& delivery : deliveries)
    if (delivery.receipt) delivery.receipt->acknowledged();
}

void append(std::vector<router::Delivery>& to, std::vector<router::Delivery> more) {
  to.insert(to.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

}  // namespace

Session::Session(Shard& shard, std::uint64_t number, xmpp::Jid account, Wire& wire)
    : shard_(shard), number_(number), account_(std::move(account)), wire_(&wire) {}

Session::~Session() { shard_.count_under_way(-static_cast<std::ptrdiff_t>(window_.size())); }

// ---- to the client ----

void Session::deliver(router::Delivery delivery) {
  if (ending_) {
    overflowed_.get().push_back(std::move(delivery));
    return;
  }
  std::string& bytes = shard_.scratch();
  if (live_) serialise(delivery, bytes);
  if (!keep(delivery)) return overflow(std::move(delivery));
  if (!live_) return;
  wire_->write(bytes);
  after_writing();
}

bool Session::keep(router::Delivery& delivery) {
  if (sm_) {
    const std::size_t size = delivery.stanza->memory();
    return sm_->queue.push(std::move(delivery), size);
  }
  // Bounded by the socket's queue once live; before that like a managed session's.
  if (!live_ && unwritten_.size() >= shard_.limits().sm_queue_stanzas) return false;
  unwritten_.push_back(std::move(delivery));
  return true;
}

void Session::overflow(router::Delivery delivery) {
  base::log::info("session overflowed", {{"account", account_.str()}, {"hibernated", hibernated() ? 1 : 0}});
  overflowed_.get().push_back(std::move(delivery));
  end_later({xmpp::StreamCondition::resource_constraint, "Too much waits for your acknowledgement."});
}

void Session::after_writing() {
  if (wire_->queued_bytes() > shard_.limits().out_queue_bytes) {
    live_ = false;
    return wire_->cut("the client reads too slowly");
  }
  if (!sm_) return;
  if (++sm_->unasked < kAskEvery) {
    if (sm_->unasked == 1 && !sm_->asked) ask_later();
  } else if (!sm_->asked) {
    ask();
  }
}

void Session::ask_later() {
  timer_ = base::Timer(shard_.loop(), kAskAfter, [this] { ask(); });
}

void Session::ask() {
  if (!live_) return;
  sm_->asked = true;
  sm_->unasked = 0;
  wire_->write(sm_element("r"));
  expect_answer();
}

void Session::expect_answer() {
  timer_ = base::Timer(shard_.loop(), shard_.limits().sm_answer, [this] {
    if (wire_ == nullptr) return;
    if (wire_->queued_bytes() == 0) return wire_->cut("no answer to <r/>");
    expect_answer();  // it may not even have come to the question; a dead peer's socket fails by itself
  });
}

void Session::drained() {
  if (!live_ || unwritten_.empty()) return;
  acknowledge_all(std::exchange(unwritten_, {}));
}

base::Result<void, stream::HandledCountTooHigh> Session::acknowledge(std::uint32_t h) {
  auto released = sm_->queue.acknowledge(h);
  if (!released) return std::unexpected(released.error());
  sm_->asked = false;
  timer_.cancel();
  if (sm_->queue.unacked() > 0) ask_later();
  acknowledge_all(*std::move(released));
  return {};
}

// ---- from the client ----

void Session::submit(xml::Document element) {
  const std::size_t size = element.memory();
  window_.push_back(static_cast<std::uint32_t>(size));
  window_bytes_ += size;
  shard_.count_under_way(1);
  shard_.services().sessions.submit(id_, std::move(element));
}

void Session::weigh(std::size_t copies) {
  if (window_.empty()) return;
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
  const std::size_t size = window_.back();
  const std::size_t all = copies > kMost / std::max<std::size_t>(size, 1) ? kMost : size * copies;
  window_bytes_ += all - size;
  window_.back() = static_cast<std::uint32_t>(all);
}

void Session::completed(std::uint32_t count) {
  base::check(count <= window_.size(), "only what was submitted is completed");
  for (std::uint32_t i = 0; i < count; ++i) window_bytes_ -= window_[i];
  window_.erase(window_.begin(), window_.begin() + count);
  shard_.count_under_way(-static_cast<std::ptrdiff_t>(count));
  if (window_.empty() && window_.capacity() > kIdleCapacity) std::vector<std::uint32_t>().swap(window_);
  if (sm_) {
    const std::uint32_t before = std::min(count, sm_->uncounted);
    sm_->uncounted -= before;
    for (std::uint32_t i = before; i < count; ++i) sm_->in.handled();
    tell_h_later();
  }
  if (resuming_) return continue_resumption();
  if (wire_ != nullptr) wire_->update_reading();
  if (shard_.stopping() && window_.empty()) end_later(shard_.farewell());
}

bool Session::window_full() const {
  const router::Limits& limits = shard_.limits();
  if (shard_.crowded() && !window_.empty()) return true;  // its own completion has it read on
  return window_.size() >= limits.window_stanzas || window_bytes_ >= limits.window_bytes || shard_.stopping();
}

void Session::tell_h_later() {
  if (!live_ || sm_->telling || sm_->told == sm_->in.h()) return;
  sm_->telling = true;
  shard_.loop().at_turn_end([&shard = shard_, number = number_] {
    Session* self = shard.session(number);
    if (self == nullptr) return;
    self->sm_->telling = false;
    if (self->sm_->told != self->sm_->in.h()) self->tell_h();
  });
}

void Session::tell_h() {
  if (!sm_ || !live_) return;
  sm_->told = sm_->in.h();
  wire_->write(sm_element("a", sm_->told));
}

void Session::client_state(bool active) {
  active_ = active;
  shard_.services().sessions.client_state(id_, active);
}

// ---- its life ----

void Session::on_bind_answer(base::Result<router::Bound, xmpp::StanzaError> answer) {
  if (!answer) {
    Wire* wire = std::exchange(wire_, nullptr);
    shard_.retire(number_);
    if (wire == nullptr) return;
    wire->let_go();
    return wire->bind_failed(answer.error());
  }
  id_ = answer->id;
  jid_ = answer->jid;
  if (wire_ != nullptr) return wire_->bound(jid_, std::move(answer->bound));
  // The client went away meanwhile.
  end_later(shard_.farewell());
}

void Session::go_live() {
  live_ = true;
  send_kept();
}

void Session::send_kept() {
  std::string& bytes = shard_.scratch();
  const auto add = [&](const router::Delivery& delivery) {
    if (resumed_) {
      serialise_again(delivery, bytes);
    } else {
      serialise(delivery, bytes);
    }
    if (bytes.size() < kPiece) return;
    wire_->write(bytes);
    bytes.clear();
  };
  for (const router::Delivery& delivery : unwritten_) add(delivery);
  if (sm_) sm_->queue.for_each_unacked(add);
  if (!bytes.empty()) wire_->write(bytes);
  if (sm_ && sm_->queue.unacked() > 0) ask();
}

void Session::enable_sm(std::string id, base::Duration resumable_for) {
  const router::Limits& limits = shard_.limits();
  sm_ = std::make_unique<Managed>(stream::SmLimits{limits.sm_queue_stanzas, limits.sm_queue_bytes});
  sm_->id = std::move(id);
  sm_->resumable_for = resumable_for;
  sm_->uncounted = static_cast<std::uint32_t>(window_.size());
  if (live_) return;
  for (router::Delivery& delivery : std::exchange(unwritten_, {}))  // sent later, so counted
    if (!keep(delivery)) overflow(std::move(delivery));
}

std::string Session::peer() const {
  if (wire_ != nullptr) return wire_->peer();
  return sm_ ? sm_->last_peer : std::string();
}

const std::string& Session::sm_id() const {
  static const std::string none;
  return sm_ ? sm_->id : none;
}

base::Result<void, stream::HandledCountTooHigh> Session::resume(Wire& wire, std::uint32_t h) {
  auto released = sm_->queue.acknowledge(h);
  if (!released) return std::unexpected(released.error());
  if (Wire* old = std::exchange(wire_, nullptr); old != nullptr) {
    old->let_go();
    old->fail({xmpp::StreamCondition::conflict, "The session was resumed elsewhere."});
  }
  shard_.hibernation().wake(*this);
  wire_ = &wire;
  live_ = false;
  resuming_ = resumed_ = true;
  sm_->asked = false;
  timer_.cancel();
  // What was written to a socket still open before <enable/> counts as got: it can't be counted anew.
  acknowledge_all(std::exchange(unwritten_, {}));
  acknowledge_all(*std::move(released));
  if (!active_) client_state(true);  // XEP-0352 5: a resumed stream starts active
  continue_resumption();
  return {};
}

/// `<resumed h=…/>` waits for what is under way, so that the client sends nothing twice.
void Session::continue_resumption() {
  if (!window_.empty()) return;
  resuming_ = false;
  sm_->told = sm_->in.h();
  wire_->resumed(jid_, sm_->told);
}

void Session::lost() {
  if (sm_ && wire_ != nullptr) sm_->last_peer = wire_->peer();
  wire_ = nullptr;
  live_ = resuming_ = false;
  timer_.cancel();
  if (id_ == router::SessionId::none || ending_) return;  // the answer to bind, or the job under way, ends it
  // What the socket may not have taken before <enable/> can't be sent again in a resumed stream: it isn't counted.
  if (sm_ && !sm_->id.empty() && unwritten_.empty() && !shard_.stopping()) {
    sm_->asked = false;
    shard_.hibernation().sleep(*this);
  } else {
    end(nullptr, false);
  }
}

void Session::finish(bool forget_mark) {
  wire_ = nullptr;
  live_ = resuming_ = false;
  if (id_ != router::SessionId::none) end(nullptr, forget_mark);
}

void Session::expire() { end(nullptr, false); }

void Session::shut_down(bool at_once) {
  if (id_ == router::SessionId::none) {
    if (Wire* wire = std::exchange(wire_, nullptr); wire != nullptr) {
      wire->let_go();
      wire->fail(shard_.farewell());
    }
    return;
  }
  if (wire_ != nullptr) wire_->update_reading();
  if (at_once || window_.empty()) end(wire_ == nullptr ? nullptr : &shard_.farewell(), false);
}

std::vector<router::Delivery> Session::detach(const xmpp::StreamError* why) {
  if (Wire* wire = std::exchange(wire_, nullptr); wire != nullptr) {
    if (live_ && sm_ && sm_->told != sm_->in.h()) wire->write(sm_element("a", sm_->in.h()));
    wire->let_go();
    if (why != nullptr) wire->fail(*why);
  }
  live_ = false;
  timer_.cancel();
  shard_.hibernation().forget(*this);
  auto unacknowledged = std::exchange(unwritten_, {});
  if (sm_) append(unacknowledged, sm_->queue.take_all());
  if (!overflowed_->empty()) append(unacknowledged, std::exchange(overflowed_.get(), {}));
  if (id_ != router::SessionId::none) {
    base::log::info("session_end", {{"jid", jid_.str()}, {"unacknowledged", unacknowledged.size()}});
  }
  shard_.retire(number_);
  return unacknowledged;
}

std::vector<router::Delivery> Session::close(const xmpp::StreamError& why) { return detach(&why); }

void Session::end(const xmpp::StreamError* why, bool forget_mark) {
  auto unacknowledged = detach(why);
  shard_.services().sessions.unbind(id_, std::move(unacknowledged), forget_mark);
}

void Session::end_later(const xmpp::StreamError& why) {
  if (std::exchange(ending_, true)) return;
  shard_.loop().post([&shard = shard_, number = number_, why] {
    if (Session* self = shard.session(number); self != nullptr) self->end(&why, false);
  });
}

}  // namespace c2s
