#include "bench/load/scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <unordered_map>

namespace load {
namespace {

constexpr std::size_t kSize = 32;

std::string bytes(const unsigned char* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }
const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, kSize> out{};
  unsigned size = kSize;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(text), text.size(), out.data(), &size);
  return bytes(out.data(), size);
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, kSize> out{};
  unsigned size = kSize;
  EVP_Digest(text.data(), text.size(), out.data(), &size, EVP_sha256(), nullptr);
  return bytes(out.data(), size);
}

const std::string& client_key(const std::string& password, const std::string& salt, int iterations) {
  static std::unordered_map<std::string, std::string> known;
  std::string& key = known[salt + std::to_string(iterations) + password];
  if (key.empty()) {
    std::array<unsigned char, kSize> salted{};
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), raw(salt), static_cast<int>(salt.size()),
                      iterations, EVP_sha256(), kSize, salted.data());
    key = hmac(bytes(salted.data(), kSize), "Client Key");
  }
  return key;
}

std::string_view field(std::string_view message, std::string_view name) {
  const std::size_t at = message.starts_with(name) ? 0 : message.find("," + std::string(name));
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + name.size() + (at == 0 ? 0 : 1);
  return message.substr(begin, message.find(',', begin) - begin);
}

}  // namespace

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  out.resize(static_cast<std::size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), raw(bytes), static_cast<int>(bytes.size()))));
  return out;
}

std::string from_base64(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), raw(text), static_cast<int>(text.size()));
  if (size < 0) return {};
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

std::string Scram::first() {
  std::array<unsigned char, 18> nonce{};
  RAND_bytes(nonce.data(), nonce.size());
  first_bare_ = "n=" + user_ + ",r=" + base64(bytes(nonce.data(), nonce.size()));
  return "n,," + first_bare_;
}

std::optional<std::string> Scram::final(std::string_view challenge) {
  const std::string_view nonce = field(challenge, "r="), salt = field(challenge, "s="), count = field(challenge, "i=");
  int iterations = 0;
  std::from_chars(count.data(), count.data() + count.size(), iterations);
  if (nonce.empty() || salt.empty() || iterations <= 0) return std::nullopt;
  const std::string& key = client_key(password_, from_base64(salt), iterations);
  const std::string without_proof = "c=biws,r=" + std::string(nonce);
  std::string proof = hmac(sha256(key), first_bare_ + "," + std::string(challenge) + "," + without_proof);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ key[i]);
  return without_proof + ",p=" + base64(proof);
}

}  // namespace load
