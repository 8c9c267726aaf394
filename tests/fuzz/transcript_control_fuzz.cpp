// Any line on the control socket, against real accounts: each is answered once, and a refusal is one line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "accounts/accounts.h"
#include "accounts/administration.h"
#include "admin/operations.h"
#include "c2s/key_maker.h"
#include "router/switchboard.h"
#include "sim/sim_loop.h"
#include "transcript/process.h"

namespace {

using nlohmann::json;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

struct IdleProcess final : admin::Process {
  void status(admin::Done done) override { done(json::object()); }
  void reload(admin::Done done) override { done(base::failure("wrong")); }
  void stop() override {}
};

struct House {
  transcript::TemporaryFolder folder;
  sim::World world{7};
  sim::SimExecutor disk{world, 1ms}, cpu{world, 1ms};
  sim::SeededRandom random{7};
  router::Switchboard board{world.loops()};
  router::Registry registry;
  router::DeliveryPoints points;
  IdleProcess process;
  std::unique_ptr<store::Store> store = store::Store::open(folder.path() / "db", {}, disk, disk).value();
  c2s::ScramKeyMaker keys{cpu, random, 1};
  accounts::Accounts people{board.router(0), registry, points, *store, random};
  accounts::Administration administration{people, keys};

  House() {
    const router::HostSettings host{.domain = xmpp::Jid::parse("example.org").value()};
    board.router(0).use(base::make_ref<router::Settings>(std::vector{host}, router::Limits{}));
    board.router(0).use(administration);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static House& house = *new House();  // lives as long as the process: what one line leaves is there for the next
  const json request = json::parse(data, data + size, nullptr, false);
  // A backup would write wherever the line says.
  if (request.is_discarded() || (request.is_object() && request.value("op", json()) == "backup")) return 0;
  int answers = 0;
  admin::perform({house.board.router(0), *house.store, house.random, house.process}, request,
                 [&answers](const base::Result<json>& result) {
                   ++answers;
                   if (!result && result.error().what.empty()) std::abort();
                   if (result && !result->is_object()) std::abort();
                 });
  house.world.advance(60s);
  if (answers != 1) std::abort();
  return 0;
}
