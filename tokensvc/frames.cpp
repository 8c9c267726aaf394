#include "tokensvc/frames.h"

#include <algorithm>

namespace tokensvc {
namespace {

constexpr std::string_view kBlanks = " \t\r";

/// Where the first frame ends. No further than it may be long: the rest of the input is searched for each frame anew.
std::size_t end_of_frame(std::string_view input) {
  const std::string_view longest = input.substr(0, Frames::kMaxBytes + 1);
  const std::size_t nul = std::min(longest.find('\0'), longest.size());
  const std::size_t end = std::min(longest.substr(0, nul).find('\n'), nul);
  return end == longest.size() ? input.size() : end;
}

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
  const std::size_t end = end_of_frame(input);
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
