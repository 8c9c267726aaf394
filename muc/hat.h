// The hats of a room, and who wears them (XEP-0317), as the room's values have them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muc/settings.h"

namespace muc {

class Room;

struct Hat {
  std::string uri, hue, title;  ///< the hue may be empty

  static Hat from(std::string_view text);
  std::string text() const { return uri + '\n' + hue + '\n' + title; }
  /// Short, and nothing in it that ends a line or can't be seen; the hue is an angle in degrees (XEP-0392).
  bool is_good() const;
};

/// One per shard; copied into what needs it. A text for each hat, and one for each person who wears any: the address,
/// then the URIs.
class Hats {
 public:
  static constexpr std::size_t kMost = 50;      // of a room
  static constexpr std::size_t kMostWorn = 10;  // by one person: they are in all its presence

  Hats(Field<Texts> all, Field<Texts> worn) : all_(all), worn_(worn) {}

  const Texts& all(const Room& room) const;
  /// Ascending by address.
  const Texts& worn(const Room& room) const;
  std::optional<Hat> find(const Room& room, std::string_view uri) const;
  /// The URIs of what this person wears.
  std::vector<std::string_view> of(const Room& room, std::string_view bare) const;
  /// Whether a room may have so much.
  bool fits(const Room& room, const Texts& all, const Texts& worn) const;
  void put(Room& room, Texts all, Texts worn) const;

  /// A text's hat or person.
  static std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }
  /// Gives somebody all these and no others.
  static void dress(Texts& worn, std::string_view bare, const std::vector<std::string_view>& uris);

 private:
  Field<Texts> all_, worn_;
};

}  // namespace muc
