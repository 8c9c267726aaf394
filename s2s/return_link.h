// Stanzas to a remote domain over a stream that its server opened (XEP-0288), as the Domain sees it. The stream may be
// on another shard: all that passes between the two is posted.
#pragma once

#include <cstdint>

#include "s2s/link.h"
#include "s2s/service.h"

namespace s2s {

class ReturnLink final : public Link {
 public:
  /// Over the incoming connection `stream`, which may be told stanzas of this pair; at once.
  ReturnLink(Service& service, Service::Place stream, const DomainPair& pair, LinkOwner& owner);
  ~ReturnLink() override;

  // ---- Link ----
  bool multiplexes() const override { return false; }
  void authorise(const std::string&) override {}
  bool writable() const override;
  void send(const xmpp::StanzaRef& stanza, const xmpp::Jid& from, const xmpp::Jid& to) override;
  void close() override;

  // ---- what the stream tells ----
  void done(std::uint32_t count);
  void lost(const Failure& why);

 private:
  Service& service_;
  const Service::Place stream_, self_;
  LinkOwner& owner_;
  std::uint32_t under_way_ = 0;  ///< given to the stream and not reported
  bool full_ = false, lost_ = false;
};

}  // namespace s2s
