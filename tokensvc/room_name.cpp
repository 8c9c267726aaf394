#include "tokensvc/room_name.h"

#include <algorithm>
#include <array>

#include "tokensvc/signature.h"

namespace tokensvc {
namespace {

constexpr std::size_t kLongest = 256;  // bytes of a name as Jitsi writes it
constexpr std::size_t kTag = 12, kRandom = 24;
constexpr std::string_view kSeparator = "--";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";  // lower case, because Jitsi ignores it

/// Five bits of each byte.
template <class Bytes>
std::string letters(const Bytes& bytes) {
  std::string text;
  for (const auto byte : bytes) text += kLetters[static_cast<unsigned char>(byte) % kLetters.size()];
  return text;
}

std::string lower(std::string_view text) {
  std::string low(text);
  for (char& c : low)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return low;
}

/// What JavaScript's encodeURIComponent leaves as it is; Jitsi's clients use that.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_.!~*'()").contains(c);
}

std::string encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string url;
  for (const char c : text) {
    if (is_plain(c)) {
      url += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    url.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
  }
  return url;
}

/// In lower case, composed, without what no address may have: all clients of Jitsi then agree on how it is written.
std::string prepared(std::string_view name) {
  const auto address = xmpp::Jid::make(name, "tokens.invalid");
  return address ? std::string(address->local()) : std::string();
}

/// Means nothing but itself in a path and in a token, and looks like no name that has a tag.
bool stands_alone(std::string_view name) {
  if (name == "*" || name == "." || name == "..") return false;
  if (name.size() < kTag + kSeparator.size()) return true;
  const std::string_view end = name.substr(name.size() - kTag);
  return !name.substr(0, name.size() - kTag).ends_with(kSeparator) ||
         end.find_first_not_of(kLetters) != std::string_view::npos;
}

std::optional<std::string> checked(std::string name) {
  if (name.empty() || claim_of(name).size() > kLongest) return std::nullopt;
  return name;
}

}  // namespace

RoomNames::RoomNames(std::string_view secret) : key_(hmac(Algorithm::hs256, secret, "names of meetings")) {}

/// 32 letters that depend on all three and on the secret. Neither kinds nor addresses hold a NUL.
std::string RoomNames::tag(std::string_view kind, const xmpp::Jid& whose, std::string_view name) const {
  std::string text(kind);
  text.append(1, '\0').append(whose.bare_str()).append(1, '\0').append(name);
  return letters(hmac(Algorithm::hs256, key_, text));
}

std::optional<std::string> RoomNames::of_room(const MeetingRule& rule, const xmpp::Jid& room,
                                              std::string_view name) const {
  if (rule.mapping == Mapping::fixed) return checked(lower(rule.text));
  if (rule.mapping == Mapping::hash) return tag("room", room, {});
  std::string own = prepared(name);
  if (own.empty()) return std::nullopt;
  // The room's own name is nobody else's. Another one its owners made up.
  if (own != room.local() || !stands_alone(own)) own.append(kSeparator).append(tag("named", room, own), 0, kTag);
  return checked(rule.mapping == Mapping::prefix ? lower(rule.text) + own : own);
}

std::optional<std::string> RoomNames::of_person(const MeetingRule& rule, const xmpp::Jid& who,
                                                std::string_view name) const {
  if (rule.mapping == Mapping::fixed) return checked(lower(rule.text));
  std::string own = prepared(name);
  if (own.empty()) return std::nullopt;
  if (rule.mapping == Mapping::hash) return tag("person", who, own);
  own.append(kSeparator).append(tag("person's", who, own), 0, kTag);
  return checked(rule.mapping == Mapping::prefix ? lower(rule.text) + own : own);
}

std::string random_name(base::Random& random) {
  std::array<std::byte, kRandom> bytes{};
  random.fill(bytes);
  return letters(bytes);
}

std::string claim_of(std::string_view name) { return lower(encoded(name)); }

std::string link_to(const MeetingRule& rule, std::string_view name) {
  return rule.url + (rule.tenant.empty() ? "" : encoded(rule.tenant) + '/') + encoded(name);
}

std::string with_token(const std::string& link, std::string_view token) {
  return link + "?jwt=" + std::string(token);  // base64url and dots: nothing to encode
}

}  // namespace tokensvc
