// The part of a file that a GET asks for (RFC 9110 14).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace web {

struct ByteRange {
  std::uint64_t first = 0, count = 0;
  bool operator==(const ByteRange&) const = default;
};

enum class RangeKind : std::uint8_t {
  whole,  ///< what is no range of ours, or more than one, is passed over (14.2)
  part,
  unsatisfiable,
};

struct RangeWish {
  RangeKind kind = RangeKind::whole;
  ByteRange range = {};
  bool operator==(const RangeWish&) const = default;
};

/// Of a file of `size` bytes, more than none, by the value of `Range`.
RangeWish read_range(std::string_view field, std::uint64_t size);

}  // namespace web
