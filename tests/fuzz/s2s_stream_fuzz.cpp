// Any bytes from another server into reader and machine, of a stream that it opened or that we opened, with answers
// drawn from the input too: nothing crashes, the stream ends at most once, nothing is said after its end, no stanza
// comes through whose pair nobody vouched for, and nothing is sent for a pair that was not asked for (SECURITY F01,
// F02).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "s2s/incoming.h"
#include "s2s/outgoing.h"
#include "xml/stream_reader.h"

namespace {

using namespace s2s;

void require(bool holds) {
  if (!holds) std::abort();
}

class Counting final : public base::Random {
 public:
  void fill(std::span<std::byte> bytes) override {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(next_++);
  }

 private:
  unsigned next_ = 0;
};

/// Decisions, drawn over and over from one piece of the input.
class Tape {
 public:
  explicit Tape(std::string_view bytes) : bytes_(bytes) {}
  std::uint8_t draw() { return bytes_.empty() ? 0 : static_cast<std::uint8_t>(bytes_[drawn_++ % bytes_.size()]); }
  bool flag() { return (draw() & 1) != 0; }

 private:
  std::string_view bytes_;
  std::size_t drawn_ = 0;
};

template <class OwnerOfIt, class Machine>
class End : public OwnerOfIt {
 public:
  template <class Setup>
  End(Tape& tape, std::string_view bytes, Setup setup)
      : tape_(tape), bytes_(bytes), rules_{tape.flag(), tape.flag()}, named_(tape.flag()), stream_(*this, setup) {}
  virtual ~End() = default;

  base::Random& random() override { return random_; }
  const DialbackKeys& keys() override { return keys_; }
  bool is_local(std::string_view domain) override { return domain.ends_with("example.org"); }
  std::string default_domain() override { return "example.org"; }
  std::optional<StreamRules> rules(const DomainPair& pair) override {
    if (is_local(pair.remote)) return std::nullopt;
    return rules_;
  }
  bool certificate_names(std::string_view domain) override {
    require(stream_.is_secure());
    return named_ && domain == "example.net";
  }
  void send(std::string bytes) override { require(!ended_ && !bytes.empty()); }
  void restart_reader() override { reader_.restart(); }
  void start_tls() override { tls_asked_ = true; }
  void verify(const Question& question) override {
    questions_.push_back(question);
    if (tape_.draw() % 4 == 3) answer_question();  // from within the request
  }
  void authorised(const DomainPair& pair) override { require(stream_.may_receive(pair) && vouched(pair)); }
  void on_stanza(Arrival arrival) override {
    require(vouched(arrival.pair) && !arrival.stanza.empty());
    if (arrival.from) require(arrival.from.domain() == arrival.pair.remote);
    if (arrival.to) require(arrival.to.domain() == arrival.pair.local);
    stream_.handled();
  }
  void on_ack(std::uint32_t) override { require(stream_.sm_enabled()); }
  void peer_closed() override { stream_.close(); }
  void closed(const xmpp::StreamError*, bool) override {
    require(!ended_);
    ended_ = true;
  }

  void run() {
    while (!stream_.is_closed()) {
      if (tape_.draw() == 255) stream_.fail({xmpp::StreamCondition::connection_timeout, {}});
      if (std::exchange(tls_asked_, false)) {
        stream_.on_tls_established();
      } else if (bytes_.empty()) {
        stream_.close();
      } else {
        feed();
        if (!questions_.empty() && tape_.flag()) answer_question();
      }
    }
    require(ended_);
    if (!questions_.empty()) answer_question();  // late, and ignored
    stream_.fail({xmpp::StreamCondition::reset, {}});
  }

 protected:
  virtual bool vouched(const DomainPair& pair) = 0;
  bool proved(const DomainPair& pair) const {
    return valid_.contains(pair) || (named_ && pair.remote == "example.net");
  }

  Tape& tape_;
  std::string_view bytes_;

 private:
  void feed() {
    const auto fed = reader_.feed(bytes_.substr(0, 1 + tape_.draw()), stream_);
    bytes_.remove_prefix(fed.consumed);
    if (fed.fault != xml::Fault::none) stream_.on_fault(fed.fault);
  }

  void answer_question() {
    const Question question = questions_.back();
    questions_.pop_back();
    const bool valid = tape_.flag();
    if (valid) valid_.insert(question.pair);
    stream_.on_verified(question, {.type = valid ? DialbackType::valid : DialbackType::invalid});
  }

  const StreamRules rules_;
  const bool named_;
  bool tls_asked_ = false, ended_ = false;
  std::vector<Question> questions_;
  std::set<DomainPair> valid_;
  Counting random_;
  const DialbackKeys keys_{base::Secret("secret")};
  xml::ParserPool pool_;
  xml::StreamReader reader_{pool_, xml::Limits{}};

 protected:
  Machine stream_;
};

class IncomingEnd final : public End<IncomingOwner, Incoming> {
 public:
  IncomingEnd(Tape& tape, std::string_view bytes) : End(tape, bytes, Offer{}) {
    if (tape.flag()) stream_.on_tls_established();
  }
  void enable_sm(const stream::SmRequest&) override {
    require(!stream_.wants_input());
    return tape_.flag() ? stream_.on_sm_enabled({.id = "1"}) : stream_.on_sm_failed(xmpp::Condition::conflict);
  }
  void resume(const Resumption&) override {
    return tape_.flag() ? stream_.on_resumed(1, {{"rooms.example.org", "example.net"}}) : stream_.on_resume_failed(2);
  }

 private:
  bool vouched(const DomainPair& pair) override {
    return proved(pair) || pair == DomainPair{"rooms.example.org", "example.net"};
  }
};

class OutgoingEnd final : public End<OutgoingOwner, Outgoing> {
 public:
  OutgoingEnd(Tape& tape, std::string_view bytes)
      : End(tape, bytes, Plan{.pair = {"example.org", "example.net"}, .certificate = tape.flag()}) {
    if (tape.flag()) stream_.on_tls_established();
    stream_.ask({{"example.org", "example.net"}, "q", "key"});
    stream_.open();
  }
  void established(const Established&) override {
    require(stream_.may_send({"example.org", "example.net"}));
    stream_.request({"example.org", "rooms.example.net"});
  }
  void pair_accepted(const DomainPair& pair) override {
    require(pair == DomainPair{"example.org", "rooms.example.net"});
  }
  void pair_refused(const DomainPair& pair, const Verdict&) override { require(pair.local == "example.org"); }
  void answered(const Question& question, const Verdict&) override {
    require(!answered_ && question.id == "q");
    answered_ = true;
  }

 private:
  /// Whom we dialled is believed to be who we dialled.
  bool vouched(const DomainPair& pair) override {
    return stream_.bidi() && (proved(pair) || pair.remote == "example.net");
  }
  bool answered_ = false;
};

}  // namespace

/// One byte says how long the tape of decisions is; the tape; then what the other server sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t length = std::min<std::size_t>(static_cast<std::uint8_t>(input[0]) % 64, size - 1);
  Tape tape(input.substr(1, length));
  const std::string_view bytes = input.substr(1 + length);
  if (tape.flag()) {
    IncomingEnd(tape, bytes).run();
  } else {
    OutgoingEnd(tape, bytes).run();
  }
  return 0;
}
