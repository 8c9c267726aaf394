// What a transcript expects of an element: the same tree, with holes. In attribute values and character data
//   {any}     something that is not empty      {time}   a XEP-0082 instant
//   {name}    captured where it first stands, and the same text wherever it stands again
//   {?}text   (attribute) absent, or this text
// and `...` among the children leaves room for others, in any order.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "xml/element.h"

namespace transcript {

using Bindings = std::map<std::string, std::string, std::less<>>;

/// `text` with its holes filled, as it is sent. Besides the captured names: {repeat N text}, {base64 text with \0}.
/// Throws Failure for a name nothing was captured for.
std::string fill(std::string_view text, const Bindings& bindings);

/// Does `value` match? Captures what is new.
bool match_text(std::string_view pattern, std::string_view value, Bindings& bindings);

/// Empty if `actual` matches, and then the captures are kept; else what differs.
std::string difference(const xml::Element& expected, const xml::Element& actual, Bindings& bindings);

/// Reads what stands behind `<` in a transcript: an element in jabber:client, where the prefixes stream, e (stanza
/// errors), s (stream errors), sm and sasl may be used; or a stream header.
xml::Document parse_pattern(std::string_view text);

/// \r \n \t \0 \\ \xHH
std::string unescape(std::string_view text);

}  // namespace transcript
