// Text to elements for tests.
#pragma once

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

#include "xml/stream_reader.h"

namespace xmpp {

/// The element that `text` is; an empty `<broken/>` and a failed test when it is none.
inline xml::Document parsed(std::string_view text) {
  auto document = xml::parse_element(text);
  if (document) return *std::move(document);
  ADD_FAILURE() << "not an element: " << text;
  return {"", "broken"};
}

}  // namespace xmpp
