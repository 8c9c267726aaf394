#include "muc/hat.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "muc/room.h"

namespace muc {
namespace {

constexpr std::size_t kLongestUri = 256, kLongestTitle = 128, kLongestHue = 16;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (;;) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

bool is_plain(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != 0 && colon != std::string_view::npos && text.size() <= kLongestUri && is_plain(text) &&
         text.find(' ') == std::string_view::npos;
}

bool is_hue(std::string_view text) {
  if (text.empty() || text.size() > kLongestHue || text.front() == '-') return false;
  int degrees = 0;
  const auto [stop, why] = std::from_chars(text.data(), text.data() + text.size(), degrees);
  if (why != std::errc() || degrees > 360) return false;
  std::string_view rest = text.substr(static_cast<std::size_t>(stop - text.data()));
  if (rest.empty()) return true;
  if (rest.front() != '.' || rest.size() == 1) return false;
  rest.remove_prefix(1);
  return std::ranges::all_of(rest, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Hat Hat::from(std::string_view text) {
  const auto lines = lines_of(text);
  if (lines.size() != 3) return {};
  return {std::string(lines[0]), std::string(lines[1]), std::string(lines[2])};
}

bool Hat::is_good() const {
  return is_uri(uri) && !title.empty() && title.size() <= kLongestTitle && is_plain(title) &&
         (hue.empty() || is_hue(hue));
}

const Texts& Hats::all(const Room& room) const { return room.get(all_); }
const Texts& Hats::worn(const Room& room) const { return room.get(worn_); }

std::optional<Hat> Hats::find(const Room& room, std::string_view uri) const {
  const auto found = std::ranges::find(all(room), uri, first_line);
  if (found == all(room).end()) return std::nullopt;
  return Hat::from(*found);
}

std::vector<std::string_view> Hats::of(const Room& room, std::string_view bare) const {
  const auto found = std::ranges::lower_bound(worn(room), bare, {}, first_line);
  if (found == worn(room).end() || first_line(*found) != bare) return {};
  auto lines = lines_of(*found);
  lines.erase(lines.begin());
  return lines;
}

bool Hats::fits(const Room& room, const Texts& all, const Texts& worn) const {
  const Environment& environment = room.environment();
  std::vector<Value> values = room.values();
  values[all_.index] = all;
  values[worn_.index] = worn;
  return environment.points.fields.to_text(values).size() <= environment.router.settings().limits().room_config_bytes;
}

void Hats::put(Room& room, Texts all, Texts worn) const {
  room.set(all_, std::move(all));
  room.set(worn_, std::move(worn));
}

void Hats::dress(Texts& worn, std::string_view bare, const std::vector<std::string_view>& uris) {
  std::string text(bare);
  for (const std::string_view uri : uris) text.append(1, '\n').append(uri);
  auto at = std::ranges::lower_bound(worn, bare, {}, first_line);
  if (at != worn.end() && first_line(*at) == bare) at = worn.erase(at);
  if (!uris.empty()) worn.insert(at, std::move(text));
}

}  // namespace muc
