#include "stream/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <limits>
#include <memory>

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

struct FreeMac {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMac>;

MacContext new_context(Hash hash) {
  EVP_MAC* method = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  std::string name = EVP_MD_get0_name(algorithm(hash));
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), name.size()),
                               OSSL_PARAM_construct_end()};
  MacContext context(EVP_MAC_CTX_new(method));
  EVP_MAC_free(method);
  base::check(context != nullptr && EVP_MAC_CTX_set_params(context.get(), params) == 1, "OpenSSL has HMAC");
  return context;
}

/// To be copied: what HMAC() does for each MAC, to look up both algorithms by name, takes longer than a short MAC.
const EVP_MAC_CTX* without_key(Hash hash) {
  thread_local const std::array contexts{new_context(Hash::sha1), new_context(Hash::sha256), new_context(Hash::sha512)};
  return contexts.at(static_cast<std::size_t>(hash)).get();
}

/// No bytes at all would mean the key of before.
const unsigned char* key_bytes(std::string_view key) { return bytes_of(key.empty() ? std::string_view("") : key); }

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
  std::size_t size = 0;
  const MacContext context(EVP_MAC_CTX_dup(without_key(hash)));
  const bool done = context != nullptr && EVP_MAC_init(context.get(), key_bytes(key), key.size(), nullptr) == 1 &&
                    EVP_MAC_update(context.get(), bytes_of(text), text.size()) == 1 &&
                    EVP_MAC_final(context.get(), bytes_of(out), &size, out.size()) == 1;
  base::check(done, "OpenSSL computes a MAC");
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
