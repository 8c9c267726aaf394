// Parser events to trees, one first-level element at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "xml/element.h"

namespace xml {

/// Stands between the namespace, the local name and the prefix in names that the parser reports.
inline constexpr char kNameSeparator = '\x01';

/// A name as the parser reports it: "name", "ns SEP name" or "ns SEP name SEP prefix".
struct ExpandedName {
  std::string_view ns, name, prefix;
  explicit ExpandedName(std::string_view reported);
};

class TreeBuilder {
 public:
  /// `attributes`: names and values in turn, ended by null.
  void start(const char* reported_name, const char** attributes);
  void text(std::string_view piece) { text_ += piece; }
  /// True when this closed the first-level element.
  bool end();
  Document take();
  /// Open elements, the first-level one included.
  std::uint32_t depth() const { return depth_; }

 private:
  void flush_text();

  Document document_;
  Element* current_ = nullptr;
  std::uint32_t depth_ = 0;
  std::string text_;  // the parser splits text at line ends, references and buffer ends; joined here
};

}  // namespace xml
