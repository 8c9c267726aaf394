// What an administrator sees of federation and may do with it. The first shard's thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "admin/domain_check.h"
#include "federation.h"
#include "net/connector.h"
#include "server.h"

class FederationAdmin {
 public:
  /// All outlive it; the server federates.
  FederationAdmin(Server& server, const Federation& federation);

  /// Of the remote domain, or of all where it is empty.
  void list(const std::string& domain, admin::Done done);
  void kick(const std::string& domain, admin::Done done);
  /// Forgets the key that is pinned for it.
  void unpin(const std::string& domain, admin::Done done);
  void check(const std::string& domain, admin::Done done);

 private:
  Server& server_;
  const FederationSeams& seams_;
  net::Connector connector_;
  admin::DomainChecks checks_;
};

/// {"streams":[…],"queues":[…]}; times in seconds since 1970.
nlohmann::json to_json(const s2s::State& state);
