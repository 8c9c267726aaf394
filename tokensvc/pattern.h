// Lua patterns (Lua 5.4 manual, 6.4.1) over a room's name, as tokens with context.room.regex carry them. Without
// captures, %b and %f, which make no sense where a whole name has to match; and never for long.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tokensvc {

class LuaPattern {
 public:
  explicit LuaPattern(std::string_view pattern);

  /// How many of `*`, `+`, `-` and `?` it has.
  std::size_t quantifiers() const;
  /// True when the first match that Lua would find is the whole text. False for a pattern that is none, or takes too
  /// long.
  bool is_whole(std::string_view text) const;

 private:
  enum class Repeat : std::uint8_t { once, any, some, fewest, optional };
  using Set = std::bitset<256>;
  struct Item {
    Set set;
    Repeat repeat = Repeat::once;
  };
  struct Search {
    std::string_view text;
    std::size_t steps;
  };

  static std::optional<Set> read_item(std::string_view& pattern);
  static std::optional<Set> read_bracket(std::string_view& pattern);
  static std::optional<Set> read_class(std::string_view& pattern);
  std::optional<std::size_t> match(Search& search, std::size_t item, std::size_t at) const;
  std::optional<std::size_t> match_repeated(Search& search, std::size_t item, std::size_t at) const;

  std::vector<Item> items_;
  bool to_the_end_ = false;  ///< it ends in `$`
  bool good_ = true;
};

}  // namespace tokensvc
