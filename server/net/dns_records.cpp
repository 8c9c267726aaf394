#include "net/dns_records.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace net {
namespace {

constexpr std::size_t kLongestLabel = 63, kLongestName = 253;

bool is_label_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLongestLabel && std::ranges::all_of(label, is_label_letter);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::uint8_t byte_at(std::string_view data, std::size_t at) { return static_cast<std::uint8_t>(data[at]); }

std::uint16_t number_at(std::string_view data, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(data, at) << 8 | byte_at(data, at + 1));
}

/// RFC 6890, and what lies above: multicast, reserved, broadcast. The addresses for documentation are in no network.
bool is_public(std::uint32_t address) {
  struct Network {
    std::uint32_t address;
    int bits;
  };
  static constexpr Network closed[] = {{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
                                       {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0a80000, 16},
                                       {0xc6120000, 15}, {0xe0000000, 3}};
  return std::ranges::none_of(closed, [&](const Network& n) { return (address ^ n.address) >> (32 - n.bits) == 0; });
}

/// A name in the wire's form, not compressed, and nothing behind it. The root is empty.
std::optional<std::string> read_name(std::string_view wire) {
  std::string name;
  while (!wire.empty()) {
    const std::size_t size = byte_at(wire, 0);
    if (size == 0) return wire.size() == 1 && name.size() <= kLongestName ? std::optional(name) : std::nullopt;
    if (wire.size() <= size || !is_label(wire.substr(1, size))) return std::nullopt;
    if (!name.empty()) name += '.';
    std::ranges::transform(wire.substr(1, size), std::back_inserter(name), lower);
    wire.remove_prefix(1 + size);
  }
  return std::nullopt;
}

}  // namespace

bool is_dns_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kLongestName) return false;
  while (true) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_address(const std::string& text) {
  in6_addr room{};
  return inet_pton(AF_INET, text.c_str(), &room) == 1 || inet_pton(AF_INET6, text.c_str(), &room) == 1;
}

bool is_public_address(const std::string& text) {
  in_addr four{};
  in6_addr six{};
  if (inet_pton(AF_INET, text.c_str(), &four) == 1) return is_public(ntohl(four.s_addr));
  if (inet_pton(AF_INET6, text.c_str(), &six) != 1) return false;
  const std::string_view bytes(reinterpret_cast<const char*>(six.s6_addr), sizeof six.s6_addr);
  using std::string_view_literals::operator""sv;
  for (const std::string_view around_four : {"\0\0\0\0\0\0\0\0\0\0\xff\xff"sv, "\0\x64\xff\x9b\0\0\0\0\0\0\0\0"sv}) {
    if (bytes.starts_with(around_four))
      return is_public(std::uint32_t{number_at(bytes, 12)} << 16 | number_at(bytes, 14));
  }
  return (byte_at(bytes, 0) & 0xe0) == 0x20;  // global unicast (RFC 4291 section 2.4)
}

std::optional<Srv> read_srv(std::string_view data) {
  if (data.size() < 7) return std::nullopt;
  auto host = read_name(data.substr(6));
  if (!host) return std::nullopt;
  return Srv{number_at(data, 0), number_at(data, 2), number_at(data, 4), std::move(*host)};
}

std::optional<Tlsa> read_tlsa(std::string_view data) {
  if (data.size() < 4) return std::nullopt;
  return Tlsa{byte_at(data, 0), byte_at(data, 1), byte_at(data, 2), std::string(data.substr(3))};
}

std::optional<std::string> read_address(std::string_view data) {
  char text[INET6_ADDRSTRLEN];
  const int family = data.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
  if (family == AF_INET6 && data.size() != sizeof(in6_addr)) return std::nullopt;
  if (inet_ntop(family, data.data(), text, sizeof text) == nullptr) return std::nullopt;
  return text;
}

std::vector<std::string> in_turns(const std::vector<std::string>& first, const std::vector<std::string>& second) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) all.push_back(first[i]);
    if (i < second.size()) all.push_back(second[i]);
  }
  return all;
}

}  // namespace net
