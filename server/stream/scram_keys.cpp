#include "stream/scram_keys.h"

namespace stream {
namespace {

constexpr std::size_t kFakeSaltBytes = 16;  // as random salts of real accounts

/// Each use of the server's secret gets its own label; NUL separates since no prepared name holds one.
std::string fake_part(std::string_view server_secret, std::string_view label, std::string_view account, Hash hash) {
  std::string text = "exedra scram ";
  text.append(label).push_back('\0');
  text.append(to_string(hash)).push_back('\0');
  text.append(account);
  return hmac(Hash::sha512, server_secret, text);
}

}  // namespace

bool usable(const ScramKeys& keys) {
  const std::size_t size = digest_size(keys.hash);
  return !keys.salt.empty() && keys.iterations > 0 && keys.iterations <= 0x7fffffffU &&
         keys.stored_key.reveal().size() == size && keys.server_key.reveal().size() == size;
}

ScramKeys derive_keys(Hash hash, std::string_view password, std::string_view salt, std::uint32_t iterations) {
  const base::Secret salted = pbkdf2(hash, password, salt, iterations);
  const base::Secret client_key(hmac(hash, salted.reveal(), "Client Key"));
  return {hash, std::string(salt), iterations, base::Secret(digest(hash, client_key.reveal())),
          base::Secret(hmac(hash, salted.reveal(), "Server Key"))};
}

ScramKeys fake_keys(std::string_view server_secret, std::string_view account, Hash hash, std::uint32_t iterations) {
  const std::size_t size = digest_size(hash);
  return {hash, fake_part(server_secret, "salt", account, hash).substr(0, kFakeSaltBytes), iterations,
          base::Secret(fake_part(server_secret, "stored key", account, hash).substr(0, size)),
          base::Secret(fake_part(server_secret, "server key", account, hash).substr(0, size))};
}

bool verify_password(std::string_view password, const ScramKeys& keys) {
  if (!usable(keys)) return false;
  const ScramKeys derived = derive_keys(keys.hash, password, keys.salt, keys.iterations);
  return base::equal_secrets(derived.stored_key.reveal(), keys.stored_key.reveal());
}

}  // namespace stream
