#include "transcript/sim_server.h"

#include <utility>

#include "c2s/key_maker.h"
#include "features/archive.h"
#include "features/blocking.h"
#include "features/caps.h"
#include "features/carbons.h"
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
#include "features/vcard.h"
#include "features/version.h"
#include "store/unit.h"
#include "transcript/script.h"

namespace transcript {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kIterations = 4;  // nobody attacks these passwords
constexpr base::Duration kSlowestJob = 2ms;

router::SettingsRef settings() {
  router::HostSettings host{.domain = xmpp::Jid::from_prepared("example.org"), .registration = true};
  host.admin_contacts.emplace_back("mailto:admin@example.org");
  return base::make_ref<const router::Settings>(std::vector{std::move(host)}, router::Limits{});
}

}  // namespace

/// What one shard has.
struct SimServer::Part {
  Part(router::Router& router, store::Store& store, base::Random& random, base::Executor& cpu)
      : accounts(router, registry, points, store, random),
        clients({router, accounts, registry, store, random, cpu, {.secret = "fake", .iterations = kIterations}}) {
    const features::Environment environment{router, registry, points, accounts, store, random};
    features::add_blocking(environment);
    features::add_hints(environment);
    features::add_archive(environment);
    features::add_carbons(environment);
    features::add_csi(environment);
    features::add_disco(environment);
    features::add_caps(environment);
    features::add_contact(environment);
    features::add_last(environment);
    features::add_ping(environment);
    features::add_private(environment);
    features::add_registration(environment);
    features::add_time(environment);
    features::add_vcard(environment);
    features::add_version(environment);
    registry.freeze();
    router.claim("example.org", accounts);
    router.use(settings());
  }

  router::Registry registry;
  router::DeliveryPoints points;
  accounts::Accounts accounts;
  c2s::Clients clients;
};

SimServer::SimServer(const std::filesystem::path& folder, std::size_t shards, std::uint64_t seed)
    : world_(seed, shards),
      random_(seed),
      writing_(world_, kSlowestJob),
      reading_(world_, kSlowestJob),
      cpu_(world_, kSlowestJob) {
  auto opened = store::Store::open(folder / "exedra.db", {}, writing_, reading_);
  if (!opened) throw Failure(opened.error().what);
  store_ = std::move(*opened);
  board_ = std::make_unique<router::Switchboard>(world_.loops());
  std::vector<c2s::Clients*> all;
  for (router::ShardId shard = 0; shard < shards; ++shard) {
    parts_.push_back(std::make_unique<Part>(board_->router(shard), *store_, random_, cpu_));
    all.push_back(&parts_.back()->clients);
  }
  for (const auto& part : parts_) part->clients.join(all);
}

SimServer::~SimServer() {
  for (const auto& part : parts_) part->clients.stop([] {});
  world_.advance(10s);
}

void SimServer::add_account(std::string_view bare, std::string_view password) {
  const auto at = bare.find('@');
  store::Account account{.local = std::string(bare.substr(0, at)), .host = std::string(bare.substr(at + 1))};
  c2s::ScramKeyMaker maker(cpu_, random_, kIterations);
  maker.make_keys(base::Secret(std::string(password)), world_.loop(), [&](auto keys) {
    if (keys) account.keys = std::move(*keys);
  });
  world_.advance(100ms);
  if (account.keys.empty()) throw Failure("no keys for " + std::string(bare));
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::AccountPut{std::move(account)});
  store_->write(unit, world_.loop(), [](const base::Result<void>&) {});
  world_.advance(100ms);
}

sim::Peer SimServer::connect(const sim::LinkOptions& options) {
  const std::size_t shard = next_part_++ % parts_.size();
  auto [transport, peer] = sim::make_link(world_.loop(shard), options);
  parts_[shard]->clients.accept(std::move(transport), {.plaintext_login = true});
  return std::move(peer);
}

}  // namespace transcript
