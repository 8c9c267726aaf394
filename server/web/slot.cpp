#include "web/slot.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "base/base64.h"
#include "base/check.h"
#include "net/http_target.h"

namespace web {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMostName = 255;   // bytes
constexpr std::size_t kMostEnding = 32;  // of them behind the last dot
constexpr std::string_view kMac = "&mac=";
constexpr std::array<std::pair<Purpose, std::string_view>, 4> kPurposes{{{Purpose::message, "message"},
                                                                         {Purpose::profile, "profile"},
                                                                         {Purpose::ephemeral, "ephemeral"},
                                                                         {Purpose::permanent, "permanent"}}};

std::int64_t seconds_of(base::WallTime time) { return std::chrono::floor<seconds>(time).time_since_epoch().count(); }

/// Cuts between characters of UTF-8.
std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U) --most;
  return text.substr(0, most);
}

/// The value of one of our own terms, decoded.
std::string term(std::string_view terms, std::string_view name) {
  while (!terms.empty()) {
    const std::size_t end = std::min(terms.find('&'), terms.size());
    const std::string_view one = terms.substr(0, end);
    terms.remove_prefix(std::min(end + 1, terms.size()));
    const std::size_t sign = std::min(one.find('='), one.size());
    if (one.substr(0, sign) == name)
      return net::percent_decoded(one.substr(std::min(sign + 1, one.size()))).value_or("");
  }
  return {};
}

/// Of our own digits: nothing else is signed.
template <class Number>
Number number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  base::check(error == std::errc() && end == text.data() + text.size(), "a slot's numbers are numbers");
  return value;
}

}  // namespace

std::string_view to_string(Purpose purpose) {
  const auto found = std::ranges::find(kPurposes, purpose, &std::pair<Purpose, std::string_view>::first);
  return found->second;
}

std::optional<Purpose> parse_purpose(std::string_view text) {
  const auto found = std::ranges::find(kPurposes, text, &std::pair<Purpose, std::string_view>::second);
  return found == kPurposes.end() ? std::nullopt : std::optional(found->first);
}

std::string safe_name(std::string_view name) {
  std::string safe(name);
  std::erase_if(safe,
                [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/' || c == '\\'; });
  if (safe.size() > kMostName) {
    const std::size_t dot = safe.rfind('.');
    const std::string ending = dot == std::string::npos || safe.size() - dot > kMostEnding ? "" : safe.substr(dot);
    safe = std::string(cut(safe, kMostName - ending.size())) + ending;
  }
  return safe.find_first_not_of('.') == std::string::npos ? "file" : safe;  // "..", too
}

std::string path_of(const Slot& slot) { return '/' + slot.id + '/' + net::percent_encoded(slot.name); }

SlotSigner::SlotSigner(std::string_view secret) {
  static constexpr std::string_view kUse = "slots for uploads";
  std::string key(crypto_auth_hmacsha256_KEYBYTES, '\0');
  const int made = crypto_generichash(reinterpret_cast<unsigned char*>(key.data()), key.size(),
                                      reinterpret_cast<const unsigned char*>(kUse.data()), kUse.size(),
                                      reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  base::check(made == 0, "a secret has 16 to 64 bytes");
  key_ = base::Secret(std::move(key));
}

std::string SlotSigner::sign(const Slot& slot) const {
  std::string terms = "for=" + net::percent_encoded(slot.owner) + "&type=" + net::percent_encoded(slot.type) +
                      "&bytes=" + std::to_string(slot.bytes) + "&purpose=" + std::string(to_string(slot.purpose)) +
                      "&until=" + std::to_string(seconds_of(slot.until));
  if (slot.expire_before) terms += "&expire=" + std::to_string(seconds_of(*slot.expire_before));
  const std::string mac = mac_of('/' + slot.id + '/' + slot.name, terms);
  return terms.append(kMac).append(mac);
}

base::Result<Slot> SlotSigner::read(std::string_view path, std::string_view query, base::WallTime now) const {
  const std::size_t end = query.rfind(kMac);
  if (end == std::string_view::npos) return base::failure("there is no slot");
  const std::string_view terms = query.substr(0, end);
  if (path.contains('\0') || terms.contains('\0')) return base::failure("this slot is not ours");
  if (!base::equal_secrets(mac_of(path, terms), query.substr(end + kMac.size())))
    return base::failure("this slot is not ours");
  // From here on it is what sign() has written.
  const std::size_t slash = path.find('/', 1);
  Slot slot;
  slot.id = path.substr(1, slash - 1);
  slot.name = path.substr(slash + 1);
  slot.owner = term(terms, "for");
  slot.type = term(terms, "type");
  slot.bytes = number<std::uint64_t>(term(terms, "bytes"));
  slot.purpose = parse_purpose(term(terms, "purpose")).value_or(Purpose::message);
  slot.until = base::WallTime(seconds(number<std::int64_t>(term(terms, "until"))));
  if (const std::string expire = term(terms, "expire"); !expire.empty())
    slot.expire_before = base::WallTime(seconds(number<std::int64_t>(expire)));
  if (now >= slot.until) return base::failure("the time of this slot is over");
  return slot;
}

// Between the two stands what neither can have: the name in a path is the client's to choose, and may look like terms.
std::string SlotSigner::mac_of(std::string_view path, std::string_view terms) const {
  const std::string text = std::string(path).append(1, '\0').append(terms);
  std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256(reinterpret_cast<unsigned char*>(mac.data()),
                         reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                         reinterpret_cast<const unsigned char*>(key_.reveal().data()));
  return base::base64url(mac);
}

}  // namespace web
