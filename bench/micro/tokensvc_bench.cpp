// What a request of a game costs beside its audit row: parsed, judged, signed, answered.
#include <benchmark/benchmark.h>

#include <string>

#include "tokensvc/line.h"
#include "tokensvc/request.h"

namespace {

using namespace tokensvc;

constexpr std::string_view kRequest =
    R"({ "cmd": "jwt_token", "displayName": "Mercutio", "channel": "jitsi_chat_default", "moderator": false, )"
    R"("id": "mercutio", "email": "", "avatar": "", "seq": 4711 })";

void line_parse(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(parse_request(kRequest));
}
BENCHMARK(line_parse);

void line_answer(benchmark::State& state) {
  const base::Secret secret("0123456789abcdef0123456789abcdef");
  std::vector<Key> keys;
  keys.push_back(std::move(Key::from_secret(Algorithm::hs256, "", secret).value()));
  const KeyRing ring = KeyRing::make(std::move(keys)).value();
  const Caller caller{.name = "skotos", .issuer = "skotos", .subject = "meet.example.org", .channels = {"*"}};
  Bucket bucket;
  Desk desk(caller, bucket, ring);
  Line line;
  const std::string framed = std::string(kRequest) + '\n';
  for (auto _ : state) {
    std::string_view input = framed;
    const auto answer = line.next(input, desk, {});
    if (!answer || !answer->issued) state.SkipWithError("the request was refused");
  }
}
BENCHMARK(line_answer);

}  // namespace
