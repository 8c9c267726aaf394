// One client's connection: feeds the bytes to its negotiation, answers what that asks for, keeps the deadlines and
// reads no faster than its session can take.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "c2s/addresses.h"
#include "c2s/clients.h"
#include "c2s/session.h"
#include "net/transport.h"
#include "stream/negotiation.h"
#include "xml/stream_reader.h"

namespace c2s {

struct Registration;

/// Owned by its Shard, which it changes once: when the login succeeded and before success is said, to the account's
/// owner. Ends when the transport says so.
class Connection final : public net::TransportHandler,
                         public xml::StreamSink,
                         public stream::NegotiationOwner,
                         public Wire {
 public:
  Connection(Shard& shard, std::uint64_t number, Ticket ticket, std::unique_ptr<net::Transport> transport,
             const Entrance& entrance);

  void start();
  const Ticket& ticket() const { return ticket_; }
  bool has_session() const { return session_ != nullptr; }

  // ---- the move ----
  bool may_move() const;
  std::unique_ptr<net::Transport> leave();
  void arrive(Shard& shard, std::uint64_t number, std::unique_ptr<net::Transport> transport);

  // ---- net::TransportHandler ----
  std::size_t on_bytes(std::span<const std::byte> bytes) override;
  void on_tls() override;
  void on_drained() override;
  void on_closed(const base::Error& why) override;

  // ---- xml::StreamSink ----
  Next on_header(const xml::Element& header, std::string_view default_ns) override;
  Next on_element(xml::Document element) override;
  void on_end() override;

  // ---- Wire ----
  void write(std::string_view bytes) override;
  std::size_t queued_bytes() const override { return transport_->queued_bytes(); }
  const std::string& peer() const override { return transport_->peer(); }
  void update_reading() override;
  void bound(const xmpp::Jid& jid, xml::Document bound) override;
  void bind_failed(const xmpp::StanzaError& error) override;
  void resumed(const xmpp::Jid& jid, std::uint32_t h) override;
  void let_go() override { session_ = nullptr; }
  void fail(const xmpp::StreamError& why) override;
  void cut(std::string_view why) override;

 private:
  // ---- stream::NegotiationOwner ----
  base::Random& random() override;
  std::optional<stream::LocalHost> find_host(std::string_view domain) override;
  std::string default_host() override;
  std::string session_features(std::string_view domain) override;
  void send(std::string bytes) override { write(bytes); }
  void restart_reader() override { reader_.restart(); }
  void start_tls() override;
  void login_failed() override;
  void look_up(const xmpp::Jid& account, stream::Hash hash) override;
  void check_password(const xmpp::Jid& account, base::Secret password) override;
  void authenticated(const xmpp::Jid& account) override;
  void register_account(xml::Document iq) override;
  void resume(const stream::ResumeRequest& request) override;
  void bind(const stream::ResourceRequest& request) override;
  void enable_sm(const stream::SmRequest& request) override;
  void established(const xmpp::Jid& jid, bool resumed) override;
  void on_stanza(xml::Document element) override;
  void on_ack_request() override;
  void on_ack(std::uint32_t h) override;
  void on_client_state(bool active) override;
  void peer_closed() override;
  void closed(const xmpp::StreamError* error) override;

  struct LoginTimes {
    base::Timer deadline;  ///< for the header, then the login
    base::MonoTime by;     ///< absolute, so that it survives the move
    base::Timer delay;     ///< of an attempt to log in
  };

  template <class Job>
  auto guarded(Job job);
  void create_account(Registration wanted, const xmpp::StanzaRef& request);
  void refuse_registration(std::string_view id, const xmpp::StanzaError& why);
  void begin_attempt(base::Fn<void()> job);
  void end_attempt(bool available, bool disabled);
  bool wants_reading() const;
  void expect_login();
  void out_of_time();

  Shard* shard_;
  std::uint64_t number_;
  Ticket ticket_;
  std::unique_ptr<net::Transport> transport_;
  xml::StreamReader reader_;
  stream::Negotiation negotiation_;
  Session* session_ = nullptr;
  std::unique_ptr<LoginTimes> login_;  // null once established or closed
  bool direct_tls_;
  bool handshaking_ = false;
  bool header_seen_ = false;
  bool paused_ = false;
  bool broken_ = false;
  bool attempting_ = false;  // to log in, and it is not known yet how that ends
  bool disabled_ = false;    // the account looked up last
};

}  // namespace c2s
