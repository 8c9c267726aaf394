// Cuts a byte stream into frames: each ends with NUL, LF or CR LF; blank ones are skipped.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tokensvc {

class Frames {
 public:
  static constexpr std::size_t kMaxBytes = 16 * 1024;

  /// Takes from the front of `input` what belongs to the next frame, and gives it when it is whole: a view that holds
  /// until the next call, or until the input's bytes go. Nothing when more input is needed, or after an overflow.
  std::optional<std::string_view> next(std::string_view& input);

  /// A frame was longer than kMaxBytes. Everything after that is swallowed.
  bool overflown() const { return overflown_; }

 private:
  std::optional<std::string_view> take_frame(std::string_view& input);

  std::string held_;  ///< the beginning of a frame whose end has not come yet
  bool given_ = false;
  bool overflown_ = false;
};

}  // namespace tokensvc
