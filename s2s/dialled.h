// A connection that we open to another server: finds it, connects, and hands over to the stream.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "s2s/outgoing.h"
#include "s2s/owned.h"
#include "s2s/route.h"

namespace s2s {

class Dialled : public Owned<OutgoingOwner> {
 public:
  Outgoing& stream() override { return stream_; }
  void end(const xmpp::StreamError& why) override;
  void on_closed(const base::Error& why) override;

 protected:
  Dialled(Service& service, Plan plan);

  /// Nothing comes of it, or nothing more. Once; never from inside the constructor.
  virtual void over(const Failure& why) = 0;
  bool is_over() const { return over_; }
  void end_with(const Failure& why);

  void closed(const xmpp::StreamError* error, bool by_peer) override;
  /// A stream came up.
  void arrived();
  void authorised(const DomainPair&) override {}
  void verify(const Question& question) override {
    stream_.on_verified(question, {.condition = xmpp::Condition::policy_violation});
  }

 private:
  void secured() override;
  std::set<DomainPair> proved() override { return stream_.sends(); }
  void reached(Route::Reached reached);
  Failure failure() const;

  Outgoing stream_;
  std::unique_ptr<Route> route_;
  std::optional<net::Target> target_;  ///< until a stream comes up there
  bool others_ = false, peer_spoke_ = false, direct_tls_ = false, over_ = false;
};

}  // namespace s2s
