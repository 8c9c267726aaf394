// A connection that another server opened.
#pragma once

#include <memory>
#include <string>

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
  /// Its connection is lost: from now on it waits for a resumption, but not for long.
  void suspend();
  /// The answers to a resumption.
  void on_resumed(const std::string& sm_id, std::uint32_t h, const std::set<DomainPair>& pairs);
  void on_resume_failed();
  void on_closed(const base::Error& why) override;

 private:
  void secured() override { stream_.on_tls_established(); }
  void verify(const Question& question) override { service().verify(number(), question); }
  void authorised(const DomainPair& pair) override { authorise(pair); }
  void on_ack(std::uint32_t) override {}
  void enable_sm(const stream::SmRequest& request) override;
  void resume(const Resumption& request) override { service().resume(number(), request); }

  Incoming stream_;
  std::string sm_id_;  // empty: can't be resumed
  bool suspended_ = false;
  base::Timer too_late_;
};

}  // namespace s2s
