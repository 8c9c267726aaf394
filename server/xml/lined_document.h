// A configuration file as a tree that remembers lines, so that a mistake can be shown where it stands.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "xml/element.h"

namespace xml {

/// A whole file, parsed under the same restrictions as a stream: no DOCTYPE, no entities, no processing instructions.
/// Comments are allowed: a person wrote it.
class LinedDocument {
 public:
  /// The error says the line and what is wrong there, without the file's name.
  static base::Result<LinedDocument> parse(std::string_view text);

  const Element& root() const { return document_.root(); }
  /// The line of the element's start tag, from 1.
  unsigned line(const Element& element) const;

 private:
  friend class LinedParser;
  Document document_;
  std::unordered_map<const Element*, unsigned> lines_;
};

}  // namespace xml
