#include "tokensvc/frames.h"

#include <algorithm>

namespace tokensvc {
namespace {

constexpr std::string_view kBlanks = " \t\r";

bool is_end(char c) { return c == '\0' || c == '\n'; }

std::string_view trimmed(std::string_view frame) {
  frame.remove_prefix(std::min(frame.find_first_not_of(kBlanks), frame.size()));
  return frame.substr(0, frame.find_last_not_of(kBlanks) + 1);
}

}  // namespace

std::optional<std::string_view> Frames::next(std::string_view& input) {
  while (!input.empty()) {
    const auto frame = take_frame(input);
    if (!frame || !frame->empty()) return frame;
  }
  return std::nullopt;
}

std::optional<std::string_view> Frames::take_frame(std::string_view& input) {
  if (given_) held_ = {};  // gives its memory back too: idle connections are the common case
  given_ = false;
  const auto end = static_cast<std::size_t>(std::ranges::find_if(input, is_end) - input.begin());
  const std::string_view piece = input.substr(0, end);
  overflown_ = overflown_ || held_.size() + piece.size() > kMaxBytes;
  if (overflown_) {
    held_ = {};
    input = {};
    return std::nullopt;
  }
  if (end == input.size()) {
    held_ += piece;
    input = {};
    return std::nullopt;
  }
  input.remove_prefix(end + 1);
  if (held_.empty()) return trimmed(piece);
  held_ += piece;
  given_ = true;
  return trimmed(held_);
}

}  // namespace tokensvc
