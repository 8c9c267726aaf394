// A stream to a remote domain that stanzas go over, as its Domain sees it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "s2s/ack_requests.h"
#include "s2s/dialled.h"
#include "s2s/link.h"
#include "s2s/service.h"

namespace s2s {

class OutgoingLink final : public Dialled, public Link {
 public:
  OutgoingLink(Service& service, Plan plan, std::uint32_t reported, LinkOwner& owner);

  // ---- Link ----
  bool multiplexes() const override;
  bool two_way() const override { return up_ && stream_bidi_; }
  void authorise(const std::string& local) override;
  bool writable() const override;
  void send(const xmpp::StanzaRef& stanza, const xmpp::Jid& from, const xmpp::Jid& to) override;
  void close() override;

  void end_in_order(const xmpp::StreamError&) override { close(); }
  void on_drained() override;

 private:
  using Dialled::send;  // bytes of the stream
  void established(const Established& how) override;
  void pair_accepted(const DomainPair& pair) override;
  void pair_refused(const DomainPair& pair, const Verdict& verdict) override;
  void answered(const Question&, const Verdict&) override {}
  void on_ack(std::uint32_t h) override;
  void over(const Failure& why) override;
  void authorised(const DomainPair& pair) override { Connection::authorise(pair); }
  void verify(const Question& question) override { service().verify(number(), question); }
  void leave(const Failure& why);

  void tell(base::Fn<void(LinkOwner&)> news);
  void tell_refused(const std::string& local, const Failure& failure);
  void note_writable();

  LinkOwner& link_owner_;
  const std::uint32_t reported_;  // of the lost stream
  Established how_;
  bool up_ = false, full_ = false, closing_ = false, stream_bidi_ = false;
  AckRequests acks_{*this};
  std::uint32_t unwritten_ = 0;
  std::map<std::string, base::Timer> requests_;  ///< by local domain
  base::Timer last_answer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< shared with what it has posted
};

}  // namespace s2s
