#include "xmpp/upload_mentions.h"

#include <algorithm>
#include <string_view>

#include "xmpp/ns.h"

namespace xmpp {
namespace {

constexpr std::string_view kOob = "jabber:x:oob";
constexpr std::size_t kMost = 10;
constexpr std::size_t kIdLetters = 22;  // 128 bits as base64url

bool is_id_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// The last segment but one of each address.
void read(std::string_view text, std::vector<std::string>& ids) {
  static constexpr std::string_view kScheme = "https://";
  for (std::size_t at = text.find(kScheme); at != text.npos && ids.size() < kMost; at = text.find(kScheme, at)) {
    at += kScheme.size();
    const std::string_view url = text.substr(at, text.find_first_of(" \t\r\n<>\"", at) - at);
    const std::size_t name = url.rfind('/');
    const std::size_t before = name == url.npos || name == 0 ? url.npos : url.rfind('/', name - 1);
    if (before == url.npos) continue;
    const std::string_view id = url.substr(before + 1, name - before - 1);
    if (id.size() == kIdLetters && std::ranges::all_of(id, is_id_letter)) ids.emplace_back(id);
  }
}

}  // namespace

std::vector<std::string> mentioned_uploads(const xml::Element& message) {
  std::vector<std::string> ids;
  for (const xml::Element& child : xml::children(message)) {
    if (child.name() == "body" && child.ns() == message.ns()) read(child.text(), ids);
    if (child.is(kOob, "x")) read(child.child_text(kOob, "url"), ids);
  }
  std::ranges::sort(ids);
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
  return ids;
}

}  // namespace xmpp
