// A packet through the bus on one shard: posted, dispatched, received.
#include <benchmark/benchmark.h>

#include "router/router.h"
#include "sim/sim_loop.h"

namespace {

struct Sink final : router::Component {
  void receive(router::PacketRef) override { ++received; }
  std::uint64_t received = 0;
};

void route(benchmark::State& state) {
  sim::World world(1, 1);
  router::Switchboard board(world.loops());
  Sink sink;
  board.router(0).claim("example.org", sink);
  const auto stanza = xmpp::share(xmpp::make_message(xmpp::Type::chat, "m"));
  const auto from = xmpp::Jid::parse("romeo@example.org/a").value(),
             to = xmpp::Jid::parse("juliet@example.org").value();
  std::uint64_t sent = 0;
  for (auto _ : state) {
    board.router(0).post(base::make_ref<const router::Packet>(stanza, from, to, router::Origin::session));
    if (++sent % 64 == 0) world.settle();
  }
  world.settle();
  if (sink.received != sent) state.SkipWithError("packets were lost");
}
BENCHMARK(route);

}  // namespace
