#include "shard.h"

#include <array>
#include <utility>

#include "features/archive.h"
#include "features/blocking.h"
#include "features/caps.h"
#include "features/carbons.h"
#include "features/commands.h"
#include "features/contact.h"
#include "features/csi.h"
#include "features/disco.h"
#include "features/feature.h"
#include "features/hints.h"
#include "features/last.h"
#include "features/ping.h"
#include "features/private.h"
#include "features/registration.h"
#include "features/time.h"
#include "features/upload_retraction.h"
#include "features/vcard.h"
#include "features/version.h"
#include "offline/offline.h"
#include "router/token_service.h"

namespace {

// What streams speak and stanzas are made of, below the components: listed here because nothing registers it.
constexpr std::array<router::Xep, 17> kBelow{{{4, "2.13.2", "Data Forms"},
                                              {59, "1.0", "Result Set Management"},
                                              {82, "1.1.1", "XMPP Date and Time Profiles"},
                                              {178, "1.2", "Best Practices for Use of SASL EXTERNAL with Certificates"},
                                              {185, "1.0", "Dialback Key Generation and Validation"},
                                              {198, "1.6.3", "Stream Management"},
                                              {220, "1.1.1", "Server Dialback"},
                                              {288, "1.0.1", "Bidirectional Server-to-Server Connections"},
                                              {297, "1.0", "Stanza Forwarding"},
                                              {368, "1.1.0", "SRV records for XMPP over TLS"},
                                              {386, "1.1.0", "Bind 2"},
                                              {388, "1.0.4", "Extensible SASL Profile"},
                                              {440, "1.0.0", "SASL Channel-Binding Type Capability"},
                                              {474, "0.5.0", "SASL SCRAM Downgrade Protection"},
                                              {478, "0.2.0", "Stream Limits Advertisement"},
                                              {482, "0.1.0", "Call Invites"},
                                              {495, "0.1.0", "Happy Eyeballs"}}};

}  // namespace

Shard::Shard(router::Router& router, const Seams& seams, router::SettingsRef settings)
    : router_(router),
      accounts_(router, registry_, points_, seams.store, seams.random),
      administration_(accounts_, seams.keys),
      rooms_(router, registry_, seams.store, seams.random),
      clients_({router, accounts_, registry_, seams.store, seams.random, seams.cpu, seams.fake}) {
  router_.use(std::move(settings));
  wire_accounts();
  wire_features(seams);
  wire_offline(seams);
  wire_rooms();
  wire_tokens(seams);
  wire_proxy65(seams);
  wire_uploads(seams);
  wire_clients();
  wire_federation(seams);
  registry_.freeze();
}

void Shard::stop(base::Fn<void()> done) {
  for (const auto& step : points_.stopping) step();
  clients_.stop(std::move(done));
}

void Shard::wire_accounts() {
  router_.use(administration_);
  for (const router::HostSettings& host : router_.settings().hosts()) router_.claim(host.domain.domain(), accounts_);
}

/// The one list of features; a stanza passes their steps in this order.
void Shard::wire_features(const Seams& seams) {
  const features::Environment environment{router_, registry_, points_, accounts_, seams.store, seams.random};
  features::add_hints(environment);
  features::add_blocking(environment);
  features::add_carbons(environment);
  features::add_archive(environment);
  if (seams.uploads != nullptr) features::add_upload_retraction(environment);
  features::add_csi(environment);
  features::add_last(environment);
  features::add_private(environment);
  features::add_vcard(environment);
  features::add_registration(environment);
  features::add_contact(environment);
  features::add_ping(environment);
  features::add_time(environment);
  features::add_version(environment);
  features::add_disco(environment);
  features::add_commands(environment);
  features::add_caps(environment);
}

void Shard::wire_offline(const Seams& seams) {
  offline::add_offline({router_, registry_, points_, accounts_, seams.store, seams.random});
}

void Shard::wire_rooms() {
  for (const router::RoomService& service : router_.settings().room_services())
    router_.claim(service.domain.domain(), rooms_);
}

void Shard::wire_tokens(const Seams& seams) {
  if (!seams.tokens) return;
  office_ = std::make_unique<tokensvc::Office>(router_.loop(), seams.store, seams.tokens);
  meetings_ =
      std::make_unique<tokensvc::Meetings>(router_, registry_, seams.store, seams.random, *office_, seams.fake.secret);
  router_.claim(router::kTokenService, *meetings_);
}

void Shard::wire_proxy65(const Seams& seams) {
  if (!seams.proxy65) return;
  proxy65_ = std::make_unique<proxy65::Service>(router_, registry_, seams.proxy65,
                                                seams.carry ? seams.carry(router_.loop()) : proxy65::Carry());
  router_.claim(seams.proxy65->domain.domain(), *proxy65_);
}

void Shard::wire_uploads(const Seams& seams) {
  if (seams.uploads == nullptr) return;
  const UploadSeams& own = *seams.uploads;
  uploads_ = std::make_unique<web::UploadService>(
      router_, registry_, web::UploadService::Seams{seams.store, seams.random, own.disk, own.secret}, own.settings);
  router_.claim(own.settings->domain.domain(), *uploads_);
}

void Shard::wire_clients() {
  for (const router::Xep& xep : kBelow) registry_.xep(xep);
}

void Shard::wire_federation(const Seams& seams) {
  if (seams.federation == nullptr) return;
  const FederationSeams& world = *seams.federation;
  const FederationSeams::Place& place = world.shards[router_.shard()];
  federation_ = std::make_unique<s2s::Service>(
      s2s::Services{router_, seams.store, seams.random, place.dns, place.dialer, world.keys, world.trust},
      world.policy);
  router_.claim_rest(*federation_);
  router_.loop().post([this] { federation_->start(); });
}
