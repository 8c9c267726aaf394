// The part of a stream's owner that is the same for both directions.
#pragma once

#include <string>
#include <utility>

#include "base/log.h"
#include "s2s/connection.h"
#include "s2s/service.h"

namespace s2s {

template <class Owner>
class Owned : public Connection, public Owner {
 protected:
  using Connection::Connection;

  base::Random& random() override { return service().services().random; }
  const DialbackKeys& keys() override { return service().services().keys; }
  bool is_local(std::string_view domain) override { return service().is_local(domain); }
  std::string default_domain() override { return service().default_domain(); }
  std::optional<StreamRules> rules(const DomainPair& pair) override { return rules_for(pair); }
  bool certificate_names(std::string_view domain) override { return names(domain); }
  bool key_fits(std::string_view domain) override { return pin_allows(domain); }

  void send(std::string bytes) override { write(bytes); }
  void restart_reader() override { restart(); }
  void start_tls() override { begin_tls(false); }

  void refused(const DomainPair& pair, const Verdict& verdict) override {
    base::log::info("federation_refused",
                    {{"local", pair.local}, {"remote", pair.remote}, {"why", xmpp::to_string(verdict.condition)}});
  }
  void on_stanza(Arrival arrival) override { submit(std::move(arrival)); }
  void peer_closed() override { stream().close(); }
  void closed(const xmpp::StreamError* error, bool by_peer) override { finish(error, by_peer); }
};

}  // namespace s2s
