// Packets through the bus: posted, dispatched, received; and a room's message to 500, each copy by itself or all at
// once.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

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

constexpr int kOccupants = 500;

std::vector<xmpp::Jid> occupants() {
  std::vector<xmpp::Jid> all;
  for (int i = 0; i < kOccupants; ++i)
    all.push_back(xmpp::Jid::parse("user" + std::to_string(i) + "@example.org/phone").value());
  return all;
}

/// Argument: shards. The figure is for one message to all.
void fan_out(benchmark::State& state, bool at_once) {
  sim::World world(1, static_cast<std::size_t>(state.range(0)));
  router::Switchboard board(world.loops());
  Sink sink;
  for (router::ShardId s = 0; s < board.shards(); ++s) board.router(s).claim("example.org", sink);
  const auto stanza = xmpp::share(xmpp::make_message(xmpp::Type::groupchat, "m"));
  const auto room = xmpp::Jid::parse("verona@conference.example.org/romeo").value();
  const std::vector<xmpp::Jid> to = occupants();
  const auto audience = base::make_ref<const router::Audience>(board.router(0), to);
  for (auto _ : state) {
    if (at_once) {
      board.router(0).post_to_all(stanza, room, audience, router::Origin::component);
    } else {
      for (const xmpp::Jid& each : to)
        board.router(0).post(base::make_ref<const router::Packet>(stanza, room, each, router::Origin::component));
    }
    world.settle();
  }
  if (sink.received != static_cast<std::uint64_t>(state.iterations() * kOccupants)) state.SkipWithError("packets lost");
}
BENCHMARK_CAPTURE(fan_out, one_by_one, false)->Arg(1)->Arg(4);
BENCHMARK_CAPTURE(fan_out, at_once, true)->Arg(1)->Arg(4);

void make_audience(benchmark::State& state) {
  sim::World world(1, 4);
  router::Switchboard board(world.loops());
  Sink sink;
  board.router(0).claim("example.org", sink);
  const std::vector<xmpp::Jid> to = occupants();
  for (auto _ : state) benchmark::DoNotOptimize(base::make_ref<const router::Audience>(board.router(0), to));
}
BENCHMARK(make_audience);

}  // namespace
