#include "transcript/sim_server.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "c2s/key_maker.h"
#include "sim/faulty_vfs.h"
#include "transcript/script.h"

namespace transcript {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kIterations = 4;  // nobody attacks these passwords
constexpr base::Duration kSlowestJob = 2ms;

router::HostSettings host_with_rooms(std::string_view domain) {
  router::HostSettings host{.domain = xmpp::Jid::from_prepared(domain)};
  host.rooms = xmpp::Jid::from_prepared("conference." + std::string(domain));
  return host;
}

router::SettingsRef settings(const tokensvc::SettingsRef& tokens) {
  std::vector hosts{host_with_rooms("example.org"), host_with_rooms("archiveless.example.org")};
  hosts[0].registration = true;
  hosts[0].admin_contacts.emplace_back("mailto:admin@example.org");
  hosts[1].archive = false;
  std::vector<router::RoomService> rooms{{.domain = hosts[0].rooms}, {.domain = hosts[1].rooms}};
  const auto meets = [&](const auto& one) { return tokens && tokens->meetings(one.domain.str()) != nullptr; };
  for (router::HostSettings& host : hosts) host.meetings = meets(host);
  for (router::RoomService& service : rooms) service.meetings = meets(service);
  // As the real program's in exedra_stage.cpp.
  rooms[1].occupants = 3;
  rooms[1].limits.room_occupants = 4;
  rooms[1].limits.rooms_per_owner = 2;
  rooms[1].limits.room_total_messages_per_second = 1;
  rooms[1].limits.room_total_presences_per_second = 1;
  return base::make_ref<const router::Settings>(std::move(hosts), router::Limits{}, std::move(rooms));
}

}  // namespace

SimServer::SimServer(const std::filesystem::path& folder, std::size_t shards, std::uint64_t seed,
                     bool survive_power_cut, tokensvc::SettingsRef tokens)
    : world_(seed, shards),
      random_(seed),
      writing_(world_, kSlowestJob),
      reading_(world_, kSlowestJob),
      cpu_(world_, kSlowestJob),
      bytes_(world_, kSlowestJob),
      names_(world_, kSlowestJob),
      keys_(std::make_unique<c2s::ScramKeyMaker>(cpu_, random_, kIterations)) {
  sim::register_faulty_vfs();
  const store::Options options{.survive_power_cut = survive_power_cut, .vfs = sim::kFaultyVfs};
  auto opened = store::Store::open(folder / "exedra.db", options, writing_, reading_);
  if (!opened) throw Failure(opened.error().what);
  store_ = std::move(*opened);
  auto proxy = base::make_ref<proxy65::Settings>();
  proxy->domain = xmpp::Jid::from_prepared("proxy.example.org");
  proxy->addresses = {{"files.example.org", 7777}};
  auto files = web::FileStore::open(folder / "uploads");
  if (!files) throw Failure(files.error().what);
  web::Terms uploads;
  uploads.domain = xmpp::Jid::from_prepared("upload.example.org");
  uploads.url = "https://upload.example.org";
  uploads.file_bytes = 20'000;
  uploads.user_daily_bytes = 30'000;
  uploads_ = std::make_unique<UploadSeams>(UploadSeams{{std::move(*files), bytes_, names_},
                                                       base::make_ref<web::Settings>(std::move(uploads)),
                                                       "a secret of the folder"});
  const Seams seams{.store = *store_,
                    .keys = *keys_,
                    .cpu = cpu_,
                    .random = random_,
                    .fake = {.secret = "fake", .iterations = kIterations},
                    .tokens = tokens,
                    .proxy65 = std::move(proxy),
                    .uploads = uploads_.get()};
  server_ = std::make_unique<Server>(world_.loops(), seams, settings(tokens));
}

void SimServer::stop(base::Fn<void()> done) {
  if (!std::exchange(stopping_, true)) server_->stop(std::move(done));
}

SimServer::~SimServer() {
  stop([] {});
  world_.advance(10s);
}

void SimServer::add_account(std::string_view bare, std::string_view password) {
  const auto account = xmpp::Jid::parse(bare);
  if (!account) throw Failure(std::string(bare) + " is no address");
  std::optional<base::Result<void, xmpp::StanzaError>> created;
  server_->shard(0).router().run_on_owner(*account, [&](router::Router& owner) {
    owner.accounts().create(*account, base::Secret(std::string(password)),
                            [&](base::Result<void, xmpp::StanzaError> result) { created = std::move(result); });
  });
  world_.advance(1s);
  if (!created || !*created) throw Failure("cannot add " + std::string(bare));
}

router::Router& SimServer::router_of(const xmpp::Jid& address) {
  const router::Router& any = server_->shard(0).router();
  return any.board().router(any.owner(address));
}

void SimServer::claim(std::string_view domain, router::Component& component) {
  for (std::size_t i = 0; i < server_->shards(); ++i) server_->shard(i).router().claim(domain, component);
}

void SimServer::claim_rest(router::Component& component) {
  for (std::size_t i = 0; i < server_->shards(); ++i) server_->shard(i).router().claim_rest(component);
}

sim::Peer SimServer::connect(const sim::LinkOptions& options) {
  const std::size_t shard = next_shard_++ % server_->shards();
  auto [transport, peer] = sim::make_link(world_.loop(shard), options);
  server_->shard(shard).clients().accept(std::move(transport), {.plaintext_login = true});
  return std::move(peer);
}

}  // namespace transcript
