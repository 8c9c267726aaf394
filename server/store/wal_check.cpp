#include "store/wal_check.h"

#include <array>
#include <cstdint>
#include <fstream>
#include <span>
#include <vector>

namespace store {
namespace {

constexpr std::size_t kHeaderBytes = 32, kFrameHeaderBytes = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // its lowest bit: the checksum reads words as big-endian

std::uint32_t big(const unsigned char* bytes) {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
}

std::uint32_t little(const unsigned char* bytes) { return __builtin_bswap32(big(bytes)); }

/// The running checksum of section 4.2 of the format, over a multiple of eight bytes.
struct Checksum {
  bool big_endian = false;
  std::uint32_t first = 0, second = 0;

  void add(std::span<const unsigned char> bytes) {
    const auto word = big_endian ? big : little;
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      first += word(&bytes[i]) + second;
      second += word(&bytes[i + 4]) + first;
    }
  }
  bool matches(const unsigned char* stored) const { return first == big(stored) && second == big(stored + 4); }
};

bool same_salt(const unsigned char* frame, const unsigned char* header) {
  return big(frame + 8) == big(header + 16) && big(frame + 12) == big(header + 20);
}

}  // namespace

std::optional<WalDamage> find_wal_damage(const std::string& database) {
  std::ifstream file(database + "-wal", std::ios::binary);
  std::array<unsigned char, kHeaderBytes> header{};
  if (!file.read(reinterpret_cast<char*>(header.data()), kHeaderBytes)) return std::nullopt;
  Checksum sum{.big_endian = (big(header.data()) & 1) != 0};
  sum.add(std::span(header).first(24));
  const std::size_t page = big(&header[8]);
  if ((big(header.data()) & ~1U) != kMagic || !sum.matches(&header[24]) || page < 512 || page > 65536) {
    return WalDamage{.first_frame = 1, .lost_frames = 0};
  }
  // A log is used again from its start: frames with older salts are leftovers and no loss.
  std::vector<unsigned char> frame(kFrameHeaderBytes + page);
  WalDamage damage;
  std::size_t number = 0;
  while (file.read(reinterpret_cast<char*>(frame.data()), static_cast<std::streamsize>(frame.size())) ||
         file.gcount() > static_cast<std::streamsize>(kFrameHeaderBytes)) {
    ++number;
    if (damage.first_frame == 0) {
      sum.add(std::span(frame).first(8));
      sum.add(std::span(frame).subspan(kFrameHeaderBytes));
      const bool whole = file.gcount() == static_cast<std::streamsize>(frame.size());
      if (whole && same_salt(frame.data(), header.data()) && sum.matches(&frame[16])) continue;
      damage.first_frame = number;
    }
    if (same_salt(frame.data(), header.data())) ++damage.lost_frames;
  }
  if (damage.lost_frames == 0) return std::nullopt;
  return damage;
}

}  // namespace store
