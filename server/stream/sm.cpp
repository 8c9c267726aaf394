#include "stream/sm.h"

#include <charconv>

namespace stream {

std::optional<std::uint32_t> parse_h(std::string_view text) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

std::string HandledCountTooHigh::to_xml() const {
  return "<handled-count-too-high xmlns='urn:xmpp:sm:3' h='" + std::to_string(h) + "' send-count='" +
         std::to_string(send_count) + "'/>";
}

base::Result<std::uint32_t, HandledCountTooHigh> OutboundCounter::acknowledge(std::uint32_t h) {
  const std::uint32_t anew = h - acknowledged_;  // modulo 2^32, as XEP-0198 counts
  if (anew > unacked()) return std::unexpected(HandledCountTooHigh{h, sent_});
  acknowledged_ = h;
  return anew;
}

}  // namespace stream
