// One expat parser, its memory counted and its features set. Knows nothing of streams.
#pragma once

#include <expat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace xml {

/// A start tag with the namespace declarations of a stream header and nothing else: what a parser has to have seen
/// to parse that stream's elements. Equal texts make parsers interchangeable.
using Context = std::shared_ptr<const std::string>;

class ExpatParser {
 public:
  ExpatParser();
  ~ExpatParser();
  ExpatParser(const ExpatParser&) = delete;
  ExpatParser& operator=(const ExpatParser&) = delete;

  /// Makes a new parser one that stands behind the header `context`. Before handlers are set.
  void prime(const Context& context);
  XML_Status parse(std::string_view bytes);
  XML_Parser handle() const { return handle_; }
  /// Bytes given to it since it was made.
  std::size_t fed() const { return fed_; }
  /// Where the event being reported begins and ends, counted like fed().
  std::size_t event_begin() const { return static_cast<std::size_t>(XML_GetCurrentByteIndex(handle_)); }
  std::size_t event_end() const { return event_begin() + static_cast<std::size_t>(XML_GetCurrentByteCount(handle_)); }
  void count_element() { ++elements_; }
  /// Expat never gives back names and large buffers: after many elements, or grown big, a parser is thrown away.
  bool worn() const { return elements_ >= kMaxElements || memory_ > kMaxMemory; }

  Context context;  ///< the header it stands behind; null until then

  static constexpr std::uint32_t kMaxElements = 100'000;
  static constexpr std::size_t kMaxMemory = 64 * 1024;

 private:
  std::size_t memory_ = 0;
  std::size_t fed_ = 0;
  std::uint32_t elements_ = 0;
  XML_Parser handle_ = nullptr;
};

}  // namespace xml
