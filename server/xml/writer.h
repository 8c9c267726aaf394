// Elements back to bytes. Everything that leaves the server goes through here: no raw byte of a peer is passed on
// (SECURITY 1.1, stanza smuggling).
#pragma once

#include <string>
#include <string_view>

#include "xml/element.h"

namespace xml {

/// Appends `text` escaped for character data (`&`, `<`, `>`, CR as a reference).
void escape_text(std::string_view text, std::string& out);
/// Appends `value` escaped for a single-quoted attribute value (also tab, LF and CR as references).
void escape_attr(std::string_view value, std::string& out);

/// Appends `element`. An xmlns declaration is written where the element's namespace differs from
/// `scope`, the default namespace in force at that place.
void write(const Element& element, std::string_view scope, std::string& out);
std::string to_string(const Element& element, std::string_view scope = {});

}  // namespace xml
