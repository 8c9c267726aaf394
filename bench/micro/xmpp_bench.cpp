// Addresses: plain ASCII takes the fast path, the rest goes through PRECIS.
#include <benchmark/benchmark.h>

#include "xmpp/jid.h"

namespace {

void parse_jid(benchmark::State& state, const char* text) {
  for (auto _ : state) benchmark::DoNotOptimize(xmpp::Jid::parse(text));
}
BENCHMARK_CAPTURE(parse_jid, ascii, "juliet@example.org/balcony");
BENCHMARK_CAPTURE(parse_jid, mixed_case, "Juliet@Example.ORG/Balcony");
BENCHMARK_CAPTURE(parse_jid, unicode, "jülïét@bücher.example/bälcony");

void bare_hash(benchmark::State& state) {
  const auto jid = xmpp::Jid::parse("juliet@example.org/balcony").value();
  for (auto _ : state) benchmark::DoNotOptimize(jid.bare_hash());
}
BENCHMARK(bare_hash);

}  // namespace
