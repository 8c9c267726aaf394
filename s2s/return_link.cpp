#include "s2s/return_link.h"

#include <utility>

#include "s2s/incoming_connection.h"

namespace s2s {
namespace {

constexpr std::uint32_t kUnderWayMany = 1000;

}  // namespace

ReturnLink::ReturnLink(Service& service, Service::Place stream, const DomainPair& pair, LinkOwner& owner)
    : service_(service), stream_(stream), self_{&service, service.enter(*this)}, owner_(owner) {
  const auto gone = [self = self_] {
    self.service->loop().post([self] { self.service->return_lost(self.number, {.text = "the stream was lost"}); });
  };
  service_.tell(stream_, [self = self_, pair](IncomingConnection& to) { to.begin_return(self, pair); }, gone);
}

ReturnLink::~ReturnLink() {
  service_.leave_return(self_.number);
  if (!lost_) service_.tell(stream_, [self = self_](IncomingConnection& from) { from.end_return(self); });
}

bool ReturnLink::writable() const { return !lost_ && under_way_ < kUnderWayMany; }

void ReturnLink::send(const xmpp::StanzaRef& stanza, const xmpp::Jid& from, const xmpp::Jid& to) {
  ++under_way_;
  service_.tell(stream_,
                [self = self_, stanza, from, to](IncomingConnection& over) { over.send_back(self, stanza, from, to); });
  full_ = !writable();
}

void ReturnLink::close() {
  service_.tell(stream_, [](IncomingConnection& closing) {
    closing.end_in_order({xmpp::StreamCondition::reset, "Ended by an administrator."});
  });
}

void ReturnLink::done(std::uint32_t count) {
  under_way_ -= count;
  owner_.link_done(*this, count);
  if (!full_ || !writable()) return;
  full_ = false;
  owner_.link_writable(*this);
}

void ReturnLink::lost(const Failure& why) {
  if (!std::exchange(lost_, true)) owner_.link_lost(*this, why, {});
}

}  // namespace s2s
