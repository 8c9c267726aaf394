#include "web/external.h"

#include <sodium.h>

#include <array>

#include "net/http_target.h"

namespace web {

// `v2` is the HMAC-SHA256, in hexadecimal, of path, size and type with a NUL between them. The path is signed before it
// is encoded, and the type is that of the PUT: what has none is application/octet-stream.
Urls external_urls(const External& external, const Slot& slot) {
  const std::string type = slot.type.empty() ? std::string(kUnknownType) : slot.type;
  std::string text = slot.id + '/' + slot.name;
  text.append(1, '\0').append(std::to_string(slot.bytes)).append(1, '\0').append(type);
  const std::string_view secret = external.secret->reveal();
  crypto_auth_hmacsha256_state state;  // of a key of whatever length
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_final(&state, mac.data());
  sodium_memzero(&state, sizeof state);
  std::array<char, 2 * mac.size() + 1> digits{};
  sodium_bin2hex(digits.data(), digits.size(), mac.data(), mac.size());
  const std::string url = external.url + slot.id + '/' + net::percent_encoded(slot.name);
  return {url + "?v2=" + digits.data(), url};
}

}  // namespace web
