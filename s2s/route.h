// From a remote domain to a connection with one of its machines: where the operator says, or where DNS says (RFC 6120
// 3.2, XEP-0368).
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/connector.h"
#include "net/dns.h"
#include "net/targets.h"
#include "s2s/link.h"
#include "s2s/policy.h"

namespace s2s {

class Service;

/// One way to it; destroying it gives up.
class Route {
 public:
  struct Reached {
    std::unique_ptr<net::Transport> transport;  ///< not started
    net::Target target;
    bool others = false;               ///< there are targets that were not tried
    std::vector<net::Tlsa> tlsa = {};  ///< what DNSSEC proves of its certificate
  };
  /// Once, in a later step; may destroy the route.
  using Done = base::Fn<void(std::expected<Reached, Failure>)>;

  Route(Service& service, std::string remote, const PairRules& rules, Done done);

 private:
  void look_up();
  void found();
  void connect(std::vector<net::Target> targets);
  void prove();
  void finish(std::expected<Reached, Failure> result);

  Service& service_;
  std::string remote_;
  bool private_addresses_;
  Done done_;
  std::string ascii_;
  std::unique_ptr<net::Dns::Call> direct_call_, starttls_call_, tlsa_call_;
  std::optional<net::DnsResult<net::Srv>> direct_, starttls_;
  std::vector<net::Target> targets_;
  std::unique_ptr<net::Connector::Call> connection_;
  Reached reached_;
  base::Timer later_;
};

}  // namespace s2s
