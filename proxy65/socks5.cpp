#include "proxy65/socks5.h"

#include <algorithm>
#include <utility>

namespace proxy65 {
namespace {

constexpr std::uint8_t kVersion = 5;
constexpr std::uint8_t kNoAuthentication = 0, kNoneAcceptable = 0xff;
constexpr std::uint8_t kConnect = 1, kDomainName = 3;
constexpr std::size_t kHead = 4;     // of a request: version, command, reserved, address type
constexpr std::size_t kPort = 2;     // bytes
constexpr std::size_t kDigits = 40;  // of a SHA-1

std::uint8_t at(std::string_view bytes, std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); }

char byte(std::uint8_t value) { return static_cast<char>(value); }

/// In lower case; empty if it is no hash.
std::string hash_in(std::string_view name) {
  std::string hash(name);
  for (char& c : hash)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (hash.size() != kDigits || !std::ranges::all_of(hash, digit)) hash.clear();
  return hash;
}

}  // namespace

Socks5::State Socks5::take(std::string_view& input) {
  // Byte by byte: a handshake has sixty of them, and what stands behind it is not ours.
  while (!input.empty() && (state_ == State::greeting || state_ == State::request)) {
    held_ += input.front();
    input.remove_prefix(1);
    if (state_ == State::greeting) {
      take_greeting();
    } else {
      take_request();
    }
  }
  return state_;
}

void Socks5::take_greeting() {
  if (at(held_, 0) != kVersion) {
    state_ = State::over;  // it speaks something else
    return;
  }
  if (held_.size() < 2 || held_.size() < 2U + at(held_, 1)) return;
  const bool acceptable = held_.find(byte(kNoAuthentication), 2) != std::string::npos;
  reply_ += {byte(kVersion), byte(acceptable ? kNoAuthentication : kNoneAcceptable)};
  state_ = acceptable ? State::request : State::over;
  held_.clear();
}

void Socks5::take_request() {
  if (at(held_, 0) != kVersion) {
    state_ = State::over;
    return;
  }
  if (held_.size() < kHead) return;
  if (at(held_, 1) != kConnect) return end(Refusal::command);
  if (at(held_, 3) != kDomainName) return end(Refusal::address_type);
  if (held_.size() == kHead || held_.size() < kHead + 1 + at(held_, kHead) + kPort) return;
  address_ = held_.substr(kHead);
  hash_ = hash_in(std::string_view(address_).substr(1, address_.size() - 1 - kPort));
  held_.clear();
  if (hash_.empty()) return end(Refusal::not_allowed);
  state_ = State::asked;
}

std::string Socks5::reply() { return std::exchange(reply_, {}); }

std::string Socks5::refuse(Refusal why) {
  state_ = State::over;
  return answer(static_cast<std::uint8_t>(why));
}

/// RFC 1928 6. Where no address came, none is named.
std::string Socks5::answer(std::uint8_t code) const {
  std::string bytes{byte(kVersion), byte(code), 0, byte(kDomainName)};
  return bytes + (address_.empty() ? std::string(1 + kPort, '\0') : address_);
}

}  // namespace proxy65
