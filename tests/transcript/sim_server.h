// The whole server in one process, wired as production wires it, on virtual time and as many shards as asked for. The
// plaintext entrance is the only one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "server.h"
#include "sim/sim_loop.h"
#include "sim/sim_transport.h"

namespace transcript {

class SimServer {
 public:
  /// With a token service unless `tokens` is null; hosts and room services that its rules name have meetings.
  SimServer(const std::filesystem::path& folder, std::size_t shards, std::uint64_t seed, bool survive_power_cut = false,
            tokensvc::SettingsRef tokens = {});
  ~SimServer();

  sim::World& world() { return world_; }
  /// The store's writer and its readers, and what derives and checks keys.
  sim::SimExecutor& writing() { return writing_; }
  sim::SimExecutor& reading() { return reading_; }
  sim::SimExecutor& cpu() { return cpu_; }
  void add_account(std::string_view bare, std::string_view password);
  /// What the first shard registered; all register alike.
  const router::Registry& registry() { return server_->shard(0).registry(); }
  /// The router of the shard that owns this address.
  router::Router& router_of(const xmpp::Jid& address);
  /// Stands in for a component that isn't there, on every shard.
  void claim(std::string_view domain, router::Component& component);
  /// The same for all that is not this server's.
  void claim_rest(router::Component& component);
  /// What an operator would change by a reload.
  void use(const router::SettingsRef& settings) { server_->use(settings); }
  void use(const tokensvc::SettingsRef& tokens) { server_->use(tokens); }
  store::Store& store() { return *store_; }
  /// As SIGTERM does; `done` when the last client is gone.
  void stop(base::Fn<void()> done);
  /// A new client's connection, accepted by one shard after the other.
  sim::Peer connect(const sim::LinkOptions& options);

 private:
  sim::World world_;
  sim::SeededRandom random_;
  sim::SimExecutor writing_, reading_, cpu_, bytes_, names_;
  std::unique_ptr<store::KeyMaker> keys_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<UploadSeams> uploads_;
  std::unique_ptr<Server> server_;
  std::size_t next_shard_ = 0;
  bool stopping_ = false;
};

}  // namespace transcript
