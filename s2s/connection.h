// A connection between servers, whoever opened it: feeds its bytes to its stream, judges the peer's certificate, reads
// no faster than what came is handled and the policy allows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/transport.h"
#include "s2s/arrivals.h"
#include "s2s/dns_proof.h"
#include "s2s/server_stream.h"
#include "s2s/state.h"
#include "xml/stream_reader.h"

namespace s2s {

class AckRequests;
class Service;

class Connection : public net::TransportHandler, public xml::StreamSink {
 public:
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  std::uint64_t number() const { return number_; }
  /// Runs `job` when all that came was handled.
  void when_handled(base::Fn<void()> job);
  virtual ServerStream& stream() = 0;
  StreamState state();
  /// Ends the stream with an error, or what comes before it.
  virtual void end(const xmpp::StreamError& why) = 0;
  /// The same when all that came is handled and all that was sent is acknowledged, so that nothing is sent twice. The
  /// caller has a deadline.
  virtual void end_in_order(const xmpp::StreamError& why) { end(why); }
  /// A stanza's rows are in the store.
  void handled(std::uint64_t slot);

  // ---- net::TransportHandler ----
  std::size_t on_bytes(std::span<const std::byte> bytes) override;
  void on_tls() override;
  void on_drained() override { update_reading(); }

  // ---- xml::StreamSink ----
  Next on_header(const xml::Element& header, std::string_view default_ns) override;
  Next on_element(xml::Document element) override;
  void on_end() override { stream().on_end(); }

 protected:
  Connection(Service& service, bool dialled);

  Service& service() const { return service_; }
  base::Loop& loop() const;
  void carry(std::unique_ptr<net::Transport> transport);
  /// What the DNS proves of the server that was dialled.
  void know_by(DnsProof proof) { proof_ = std::move(proof); }
  /// Lives on without it, for what is not handled yet.
  void let_go();
  void begin_tls(bool direct);
  void expect(base::Duration time);  ///< else the stream ends with connection-timeout
  void in_time();
  virtual void secured() = 0;  ///< TLS stands
  virtual std::set<DomainPair> proved() = 0;

  // ---- what both kinds of owner do for their stream ----
  std::optional<StreamRules> rules_for(const DomainPair& pair) const;
  bool names(std::string_view domain) const;
  bool pin_allows(std::string_view domain) const;
  /// Who has proved this domain by dialback is known by his key from now on, where policy says so.
  void pin(const DomainPair& pair);
  void write(std::string_view bytes);
  void restart() { reader_.restart(); }
  void submit(Arrival arrival);
  void authorise(const DomainPair& pair);
  void finish(const xmpp::StreamError* error, bool by_peer);
  const std::optional<xmpp::StreamError>& ended_with() const { return error_; }
  net::Transport* transport() const { return transport_.get(); }
  void update_reading();
  void touch();

 private:
  friend AckRequests;
  bool wants_reading();
  std::string key() const;
  certs::DaneJudgement judge_by_dns(std::string_view domain, std::string_view ascii) const;
  bool is_pinned(const DomainPair& pair) const;
  void count(std::size_t bytes, std::size_t stanzas);
  void refuse(const Arrival& arrival, const xmpp::StanzaError& error, const base::Ref<base::Held>& ticket);
  void watch_idle();
  void acknowledge_later();

  Service& service_;
  const bool dialled_;
  const base::MonoTime began_;
  std::uint64_t number_;
  std::unique_ptr<net::Transport> transport_;
  DnsProof proof_;
  xml::StreamReader reader_;
  Arrivals arrivals_;
  std::vector<base::Fn<void()>> handled_;
  std::optional<xmpp::StreamError> error_;
  base::Timer deadline_, idle_, pace_;
  base::MonoTime last_stanza_{}, second_{};
  std::size_t bytes_ = 0, stanzas_ = 0;            ///< of this second
  std::size_t most_bytes_ = 0, most_stanzas_ = 0;  ///< of one; 0: any number
  bool handshaking_ = false, paused_ = false, telling_ = false;
};

}  // namespace s2s
