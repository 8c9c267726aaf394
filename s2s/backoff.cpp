#include "s2s/backoff.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace s2s {

base::Duration Backoff::next(base::Duration first, base::Duration last) {
  base::Duration whole = std::min(first, last);
  for (std::uint32_t i = 0; i < failures_ && whole < last; ++i) whole = std::min(whole * 2, last);
  ++failures_;
  std::array<std::byte, 4> bytes{};
  random_.fill(bytes);
  std::uint32_t dice = 0;
  std::memcpy(&dice, bytes.data(), sizeof dice);
  constexpr std::uint32_t kParts = 1024;
  return whole / 2 + whole / 2 * static_cast<int>(dice % (kParts + 1)) / static_cast<int>(kParts);
}

}  // namespace s2s
