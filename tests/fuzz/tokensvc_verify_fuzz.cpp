// Any bytes as a token, and as the header and the claims of one that is signed well: judged, never a crash; nothing
// gets in without a signature; a room opens only for a token that names it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64.h"
#include "tokensvc/verify.h"

namespace {

using namespace tokensvc;

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'700'000'000)};
const VerifyRules kRules{.issuers = {"*"}, .require_room = false, .verify_domain = false};

void require(bool holds) {
  if (!holds) std::abort();
}

KeyRing make_ring() {
  std::vector<Key> keys;
  keys.push_back(std::move(*Key::from_secret(Algorithm::hs256, "", base::Secret(std::string(32, 's')))));
  return std::move(*KeyRing::make(std::move(keys)));
}

std::expected<Verified, std::string> judge(const KeyRing& keys, const std::string& header, const std::string& claims) {
  const std::string text = header + '.' + base::base64url(claims);
  return verify(text + '.' + base::base64url(*keys.signer()->sign(text)), keys, kRules, kNow);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const KeyRing keys = make_ring();
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  require(!verify(bytes, keys, kRules, kNow) || bytes.find('.') != std::string::npos);
  const auto odd_header = judge(keys, base::base64url(bytes), R"({"iss":"x","aud":"x"})");
  require(odd_header || !odd_header.error().empty());
  const auto odd_claims = judge(keys, keys.signer()->header(), bytes);
  if (!odd_claims) {
    require(!odd_claims.error().empty());
    return 0;
  }
  const Destination there{"lobby1", "verona", "meet.example.test"};
  for (const bool verify_domain : {false, true})
    require(!opens(*odd_claims, there, {.verify_domain = verify_domain}) || !odd_claims->text("room").empty());
  return 0;
}
