// Any element as a stanza, and what its parts may be. What we write of it reads back as the same (SECURITY X10).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "xml/stream_reader.h"
#include "xml/writer.h"
#include "xmpp/data_form.h"
#include "xmpp/ns.h"
#include "xmpp/result_set.h"
#include "xmpp/stanza.h"
#include "xmpp/stored.h"
#include "xmpp/timestamp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto element = xml::parse_element({reinterpret_cast<const char*>(data), size});
  if (!element) return 0;
  for (const xml::Element& child : xml::children(element->root())) {
    (void)xmpp::DataForm::parse(child);
    (void)xmpp::PageRequest::parse(child);
    (void)xmpp::parse_timestamp(child.text());
  }
  const auto stanza = xmpp::Stanza::parse(std::move(*element));
  if (!stanza) return 0;
  const xmpp::Jid romeo = xmpp::Jid::from_prepared("romeo@example.org/orchard");
  const std::string stored = xmpp::to_stored(**stanza, romeo, {}, {});
  auto restored = xmpp::from_stored(stored);
  if (!restored) std::abort();
  const auto again = xmpp::Stanza::parse(std::move(*restored));
  if (!again || xmpp::to_stored(**again, romeo, {}, {}) != stored) std::abort();
  return 0;
}
