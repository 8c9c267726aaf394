// The address that clients ask for slots (XEP-0363).
#pragma once

#include <optional>
#include <string_view>

#include "router/registry.h"
#include "router/router.h"
#include "web/retention.h"
#include "web/site.h"
#include "web/uploads.h"

namespace web {

/// One per shard, on its thread; the one that owns the address has the site and gets what is sent there.
class UploadService final : public router::Component {
 public:
  struct Seams {
    store::Store& store;
    base::Random& random;
    Uploads::Disk disk;
    std::string_view secret;  ///< as Uploads has it
  };
  /// Registers what the address answers, before the registry is frozen.
  UploadService(router::Router& router, router::Registry& registry, const Seams& seams, SettingsRef settings);

  void receive(router::PacketRef packet) override;
  void use(SettingsRef settings) { uploads_.use(std::move(settings)); }
  Site& site() { return site_; }
  Counts counts() const;
  /// Files go when their time is over, from now on. On one shard of the process.
  void keep_time() { retention_.emplace(router_.loop(), uploads_.store(), uploads_.names()); }

 private:
  void info_asked(router::Responder responder);
  void slot_asked(router::Responder responder);

  router::Router& router_;
  router::Registry& registry_;
  Uploads uploads_;
  Site site_;
  std::optional<Retention> retention_;
};

}  // namespace web
