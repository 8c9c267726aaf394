// The whole server in one process: real bus, accounts, clients, features and store, on virtual time and as many shards
// as asked for. The plaintext entrance is the only one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/accounts.h"
#include "c2s/clients.h"
#include "router/registry.h"
#include "router/switchboard.h"
#include "sim/sim_loop.h"
#include "sim/sim_transport.h"
#include "store/store.h"

namespace transcript {

class SimServer {
 public:
  SimServer(const std::filesystem::path& folder, std::size_t shards, std::uint64_t seed);
  ~SimServer();

  sim::World& world() { return world_; }
  void add_account(std::string_view bare, std::string_view password);
  /// A new client's connection, accepted by one shard after the other.
  sim::Peer connect(const sim::LinkOptions& options);

 private:
  struct Part;

  sim::World world_;
  sim::SeededRandom random_;
  sim::SimExecutor writing_, reading_, cpu_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<router::Switchboard> board_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::size_t next_part_ = 0;
};

}  // namespace transcript
