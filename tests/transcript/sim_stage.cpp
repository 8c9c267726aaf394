#include "transcript/sim_stage.h"

#include <optional>
#include <utility>

#include "transcript/process.h"
#include "transcript/sim_server.h"
#include "transcript/token_settings.h"

namespace transcript {
namespace {

using namespace std::chrono_literals;

class SimWire final : public Wire {
 public:
  SimWire(sim::World& world, sim::Peer peer) : world_(world), peer_(std::move(peer)) {}

  void send(std::string_view bytes) override { peer_.send(bytes); }

  bool receive(std::string& into) override {
    // What comes at all comes within the time of a few jobs; the clock must stay clear of the server's deadlines.
    for (int step = 0; step < 50 && !peer_.ended() && peer_.peek().empty(); ++step) world_.advance(10ms);
    world_.settle();
    into += peer_.take();
    return !into.empty();
  }

  bool ended() const override { return peer_.ended() && peer_.peek().empty(); }

  void cut() override {
    peer_.cut();
    world_.settle();
  }

 private:
  sim::World& world_;
  sim::Peer peer_;
};

class SimStage final : public Stage {
 public:
  explicit SimStage(const SimOptions& options)
      : options_(options), server_(folder_.path(), options.shards, 7, false, token_settings()) {}

  void add_account(std::string_view bare, std::string_view password) override { server_.add_account(bare, password); }
  void start() override {}
  std::unique_ptr<Wire> connect() override {
    sim::LinkOptions link{.peer = "127.0.0.1:40000"};
    if (options_.chunk > 0) link.chunk = options_.chunk;
    return std::make_unique<SimWire>(server_.world(), server_.connect(link));
  }

  bool has_clock() const override { return true; }
  void advance(std::chrono::seconds time) override { server_.world().advance(time); }

 private:
  SimOptions options_;
  TemporaryFolder folder_;
  SimServer server_;
};

}  // namespace

std::unique_ptr<Stage> sim_stage(const SimOptions& options) { return std::make_unique<SimStage>(options); }

}  // namespace transcript
