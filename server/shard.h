// One shard's components, built from seams: production gives Asio loops and threads, tests the simulated world.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "accounts/accounts.h"
#include "accounts/administration.h"
#include "base/executor.h"
#include "base/random.h"
#include "c2s/clients.h"
#include "muc/service.h"
#include "net/dialer.h"
#include "net/dns.h"
#include "proxy65/service.h"
#include "router/delivery.h"
#include "router/registry.h"
#include "router/router.h"
#include "s2s/service.h"
#include "store/key_maker.h"
#include "store/store.h"
#include "stream/mechanisms.h"
#include "tokensvc/meetings.h"
#include "tokensvc/office.h"
#include "web/upload_service.h"

/// What federation needs of the world; outlives the shards.
struct FederationSeams {
  struct Place {
    net::Dns& dns;
    net::Dialer& dialer;
  };
  std::vector<Place> shards;
  const s2s::DialbackKeys& keys;
  base::Ref<const net::TlsTrust> trust;
  s2s::PolicyRef policy;
};

/// What uploads need of the world; outlives the shards.
struct UploadSeams {
  web::Uploads::Disk disk;
  web::SettingsRef settings;
  std::string secret;  ///< that slots are signed with
};

/// What all shards share; outlives them.
struct Seams {
  store::Store& store;
  store::KeyMaker& keys;
  base::Executor& cpu;  ///< derives and checks passwords
  base::Random& random;
  stream::FakeAccounts fake;
  tokensvc::SettingsRef tokens = {};                      ///< null: there is no token service
  const FederationSeams* federation = nullptr;            ///< null: other servers are not there
  proxy65::SettingsRef proxy65 = {};                      ///< null: there is no file transfer proxy
  std::function<proxy65::Carry(base::Loop&)> carry = {};  ///< how it joins connections of a loop
  const UploadSeams* uploads = nullptr;                   ///< null: nobody can put files
};

/// Made before its loop runs, destroyed when it no longer runs; in between everything is for the loop's thread.
class Shard {
 public:
  /// Claims the hosts of `settings`, registers every feature and freezes the tables.
  Shard(router::Router& router, const Seams& seams, router::SettingsRef settings);

  router::Router& router() { return router_; }
  const router::Registry& registry() const { return registry_; }
  c2s::Clients& clients() { return clients_; }
  /// Null where there is no token service.
  tokensvc::Office* office() { return office_.get(); }
  /// Null where there is no file transfer proxy.
  proxy65::Service* proxy65() { return proxy65_.get(); }
  /// Null where nobody can put files.
  web::UploadService* uploads() { return uploads_.get(); }
  /// Null where the server does not federate.
  s2s::Service* federation() { return federation_.get(); }
  /// Tells all occupants that their rooms end. To be done on every shard before stop().
  void shut_rooms() { rooms_.shut_down(); }
  /// Ends all streams; `done` on this thread when none is left.
  void stop(base::Fn<void()> done);

 private:
  void wire_accounts();
  void wire_features(const Seams& seams);
  void wire_offline(const Seams& seams);
  void wire_rooms();
  void wire_tokens(const Seams& seams);
  void wire_proxy65(const Seams& seams);
  void wire_uploads(const Seams& seams);
  void wire_clients();
  void wire_federation(const Seams& seams);

  router::Router& router_;
  router::Registry registry_;
  router::DeliveryPoints points_;
  accounts::Accounts accounts_;
  accounts::Administration administration_;
  muc::Service rooms_;
  std::unique_ptr<tokensvc::Office> office_;
  std::unique_ptr<tokensvc::Meetings> meetings_;
  std::unique_ptr<proxy65::Service> proxy65_;
  std::unique_ptr<web::UploadService> uploads_;
  c2s::Clients clients_;
  std::unique_ptr<s2s::Service> federation_;
};
