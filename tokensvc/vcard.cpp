#include "tokensvc/vcard.h"

#include <algorithm>

#include "xmpp/stored.h"

namespace tokensvc {
namespace {

constexpr std::string_view kVcard = "vcard-temp";
// As a game's request may have them.
constexpr std::size_t kLongestName = 128, kLongestAvatar = 2048;

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

/// Without blanks around it; empty if it isn't one line.
std::string line(std::string text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  text = text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
  return std::ranges::any_of(text, is_control) ? std::string() : text;
}

/// The first so many characters.
std::string cut(std::string text, std::size_t most) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (begins && ++characters > most) return text.substr(0, i);
  }
  return text;
}

bool is_web_address(std::string_view text) {
  return (text.starts_with("https://") || text.starts_with("http://")) && text.size() <= kLongestAvatar &&
         text.find_first_of(" \"'<>\\") == std::string_view::npos;
}

}  // namespace

Person read_vcard(std::string_view stored) {
  const auto document = xmpp::from_stored(stored);
  if (!document) return {};
  const xml::Element& vcard = document->root();
  Person person;
  for (const std::string_view name : {"NICKNAME", "FN"})
    if (person.name.empty()) person.name = cut(line(vcard.child_text(kVcard, name)), kLongestName);
  const xml::Element* photo = vcard.child(kVcard, "PHOTO");
  if (photo != nullptr) person.avatar = line(photo->child_text(kVcard, "EXTVAL"));
  if (!is_web_address(person.avatar)) person.avatar.clear();
  return person;
}

}  // namespace tokensvc
