#include "transcript/script.h"

#include <algorithm>
#include <array>
#include <optional>

namespace transcript {
namespace {

struct Line {
  int number = 0;
  std::string text;
};

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

[[noreturn]] void refuse(int line, const std::string& what) {
  throw Failure("line " + std::to_string(line) + ": " + what);
}

/// Comments and empty lines are left out; an indented line continues the one before.
std::vector<Line> logical_lines(std::string_view text) {
  std::vector<Line> lines;
  int number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    const std::string_view content = trim(line);
    if (content.empty() || line.front() == '#') continue;
    if (line.front() != ' ' && line.front() != '\t') {
      lines.push_back({number, std::string(content)});
    } else if (lines.empty()) {
      refuse(number, "nothing to continue");
    } else {
      lines.back().text.append(content);
    }
  }
  return lines;
}

std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest = trim(rest.substr(word.size()));
  return word;
}

struct Phrase {
  std::string_view text;
  Verb verb;
  bool has_text;
};
constexpr std::array kPhrases{
    Phrase{"raw >", Verb::sends_raw, true}, Phrase{">", Verb::sends, true},
    Phrase{"<*", Verb::receives_too, true}, Phrase{"<", Verb::receives, true},
    Phrase{"silent", Verb::silent, false},  Phrase{"connects", Verb::connects, false},
    Phrase{"opens", Verb::opens, false},    Phrase{"logs in", Verb::logs_in, false},
    Phrase{"binds", Verb::binds, false},    Phrase{"goes available", Verb::available, false},
    Phrase{"cuts", Verb::cuts, false},      Phrase{"closes", Verb::closes, false},
    Phrase{"closed", Verb::closed, false},
};

Entrance entrance_of(const Line& line, std::string_view word) {
  if (word.empty()) return Entrance::bound;
  if (word == "available") return Entrance::available;
  if (word == "interested") return Entrance::interested;
  if (word == "absent") return Entrance::absent;
  if (word == "stranger") return Entrance::stranger;
  refuse(line.number, "'" + std::string(word) + "' is none of available, interested, absent, stranger");
}

/// `romeo: romeo@example.org/orchard available`
std::optional<Role> parse_role(const Line& line) {
  std::string_view rest = line.text;
  const std::string_view name = take_word(rest);
  if (!name.ends_with(':')) return std::nullopt;
  const std::string_view address = take_word(rest);
  const auto slash = std::min(address.find('/'), address.size());
  Role role{std::string(name.substr(0, name.size() - 1)), std::string(address.substr(0, slash)),
            std::string(address.substr(std::min(slash + 1, address.size()))), entrance_of(line, rest)};
  if (role.account.find('@') == std::string::npos) refuse(line.number, "a role needs an account");
  return role;
}

Step parse_step(const Line& line, const Script& script) {
  std::string_view rest = line.text;
  const std::string_view first = take_word(rest);
  if (first == "clock") return {line.number, Verb::clock, {}, std::string(rest)};
  if (line.text == "server dies") return {line.number, Verb::server_dies, {}, {}};
  const bool known = std::ranges::any_of(script.cast, [&](const Role& role) { return role.name == first; });
  if (!known) refuse(line.number, "nobody is called '" + std::string(first) + "'");
  for (const Phrase& phrase : kPhrases) {
    if (!rest.starts_with(phrase.text)) continue;
    const std::string_view text = trim(rest.substr(phrase.text.size()));
    if (!phrase.has_text && !text.empty()) continue;
    return {line.number, phrase.verb, std::string(first), std::string(text)};
  }
  refuse(line.number, "'" + line.text + "' says nothing a role can do");
}

}  // namespace

Script parse_script(std::string_view text) {
  Script script;
  for (const Line& line : logical_lines(text)) {
    if (auto role = parse_role(line)) {
      script.cast.push_back(std::move(*role));
    } else if (line.text.starts_with("friends ")) {
      std::string_view rest = std::string_view(line.text).substr(8);
      const std::string one(take_word(rest));
      script.friends.emplace_back(one, std::string(rest));
    } else {
      script.steps.push_back(parse_step(line, script));
    }
  }
  if (script.cast.empty()) throw Failure("nobody is in the cast");
  for (const auto& [one, other] : script.friends) {
    script.role(one);
    script.role(other);
  }
  return script;
}

const Role& Script::role(std::string_view name) const {
  const auto found = std::ranges::find(cast, name, &Role::name);
  if (found == cast.end()) throw Failure("nobody is called '" + std::string(name) + "'");
  return *found;
}

bool Script::uses(Verb verb) const { return std::ranges::find(steps, verb, &Step::verb) != steps.end(); }

}  // namespace transcript
