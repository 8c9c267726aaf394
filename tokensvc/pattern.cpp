#include "tokensvc/pattern.h"

#include <algorithm>
#include <cctype>

namespace tokensvc {
namespace {

constexpr std::size_t kMaxSteps = 100'000;  // about a millisecond

template <class Predicate>
std::bitset<256> set_of(Predicate predicate) {
  std::bitset<256> set;
  for (int c = 0; c < 128; ++c)  // Lua's classes in the locale "C", which Prosody runs in
    if (predicate(c)) set.set(static_cast<std::size_t>(c));
  return set;
}

std::optional<std::bitset<256>> named_class(char lower) {
  switch (lower) {
    case 'a': return set_of([](int c) { return std::isalpha(c) != 0; });
    case 'c': return set_of([](int c) { return std::iscntrl(c) != 0; });
    case 'd': return set_of([](int c) { return std::isdigit(c) != 0; });
    case 'g': return set_of([](int c) { return std::isgraph(c) != 0; });
    case 'l': return set_of([](int c) { return std::islower(c) != 0; });
    case 'p': return set_of([](int c) { return std::ispunct(c) != 0; });
    case 's': return set_of([](int c) { return std::isspace(c) != 0; });
    case 'u': return set_of([](int c) { return std::isupper(c) != 0; });
    case 'w': return set_of([](int c) { return std::isalnum(c) != 0; });
    case 'x': return set_of([](int c) { return std::isxdigit(c) != 0; });
    default: return std::nullopt;
  }
}

std::size_t code(char c) { return static_cast<unsigned char>(c); }

char take(std::string_view& text) {
  const char first = text.front();
  text.remove_prefix(1);
  return first;
}

}  // namespace

LuaPattern::LuaPattern(std::string_view pattern) {
  if (pattern.starts_with('^')) pattern.remove_prefix(1);  // a whole text begins at its beginning anyway
  while (good_ && !pattern.empty()) {
    if (pattern == "$") {
      to_the_end_ = true;
      return;
    }
    const auto set = read_item(pattern);
    good_ = set.has_value();
    if (!good_) return;
    Item item{*set};
    const std::size_t repeat = pattern.empty() ? std::string_view::npos : std::string_view("*+-?").find(pattern[0]);
    if (repeat != std::string_view::npos) {
      pattern.remove_prefix(1);
      item.repeat = static_cast<Repeat>(static_cast<std::size_t>(Repeat::any) + repeat);
    }
    items_.push_back(item);
  }
}

std::size_t LuaPattern::quantifiers() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(items_, [](const Item& i) { return i.repeat != Repeat::once; }));
}

bool LuaPattern::is_whole(std::string_view text) const {
  Search search{text, 0};
  return good_ && match(search, 0, 0) == text.size();
}

std::optional<LuaPattern::Set> LuaPattern::read_item(std::string_view& pattern) {
  const char first = take(pattern);
  if (first == '[') return read_bracket(pattern);
  if (first == '%') return read_class(pattern);
  if (first == '(' || first == ')') return std::nullopt;
  if (first == '.') return Set().set();
  return Set().set(code(first));
}

/// After the `[`. A `]` in the first place stands for itself.
std::optional<LuaPattern::Set> LuaPattern::read_bracket(std::string_view& pattern) {
  Set set;
  const bool negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);
  for (bool first = true; !pattern.empty(); first = false) {
    const char c = take(pattern);
    if (c == ']' && !first) return negated ? ~set : set;
    if (c == '%') {
      const auto members = read_class(pattern);
      if (!members) return std::nullopt;
      set |= *members;
    } else if (pattern.size() >= 2 && pattern[0] == '-' && pattern[1] != ']') {
      for (std::size_t member = code(c); member <= code(pattern[1]); ++member) set.set(member);
      pattern.remove_prefix(2);
    } else {
      set.set(code(c));
    }
  }
  return std::nullopt;
}

/// After the `%`: a class, its complement in upper case, or a character that stands for itself.
std::optional<LuaPattern::Set> LuaPattern::read_class(std::string_view& pattern) {
  if (pattern.empty()) return std::nullopt;
  const char name = take(pattern);
  const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(name)));
  if (const auto set = named_class(lower)) return name == lower ? *set : ~*set;
  if (std::isalnum(static_cast<unsigned char>(name)) != 0) return std::nullopt;  // %b, %f, %1: not here
  return Set().set(code(name));
}

/// Where the match ends that begins here; as deep as the pattern has quantifiers.
std::optional<std::size_t> LuaPattern::match(Search& search, std::size_t item, std::size_t at) const {
  for (; item < items_.size() && items_[item].repeat == Repeat::once; ++item, ++at)
    if (at >= search.text.size() || !items_[item].set.test(code(search.text[at]))) return std::nullopt;
  if (++search.steps > kMaxSteps) return std::nullopt;
  if (item < items_.size()) return match_repeated(search, item, at);
  if (to_the_end_ && at != search.text.size()) return std::nullopt;
  return at;
}

std::optional<std::size_t> LuaPattern::match_repeated(Search& search, std::size_t item, std::size_t at) const {
  const auto [set, repeat] = items_[item];
  const std::size_t least = repeat == Repeat::some ? 1 : 0;
  std::size_t most = 0;
  const std::size_t bound =
      repeat == Repeat::optional ? std::min<std::size_t>(1, search.text.size() - at) : search.text.size() - at;
  while (most < bound && set.test(code(search.text[at + most]))) ++most;
  for (std::size_t tried = least; tried <= most; ++tried) {
    const std::size_t length = repeat == Repeat::fewest ? tried : most - (tried - least);
    if (const auto end = match(search, item + 1, at + length)) return end;
    if (search.steps > kMaxSteps) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace tokensvc
