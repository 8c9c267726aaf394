// One XMPP client: logs in by the way it is told, then hands every stanza to the case that is measured.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bench/load/connection.h"
#include "bench/load/scram.h"

namespace load {

/// A mistake in the server or in the way it is driven; ends the run.
struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How every client of a run connects and logs in.
struct Way {
  std::string address = "127.0.0.1", domain = "localhost", password = "secret";
  std::uint16_t port = 5222;
  Tls tls = Tls::none;
  bool sasl2 = false;       // XEP-0388 and XEP-0386 in two round trips; otherwise RFC 6120
  bool plain = false;       // SASL PLAIN in place of SCRAM-SHA-256
  bool management = false;  // XEP-0198 after binding
  bool presence = true;     // initial presence, and wait for its echo
  bool echo = true;         // the server sends a client its own presence (RFC 6121 4.2.2); otherwise a ping stands in
  bool roster = false;  // ask for the roster and disco#info before presence: the eight round trips of a classic login
};

class Client;

/// What a case does with its clients.
class Case {
 public:
  virtual ~Case() = default;
  virtual void ready(Client&) {}
  /// Every stanza after ready(), and what stream management sends.
  virtual void stanza(Client&, std::string_view /*element*/) {}
  /// The stream ended though nobody asked for it, or could not be set up. Ends the run unless the case expects it.
  virtual void lost(Client& client, std::string_view why);
};

class Client final : private Events {
 public:
  /// `number` tells the case which one it is; user `name` of way.domain. Nothing happens before connect().
  Client(Loop& loop, const Way& way, Case& owner, std::size_t number, std::string name);

  void connect();
  /// Registers the account (XEP-0077) in place of logging in; ready() tells when it stands.
  void connect_to_register();
  void send(std::string_view bytes) { connection_->send(bytes); }
  /// The same for one stanza, counted for stream management.
  void send_stanza(std::string_view bytes);
  /// `</stream:stream>`, then wait for the server to close; ended() tells.
  void end();
  /// Closes without a word.
  void drop();
  void pause_reading(bool paused) { connection_->pause_reading(paused); }

  [[nodiscard]] bool is_ready() const { return step_ == Step::ready; }
  [[nodiscard]] bool ended() const { return step_ == Step::ended; }
  /// Tells the server what has arrived (XEP-0198), unasked.
  void acknowledge();
  /// Stanzas sent and not acknowledged by the server; 0 without stream management.
  [[nodiscard]] std::uint32_t unacknowledged() const { return managed_ ? sent_ - acknowledged_ : 0; }
  [[nodiscard]] bool managed() const { return managed_; }
  [[nodiscard]] std::size_t number() const { return number_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& jid() const { return jid_; }  // full, once bound
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  enum class Step {
    idle,
    features,
    tls,
    authenticate,
    challenge,
    outcome,
    features_again,
    bind,
    session,
    manage,
    roster,
    disco,
    presence,
    registering,
    ready,
    ending,
    ended
  };

  void connected() override;
  void frame(Frame kind, std::string_view bytes) override;
  void closed(std::string_view why) override;
  void step(std::string_view element);
  void authenticate();
  void answer_challenge(std::string_view element);
  void after_bind(std::string_view element);
  void next_after(Step done);
  void fail(std::string why);
  void header();
  /// XEP-0198 4: counts what arrives, answers `<r/>`, notes `<a/>`.
  void manage(std::string_view element);

  Loop& loop_;
  const Way& way_;
  Case& owner_;
  std::size_t number_;
  std::string name_, jid_, failure_;
  Scram scram_;
  std::unique_ptr<Connection> connection_;
  Step step_ = Step::idle;
  bool registers_ = false, encrypted_ = false, wants_session_ = false, managed_ = false;
  std::uint32_t handled_ = 0, sent_ = 0, acknowledged_ = 0;
};

}  // namespace load
