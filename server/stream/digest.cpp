#include "stream/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <limits>

#include "base/check.h"

namespace stream {
namespace {

const EVP_MD* algorithm(Hash hash) {
  switch (hash) {
    case Hash::sha1: return EVP_sha1();
    case Hash::sha256: return EVP_sha256();
    case Hash::sha512: return EVP_sha512();
  }
  base::check(false, "a known hash");
  return nullptr;
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

/// OpenSSL takes lengths as int; callers bound their input far below that.
int length_of(std::string_view text) {
  base::check(text.size() <= std::numeric_limits<int>::max(), "an input that fits an int");
  return static_cast<int>(text.size());
}

}  // namespace

std::string_view to_string(Hash hash) {
  switch (hash) {
    case Hash::sha1: return "SHA-1";
    case Hash::sha256: return "SHA-256";
    case Hash::sha512: return "SHA-512";
  }
  return {};
}

std::size_t digest_size(Hash hash) { return static_cast<std::size_t>(EVP_MD_get_size(algorithm(hash))); }

std::string digest(Hash hash, std::string_view bytes) {
  std::string out(digest_size(hash), '\0');
  const int done = EVP_Digest(bytes.data(), bytes.size(), bytes_of(out), nullptr, algorithm(hash), nullptr);
  base::check(done == 1, "OpenSSL hashes");
  return out;
}

std::string hmac(Hash hash, std::string_view key, std::string_view text) {
  std::string out(digest_size(hash), '\0');
  const auto* done =
      HMAC(algorithm(hash), key.data(), length_of(key), bytes_of(text), text.size(), bytes_of(out), nullptr);
  base::check(done != nullptr, "OpenSSL computes a MAC");
  return out;
}

base::Secret pbkdf2(Hash hash, std::string_view password, std::string_view salt, std::uint32_t iterations) {
  base::check(iterations > 0 && iterations <= std::numeric_limits<int>::max(), "a usable iteration count");
  std::string out(digest_size(hash), '\0');
  // A null password means "empty" to OpenSSL only together with length 0, which is what an empty view gives.
  const int done =
      PKCS5_PBKDF2_HMAC(password.data(), length_of(password), bytes_of(salt), length_of(salt),
                        static_cast<int>(iterations), algorithm(hash), static_cast<int>(out.size()), bytes_of(out));
  base::check(done == 1, "OpenSSL derives a key");
  return base::Secret(std::move(out));
}

}  // namespace stream
