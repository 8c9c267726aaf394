// Latencies in buckets of at most 1.6 % width: constant memory, any number of samples.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace load {

class Histogram {
 public:
  /// `value` in nanoseconds; beyond 2^40 (18 minutes) it counts as that.
  void add(std::uint64_t value) {
    ++buckets_[index(value)];
    ++count_;
  }

  /// The value below which `share` (0 to 1) of the samples lie, as the middle of its bucket; 0 without samples.
  [[nodiscard]] double quantile(double share) const {
    if (count_ == 0) return 0;
    const auto rank = static_cast<std::uint64_t>(share * static_cast<double>(count_ - 1));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > rank) return middle(i);
    }
    return middle(buckets_.size() - 1);
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  void clear() { *this = {}; }

 private:
  static constexpr int kFine = 6;  // each power of two is cut into 2^6 buckets
  static constexpr int kPowers = 40;

  static std::size_t index(std::uint64_t value) {
    if (value < (1U << kFine)) return value;
    const int power = std::bit_width(value) - 1;
    if (power >= kPowers) return kSize - 1;
    return (static_cast<std::size_t>(power - kFine + 1) << kFine) + ((value >> (power - kFine)) - (1U << kFine));
  }
  static double middle(std::size_t i) {
    if (i < (1U << kFine)) return static_cast<double>(i);
    const auto power = static_cast<int>(i >> kFine) + kFine - 1;
    const double width = static_cast<double>(1ULL << (power - kFine));
    return static_cast<double>((i & ((1U << kFine) - 1)) + (1U << kFine)) * width + width / 2;
  }

  static constexpr std::size_t kSize = static_cast<std::size_t>(kPowers - kFine + 1) << kFine;
  std::array<std::uint64_t, kSize> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace load
