#include "net/http_target.h"

#include <algorithm>
#include <utility>

namespace net {
namespace {

/// RFC 3986 2: what stands in a URI, before percent-encoding.
bool is_uri_char(char c) {
  static constexpr std::string_view kMarks = "-._~:/?@!$&'()*+,;=%";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kMarks.find(c) != std::string_view::npos;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Bytes that a path must not hide.
bool may_be_hidden(unsigned char byte) {
  return byte >= 0x20 && byte != 0x7f && byte != '.' && byte != '/' && byte != '\\';
}

template <class Allowed>
std::optional<std::string> decoded(std::string_view text, Allowed allowed) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    const auto byte = static_cast<unsigned char>(high * 16 + low);
    if (!allowed(byte)) return std::nullopt;
    result += static_cast<char>(byte);
    i += 2;
  }
  return result;
}

bool has_plain_segments(std::string_view path) {
  if (!path.starts_with('/')) return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    if (segment == "." || segment == ".." || (segment.empty() && !path.empty())) return false;
  }
  return true;
}

/// Without scheme and authority.
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t authority = std::min(target.find_first_of("/?"), target.size());
    if (authority == 0) return {};
    target.remove_prefix(authority);
    return target.empty() ? "/" : target;
  }
  return target;
}

}  // namespace

std::optional<HttpTarget> read_target(std::string_view target) {
  if (!std::ranges::all_of(target, is_uri_char)) return std::nullopt;
  target = origin_form(target);
  const std::size_t mark = std::min(target.find('?'), target.size());
  const std::string_view raw = target.substr(0, mark);
  if (!has_plain_segments(raw)) return std::nullopt;
  auto path = decoded(raw, may_be_hidden);
  if (!path) return std::nullopt;
  return HttpTarget{std::move(*path), std::string(target.substr(std::min(mark + 1, target.size())))};
}

std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view kMarks = "-._~", kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.contains(c)) {
      encoded += c;
    } else {
      encoded.append({'%', kDigits[byte >> 4U], kDigits[byte & 15U]});
    }
  }
  return encoded;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  return decoded(text, [](unsigned char) { return true; });
}

}  // namespace net
