#include "tokensvc/claims.h"

#include <openssl/evp.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tokensvc {
namespace {

/// Jitsi allows no leeway, and clocks differ.
constexpr std::chrono::seconds kClockDifference{10};

constexpr std::size_t kSignature = 96;  // characters that all but RSA's fit in

bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

// Text by text: to build a tree of JSON values takes longer than the signature.

void add(std::string& out, std::string_view text) {
  if (std::ranges::all_of(text, is_plain)) {
    out.append(1, '"').append(text).append(1, '"');
  } else {
    out += nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

void add(std::string& out, bool value) { out += value ? "true" : "false"; }

void add(std::string& out, std::chrono::sys_seconds time) { out += std::to_string(time.time_since_epoch().count()); }

/// `before`: the name with what stands before it.
template <class Value>
void put(std::string& out, std::string_view before, const Value& value) {
  out += before;
  add(out, value);
}

void put_if_any(std::string& out, std::string_view before, const std::string& text) {
  if (!text.empty()) put(out, before, std::string_view(text));
}

void put_user(std::string& out, const Claims& claims) {
  put(out, R"({"id":)", std::string_view(claims.user.id));
  put(out, R"(,"name":)", std::string_view(claims.user.name));
  put_if_any(out, R"(,"email":)", claims.user.email);
  put_if_any(out, R"(,"avatar":)", claims.user.avatar);
  // token_affiliation reads this, or the next
  out += claims.moderator ? R"(,"affiliation":"owner")" : R"(,"affiliation":"member")";
  put(out, R"(,"moderator":)", claims.moderator);
  out += '}';
}

void put_context(std::string& out, const Claims& claims) {
  out += R"({"user":)";
  put_user(out, claims);
  put_if_any(out, R"(,"group":)", claims.group);
  put_if_any(out, R"(,"tenant":)", claims.tenant);
  if (claims.features) {
    out += R"(,"features":{)";
    std::string_view between;
    for (const auto& [name, granted] : *claims.features) {
      put(out, std::exchange(between, ","), std::string_view(name));
      put(out, ":", granted);
    }
    out += '}';
  }
  if (claims.room_is_pattern) out += R"(,"room":{"regex":true})";
  out += '}';
}

/// libsodium's takes the same time for every text, which nothing here needs, and a tenth of a whole token's.
void append_base64url(std::string& text, std::string_view bytes) {
  const std::size_t begin = text.size();
  text.resize(begin + (bytes.size() + 2) / 3 * 4 + 1);
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data() + begin),
                  reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(begin + (bytes.size() * 4 + 2) / 3);  // neither padding nor NUL
  for (const auto& [from, to] : {std::pair('+', '-'), std::pair('/', '_')})
    for (std::size_t at = text.find(from, begin); at != std::string::npos; at = text.find(from, at)) text[at] = to;
}

}  // namespace

std::string payload(const Claims& claims) {
  std::string out;
  out.reserve(512);
  put(out, R"({"aud":)", std::string_view(claims.audience));
  put(out, R"(,"iss":)", std::string_view(claims.issuer));
  put(out, R"(,"sub":)", std::string_view(claims.subject));
  put(out, R"(,"room":)", std::string_view(claims.room));
  put(out, R"(,"iat":)", claims.issued);
  put(out, R"(,"nbf":)", claims.issued - kClockDifference);
  put(out, R"(,"exp":)", claims.expires);
  put(out, R"(,"moderator":)", claims.moderator);  // token_moderation takes a boolean only
  out += R"(,"context":)";
  put_context(out, claims);
  out += '}';
  return out;
}

base::Result<std::string> mint(Signer& signer, const Claims& claims) {
  const std::string& header = signer.key().header();
  const std::string said = payload(claims);
  std::string token;
  token.reserve(header.size() + said.size() * 4 / 3 + kSignature);
  token.append(header).append(1, '.');
  append_base64url(token, said);
  const auto signature = signer.sign(token);
  if (!signature) return std::unexpected(signature.error());
  append_base64url(token.append(1, '.'), *signature);
  return token;
}

}  // namespace tokensvc
