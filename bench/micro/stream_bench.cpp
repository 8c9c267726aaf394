// The server's side of SCRAM, and the queue of what a client has not acknowledged.
#include <benchmark/benchmark.h>

#include <string>

#include "base/base64.h"
#include "stream/digest.h"
#include "stream/scram.h"
#include "stream/sm.h"

namespace {

constexpr std::uint32_t kIterations = 4096;

stream::ScramKeys copy(const stream::ScramKeys& keys) {
  return {keys.hash, keys.salt, keys.iterations, base::Secret(std::string(keys.stored_key.reveal())),
          base::Secret(std::string(keys.server_key.reveal()))};
}

/// One whole exchange without deriving keys: what a login costs the shard.
void scram_verify(benchmark::State& state) {
  const auto hash = stream::Hash::sha256;
  const auto keys = stream::derive_keys(hash, "pencil", "salt", kIterations);
  const std::string bare = "n=user,r=fyko+d2lbbFgONRv9qkxdawL", nonce = "fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
  const std::string first = "r=" + nonce + ",s=" + base::base64("salt") + ",i=" + std::to_string(kIterations);
  const std::string without = "c=biws,r=" + nonce;
  const base::Secret salted = stream::pbkdf2(hash, "pencil", "salt", kIterations);
  std::string proof = stream::hmac(hash, salted.reveal(), "Client Key");
  const std::string signature = stream::hmac(hash, stream::digest(hash, proof), bare + "," + first + "," + without);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
  const std::string last = without + ",p=" + base::base64(proof);
  for (auto _ : state) {
    stream::Scram scram(
        {.hash = hash, .server_nonce = "3rfcNHYJY1ZVvWVs7j", .fake_secret = "secret", .fake_iterations = kIterations});
    scram.start("n,," + bare);
    scram.on_credentials("user", copy(keys));
    const auto step = scram.respond(last);
    if (!std::holds_alternative<stream::Success>(step)) state.SkipWithError("the proof was refused");
  }
}
BENCHMARK(scram_verify);

/// Stanzas in, an acknowledgement every `range`.
void sm_queue(benchmark::State& state) {
  stream::OutboundQueue<std::string> queue({});
  std::uint32_t sent = 0;
  for (auto _ : state) {
    if (!queue.push(std::string(40, 'x'), 300)) state.SkipWithError("the queue is full");
    if (++sent % static_cast<std::uint32_t>(state.range(0)) == 0) benchmark::DoNotOptimize(queue.acknowledge(sent));
  }
}
BENCHMARK(sm_queue)->Arg(1)->Arg(5)->Arg(500);

}  // namespace
