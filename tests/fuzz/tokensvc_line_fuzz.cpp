// Any bytes as a game's side of the line protocol, whole and split: the same replies, each one line of JSON in its
// shape, and every token in them is good.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tokensvc/line.h"
#include "tokensvc/verify.h"

namespace {

using namespace tokensvc;

constexpr Instant kNow{base::WallTime(std::chrono::seconds(1'700'000'000)), {}};

void require(bool holds) {
  if (!holds) std::abort();
}

KeyRing make_ring() {
  std::vector<Key> keys;
  keys.push_back(std::move(*Key::from_secret(Algorithm::hs256, "", base::Secret(std::string(32, 's')))));
  return std::move(*KeyRing::make(std::move(keys)));
}

struct Replies {
  std::vector<std::string> all;
  bool closed = false;
  friend bool operator==(const Replies&, const Replies&) = default;
};

Replies answers(const KeyRing& keys, const Caller& caller, std::string_view bytes, std::size_t piece) {
  Line line;
  Bucket bucket;
  Desk desk(caller, bucket, keys);
  Replies replies;
  while (!bytes.empty()) {
    std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    while (auto answer = line.next(part, desk, kNow)) replies.all.push_back(std::move(answer->bytes));
    require(part.empty());
  }
  replies.closed = line.closed();
  return replies;
}

void check(const KeyRing& keys, std::string_view reply) {
  require(reply.ends_with(std::string_view("\n\0", 2)));
  reply.remove_suffix(2);
  require(reply.find_first_of(std::string_view("\n\0", 2)) == std::string_view::npos);
  const auto json = nlohmann::ordered_json::parse(reply);
  auto member = json.begin();
  for (const char* name : {"success", "message", "token", "time"})
    require(member != json.end() && (member++).key() == name);
  if (member != json.end() && member.key() == "seq") ++member;
  require(member == json.end() || member.key() == "code" || member.key() == "exp");
  const auto token = json["token"].get<std::string>();
  require(token.empty() || verify(token, keys, {.issuers = {"skotos"}}, kNow.seconds()).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const KeyRing keys = make_ring();
  if (size == 0) return 0;
  const Caller caller{.issuer = "skotos",
                      .subject = "meet.example.test",
                      .channels = {"*"},
                      .may_moderate = (data[0] & 1) != 0,
                      .may_use_wildcards = (data[0] & 2) != 0};
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Replies whole = answers(keys, caller, bytes, bytes.size() + 1);
  require(answers(keys, caller, bytes, 1 + data[0] % 16) == whole);
  for (const std::string& reply : whole.all) check(keys, reply);
  return 0;
}
