// Result set management (XEP-0059): which page a peer asks for, and what is said about the page it gets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "xml/element.h"
#include "xmpp/error.h"

namespace xmpp {

/// `<set/>` of a request.
struct PageRequest {
  std::optional<std::uint32_t> max;    ///< 0 asks for the count only (2.7); values beyond the type are its highest
  std::optional<std::string> after;    ///< forwards from behind this item (2.2)
  std::optional<std::string> before;   ///< backwards from this item (2.3); empty: the last page (2.5)
  std::optional<std::uint32_t> index;  ///< from this position on (2.6)

  /// bad-request for numbers that are none, and for more than one of after, before and index.
  static base::Result<PageRequest, StanzaError> parse(const xml::Element& set);
};

/// `<set/>` of an answer. Without `first` the page is empty.
struct PageAnswer {
  std::optional<std::string> first, last;
  std::optional<std::uint64_t> first_index;
  std::optional<std::uint64_t> count;
};

void add_page_answer(xml::Element& parent, const PageAnswer& answer);

}  // namespace xmpp
