#include "xmpp/stored.h"

#include <limits>

#include "xml/stream_reader.h"

namespace xmpp {

std::string to_stored(const Stanza& stanza, const Jid& from, const Jid& to, const Overlay& overlay) {
  std::string text;
  write(stanza, from, to, overlay, {}, text);
  return text;
}

std::optional<xml::Document> from_stored(std::string_view text) {
  constexpr auto kAny = std::numeric_limits<std::uint32_t>::max();
  // Twice the text, because the reader may hold a token beside what was built of it.
  const xml::Limits limits{.max_bytes = 2 * text.size() + 1024,
                           .max_depth = kAny,
                           .max_attributes = kAny,
                           .max_namespaces = kAny,
                           .max_elements = kAny};
  return xml::parse_element(text, limits);
}

}  // namespace xmpp
