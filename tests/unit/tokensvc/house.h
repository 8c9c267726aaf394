// An office over a real store on virtual time.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/faulty_vfs.h"
#include "sim/sim_loop.h"
#include "sim/sim_transport.h"
#include "tokensvc/office.h"
#include "town.h"

namespace tokensvc {

/// One caller, skotos, and one key.
inline base::Ref<Settings> settings_of(KeyRing keys = ring_of(secret_key())) {
  auto settings = base::make_ref<Settings>(std::move(keys));
  CallerSettings caller;
  caller.caller = skotos();
  settings->callers.push_back(std::move(caller));
  return settings;
}

class House : public testing::Test {
 protected:
  House() {
    sim::register_faulty_vfs();
    char name[] = "/tmp/tokensvc_test.XXXXXX";
    folder_ = mkdtemp(name);
    store::Options options;
    options.vfs = sim::kFaultyVfs;
    store = std::move(*store::Store::open(folder_ + "/exedra.db", options, writing, reading));
    office = std::make_unique<Office>(world.loop(), *store, settings_of());
  }
  ~House() override {
    sim::vfs_failure = SQLITE_OK;
    std::filesystem::remove_all(folder_);
  }

  std::vector<store::TokenRecord> audit(const store::TokenQuery& query = {}) {
    std::optional<std::vector<store::TokenRecord>> found;
    store->read(
        world.loop(), [query](store::Reader& reader) { return reader.tokens(query); },
        [&found](base::Result<std::vector<store::TokenRecord>> rows) { found = std::move(rows.value()); });
    world.advance(std::chrono::seconds(1));
    return found.value();
  }

  sim::World world{7};
  sim::SimExecutor writing{world, std::chrono::milliseconds(2)}, reading{world, std::chrono::milliseconds(2)};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Office> office;

 private:
  std::string folder_;
};

}  // namespace tokensvc
