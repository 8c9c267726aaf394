// A connection that another server opened.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "s2s/ack_requests.h"
#include "s2s/incoming.h"
#include "s2s/owned.h"

namespace s2s {

/// Belongs to its Service. Ends when the transport says so.
class IncomingConnection final : public Owned<IncomingOwner> {
 public:
  explicit IncomingConnection(Service& service);
  void start(std::unique_ptr<net::Transport> transport, bool direct_tls);

  Incoming& stream() override { return stream_; }
  ~IncomingConnection() override;
  void end(const xmpp::StreamError& why) override;
  void end_in_order(const xmpp::StreamError& why) override;
  /// Its connection is lost: from now on it waits for a resumption, but not for long.
  void suspend();
  /// The peer goes on with another connection, and has handled `h` of what it was sent over this.
  void resumed_elsewhere(std::uint32_t h);
  /// The answers to a resumption.
  void on_resumed(const std::string& sm_id, std::uint32_t h, const std::set<DomainPair>& pairs);
  void on_resume_failed();

  // ---- the way back (XEP-0288); `link` is the return link that has it for one pair ----
  void begin_return(Service::Place link, const DomainPair& pair);
  void end_return(Service::Place link);
  void send_back(Service::Place link, const xmpp::StanzaRef& stanza, const xmpp::Jid& from, const xmpp::Jid& to);

  void on_closed(const base::Error& why) override;
  void on_drained() override;

 private:
  void secured() override { stream_.on_tls_established(); }
  std::set<DomainPair> proved() override { return stream_.receives(); }
  void verify(const Question& question) override { service().verify(number(), question); }
  void authorised(const DomainPair& pair) override;
  void on_stanza(Arrival arrival) override;
  void on_ack(std::uint32_t h) override;
  void enable_sm(const stream::SmRequest& request) override;
  void resume(const Resumption& request) override;
  void offer_returns();
  void offer(const DomainPair& pair);
  void report(std::size_t count);
  void lose_returns();
  void end_handled();

  Incoming stream_;
  std::string sm_id_;  // empty: can't be resumed
  bool suspended_ = false;
  base::Timer too_late_;
  AckRequests acks_{*this};
  std::uint32_t resumed_h_ = 0;  // of ours the peer had before it resumed
  bool offering_ = false;        // it is known whether stream management counts
  std::set<DomainPair> offered_;
  std::vector<Service::Place> returns_;
  std::deque<Service::Place> unreported_;  // whose each stanza was, in order of sending
  base::Timer returns_too_late_, last_answer_;
  std::optional<xmpp::StreamError> ending_;
};

}  // namespace s2s
