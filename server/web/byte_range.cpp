#include "web/byte_range.h"

#include <algorithm>
#include <charconv>

#include "net/http_message.h"

namespace web {
namespace {

constexpr std::string_view kUnit = "bytes=";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

/// A position; one that no number holds lies behind every file.
std::optional<std::uint64_t> position(std::string_view digits) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return fault == std::errc() ? value : UINT64_MAX;
}

RangeWish part(std::uint64_t first, std::uint64_t last, std::uint64_t size) {
  if (first >= size) return {.kind = RangeKind::unsatisfiable};
  return {.kind = RangeKind::part, .range = {first, std::min(last, size - 1) - first + 1}};
}

}  // namespace

RangeWish read_range(std::string_view field, std::uint64_t size) {
  if (!net::same_field_name(field.substr(0, kUnit.size()), kUnit)) return {};
  const std::string_view spec = trimmed(field.substr(kUnit.size()));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = position(spec.substr(0, dash)), last = position(spec.substr(dash + 1));
  if (dash == 0) {  // so many at the end
    if (!last) return {};
    if (*last == 0) return {.kind = RangeKind::unsatisfiable};
    return part(size - std::min(*last, size), size - 1, size);
  }
  if (!first || (!last && dash + 1 != spec.size())) return {};
  if (last && *last < *first) return {};
  return part(*first, last.value_or(size - 1), size);
}

}  // namespace web
