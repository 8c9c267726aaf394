// Any bytes from a client into reader and negotiation, with answers drawn from the input too: nothing crashes, the
// stream ends at most once, nothing is said after its end, and it never waits for an answer that nobody was asked for.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "stream/negotiation.h"
#include "xml/stream_reader.h"

namespace {

using namespace stream;

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

struct Flags {
  bool starttls, stream_management, loopback_plaintext, direct_tls;
};

base::Ref<const StreamOffer> make_offer(const Flags& flags) {
  auto offer = base::make_ref<StreamOffer>();
  offer->starttls = flags.starttls;
  offer->stream_management = flags.stream_management;
  offer->fake = {.secret = "secret", .iterations = 1};
  return offer;
}

class Owner final : public NegotiationOwner {
 public:
  Owner(std::string_view tape, std::string_view bytes)
      : tape_(tape),
        bytes_(bytes),
        flags_{draw_flag(), draw_flag(), draw_flag(), draw_flag()},
        negotiation_(*this, make_offer(flags_), flags_.loopback_plaintext) {}

  void run() {
    if (flags_.direct_tls) negotiation_.on_tls_established({.tls_exporter = "exported"});
    while (!negotiation_.is_closed()) {
      require(negotiation_.wants_input() == (asked_ == Asked::nothing));
      if (draw() == 255) negotiation_.fail({xmpp::StreamCondition::connection_timeout, {}});
      if (asked_ != Asked::nothing) {
        answer();
      } else if (bytes_.empty()) {
        negotiation_.close();
      } else {
        feed();
      }
    }
    require(ended_);
    answer();  // late, and ignored
    negotiation_.fail({xmpp::StreamCondition::reset, {}});
  }

  base::Random& random() override { return random_; }
  std::optional<LocalHost> find_host(std::string_view domain) override {
    if (domain == "unknown.example") return std::nullopt;
    return LocalHost{.domain = std::string(domain), .registration = draw_flag()};
  }
  std::string default_host() override { return "example.org"; }
  void send(std::string bytes) override { require(!ended_ && !bytes.empty()); }
  void restart_reader() override { reader_.restart(); }
  void start_tls() override { ask(Asked::tls); }
  void look_up(const xmpp::Jid&, Hash hash) override {
    hash_ = hash;
    ask(Asked::credentials);
  }
  void check_password(const xmpp::Jid&, base::Secret) override { ask(Asked::password); }
  void authenticated(const xmpp::Jid& account) override {
    account_ = account;
    ask(Asked::move);
  }
  void register_account(xml::Document) override { ask(Asked::registration); }
  void resume(const ResumeRequest&) override { ask(Asked::resume); }
  void bind(const ResourceRequest&) override { ask(Asked::bind); }
  void enable_sm(const SmRequest&) override { ask(Asked::sm); }
  void established(const xmpp::Jid& jid, bool) override { require(jid.bare() == account_); }
  void on_stanza(xml::Document element) override { require(negotiation_.is_established() && !element.empty()); }
  void on_ack_request() override { require(negotiation_.sm_enabled()); }
  void on_ack(std::uint32_t) override { require(negotiation_.sm_enabled()); }
  void on_client_state(bool) override { require(negotiation_.is_established()); }
  void peer_closed() override { negotiation_.close(); }
  void closed(const xmpp::StreamError*) override {
    require(!ended_);
    ended_ = true;
  }

 private:
  enum class Asked : std::uint8_t { nothing, tls, credentials, password, move, registration, resume, bind, sm };

  std::uint8_t draw() { return tape_.empty() ? 0 : static_cast<std::uint8_t>(tape_[drawn_++ % tape_.size()]); }
  bool draw_flag() { return (draw() & 1) != 0; }
  void ask(Asked what) {
    require(asked_ == Asked::nothing && !ended_);
    asked_ = what;
    if (draw() % 4 == 3) answer();  // from within the request
  }

  void feed() {
    const auto fed = reader_.feed(bytes_.substr(0, 1 + draw()), negotiation_);
    bytes_.remove_prefix(fed.consumed);
    if (fed.fault != xml::Fault::none) negotiation_.on_fault(fed.fault);
  }

  xmpp::Jid resource() const { return *account_.with_resource("orchard"); }

  void answer() {
    const Asked asked = std::exchange(asked_, Asked::nothing);
    const bool well = (draw() & 3) != 1;
    switch (asked) {
      case Asked::nothing: return;
      case Asked::tls: return negotiation_.on_tls_established({.tls_server_end_point = "hashed"});
      case Asked::credentials: return answer_credentials(well);
      case Asked::password:
        return well ? negotiation_.on_password_checked(!draw_flag()) : negotiation_.on_unavailable();
      case Asked::move:
        return well ? negotiation_.continue_after_move() : negotiation_.refuse_login(SaslCondition::account_disabled);
      case Asked::registration: return negotiation_.on_registration_answer(xml::Document("jabber:client", "iq"));
      case Asked::resume: return well ? negotiation_.on_resumed(resource(), 1) : negotiation_.on_resume_failed(draw());
      case Asked::bind:
        return well ? negotiation_.on_bound(resource()) : negotiation_.on_bind_failed(xmpp::Condition::conflict);
      case Asked::sm:
        return well ? negotiation_.on_sm_enabled({.id = "new"}) : negotiation_.on_sm_failed(xmpp::Condition::conflict);
    }
  }

  void answer_credentials(bool well) {
    if (!well) return negotiation_.on_unavailable();
    if (draw_flag()) return negotiation_.on_credentials(std::nullopt);
    negotiation_.on_credentials(derive_keys(hash_, "pencil", "salt", 1));
  }

  std::string_view tape_, bytes_;
  std::size_t drawn_ = 0;
  Flags flags_;
  Asked asked_ = Asked::nothing;
  bool ended_ = false;
  Hash hash_ = Hash::sha256;
  xmpp::Jid account_;
  Counting random_;
  xml::ParserPool pool_;
  xml::StreamReader reader_{pool_, xml::Limits{}};
  Negotiation negotiation_;
};

}  // namespace

/// One byte says how long the tape of decisions is; the tape; then what the client sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t tape = std::min<std::size_t>(static_cast<std::uint8_t>(input[0]) % 64, size - 1);
  Owner(input.substr(1, tape), input.substr(1 + tape)).run();
  return 0;
}
