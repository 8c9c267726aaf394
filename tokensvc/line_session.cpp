#include "tokensvc/line_session.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/secret.h"
#include "net/tls.h"

namespace tokensvc {
namespace {

// A game that was started anew is asked by its players at once, and shows itself by its numbers.
constexpr base::Duration kDoubt = std::chrono::seconds(2);
constexpr base::Duration kLastWords = std::chrono::seconds(10);  // for what is owed when no more is read

/// What the first frame of a connection says.
struct Introduction {
  base::Secret secret;
  bool only = false;  ///< it asks for nothing beside
};

std::optional<Introduction> read_introduction(std::string_view frame) {
  using nlohmann::json;
  const json object = json::parse(frame, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  const auto found = object.find("auth");
  if (found == object.end() || !found->is_string()) return std::nullopt;
  const std::size_t others = object.size() - 1 - object.count("seq");
  return Introduction{base::Secret(found->get<std::string>()), others == 0};
}

constexpr std::string_view kPing = R"({"cmd":"ping","seq":)";

/// What is answered in place of the first frame: a secret alone is as good as a ping.
std::string first_request(const Introduction& introduction, std::string_view frame) {
  if (!introduction.only) return std::string(frame) + '\n';
  const std::string seq = parse_request(frame).seq;
  return std::string(kPing) + (seq.empty() ? "null" : seq) + "}\n";
}

}  // namespace

LineSession::LineSession(Office& office, std::string caller, std::unique_ptr<net::Transport> transport,
                         std::optional<base::Duration> pace, Closed closed, std::shared_ptr<Outbox> outbox)
    : office_(office),
      caller_(std::move(caller)),
      pace_(pace),
      closed_(std::move(closed)),
      outbox_(outbox != nullptr ? std::move(outbox) : std::make_shared<Outbox>()),
      transport_(std::move(transport)) {
  transport_->start(*this);
  outbox_->rewind();
  outbox_->on_ready = [this] { write(); };
  outbox_->withhold();
  if (outbox_->withheld()) {
    doubt_ = base::Timer(office_.loop(), kDoubt, [this] {
      outbox_->release();
      write();
    });
  }
}

LineSession::LineSession(Office& office, Doorkeeper& doorkeeper, std::unique_ptr<net::Transport> transport,
                         Closed closed)
    : LineSession(office, {}, std::move(transport), std::nullopt, std::move(closed)) {
  doorkeeper_ = &doorkeeper;
  deadline_ = base::Timer(office.loop(), kAuthentication, [this] { transport_->close(); });
}

LineSession::~LineSession() {
  outbox_->on_ready = nullptr;
  forget_heard();
  outbox_->rewind();
}

std::size_t LineSession::on_bytes(std::span<const std::byte> bytes) {
  if (last_) return bytes.size();
  std::string_view input(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (doorkeeper_ != nullptr) admit(input);
  if (doorkeeper_ == nullptr && !last_) answer(input);
  if (last_) return bytes.size();
  if (full() && !std::exchange(paused_, true)) transport_->pause();
  return bytes.size() - input.size();
}

void LineSession::on_tls() {
  if (doorkeeper_ == nullptr) return;
  if (auto caller = doorkeeper_->by_certificate(*transport_)) begin(std::move(*caller));
}

void LineSession::begin(std::string caller) {
  caller_ = std::move(caller);
  doorkeeper_ = nullptr;
  deadline_.cancel();
}

// One frame: whoever is not known by then is told so, and gone.
void LineSession::admit(std::string_view& input) {
  const auto frame = first_.next(input);
  if (!frame) {
    if (first_.overflown()) refuse({Code::too_large, "a request has 16384 bytes at most"}, {});
    return;
  }
  const auto introduction = read_introduction(*frame);
  if (!introduction) return refuse({Code::forbidden, "the first frame must have the secret as auth"}, *frame);
  auto caller = doorkeeper_->by_secret(*transport_, introduction->secret.reveal());
  if (!caller) return refuse(caller.error(), *frame);
  begin(std::move(*caller));
  const std::string request = first_request(*introduction, *frame);
  std::string_view rest = request;
  answer(rest);
}

void LineSession::refuse(const Refusal& refusal, std::string_view frame) {
  const Instant now = office_.now();
  owe(Line::refuse(refusal, frame.empty() ? std::string() : parse_request(frame).seq, now), now);
  close();
}

void LineSession::answer(std::string_view& input) {
  auto desk = office_.desk(caller_);
  if (!desk) return refuse({Code::forbidden, "this caller is not known any more"}, {});
  const Instant now = office_.now();
  while (!last_ && !input.empty() && !full()) {
    if (auto made = line_.next(input, *desk, now)) owe(std::move(*made), now);
    if (line_.closed()) close();
  }
}

void LineSession::owe(Line::Answer answer, Instant now) {
  outbox_->asked(answer.seq);
  write();  // what it released
  if (!answer.issued) return outbox_->add(std::move(answer.bytes), now);
  const auto ticket = outbox_->hold(std::move(answer.bytes), now, std::move(answer.seq));
  auto recorded = [outbox = outbox_, ticket](bool durable) {  // as much as a function holds without an allocation
    if (durable) return outbox->settle(ticket);
    outbox->refuse(ticket, {Code::unavailable, "the token could not be recorded"});
  };
  office_.record(caller_, Way::line, std::move(*answer.issued), std::move(recorded));
}

void LineSession::write() {
  while (const std::string* reply = waiting_ ? nullptr : outbox_->next()) {
    transport_->send(*reply);
    outbox_->pass();
    if (pace_) keep_pace();
  }
}

void LineSession::keep_pace() {
  waiting_ = true;
  next_write_ = base::Timer(office_.loop(), *pace_, [this] {
    waiting_ = false;
    forget_heard();
    write();
    go_on();
    if (paused_ && !waiting_) keep_pace();  // until the peer has acknowledged enough
  });
}

// With a pace, what the kernel has is not over before the peer's has it: after a cut it is known what to say again.
void LineSession::forget_heard() {
  const net::TlsEngine* tls = transport_->tls();
  if (pace_) outbox_->forget_heard(transport_->unacknowledged_bytes(), tls != nullptr ? tls->overhead() : 0);
}

void LineSession::on_drained() {
  if (!pace_) outbox_->forget_passed();
  if (last_ && !outbox_->owes()) return transport_->close();
  go_on();
}

void LineSession::go_on() {
  if (!paused_ || full() || last_) return;
  paused_ = false;
  transport_->resume();
}

void LineSession::close() {
  if (std::exchange(last_, true)) return;
  doorkeeper_ = nullptr;
  if (!outbox_->owes()) return transport_->close();
  deadline_ = base::Timer(office_.loop(), kLastWords, [this] { transport_->close(); });
}

void LineSession::on_closed(const base::Error& why) {
  outbox_->on_ready = nullptr;
  forget_heard();
  outbox_->rewind();
  auto closed = std::move(closed_);
  closed(why);
}

}  // namespace tokensvc
