// Cuts a server's bytes into stream headers, top-level elements and the end of the stream, by looking at '<' and '>'
// only.
#pragma once

#include <cstddef>
#include <string_view>

namespace load {

enum class Frame { header, element, end };

/// Trusts the server: attributes hold no '>', and there are no comments or CDATA sections.
class Framer {
 public:
  /// Looks at `bytes` from where the last call stopped; calls `sink(Frame, std::string_view)` for each whole frame.
  /// Returns how many bytes at the front are done with; the rest must come again with more behind it.
  template <class Sink>
  std::size_t scan(std::string_view bytes, Sink&& sink) {
    while (seen_ < bytes.size()) {
      const std::size_t open = bytes.find('<', seen_);
      if (open == std::string_view::npos) {
        seen_ = bytes.size();
        break;
      }
      const std::size_t close = bytes.find('>', open);
      if (close == std::string_view::npos) {
        seen_ = open;
        break;
      }
      if (depth_ == 0) begin_ = open;
      seen_ = close + 1;
      const char second = bytes[open + 1];
      if (second == '?') continue;
      if (depth_ == 0 && bytes.substr(open).starts_with("<stream:stream")) {
        sink(Frame::header, bytes.substr(open, seen_ - open));
        begin_ = seen_;
        continue;
      }
      if (second == '/') {
        if (depth_ == 0) {
          sink(Frame::end, bytes.substr(open, seen_ - open));
          begin_ = seen_;
          continue;
        }
        --depth_;
      } else if (bytes[close - 1] != '/') {
        ++depth_;
      }
      if (depth_ == 0) {
        sink(Frame::element, bytes.substr(begin_, seen_ - begin_));
        begin_ = seen_;
      }
    }
    const std::size_t done = depth_ == 0 ? seen_ : begin_;
    seen_ -= done;
    begin_ = 0;
    return done;
  }

 private:
  std::size_t seen_ = 0;   // looked at, from the front of what is not done
  std::size_t begin_ = 0;  // where the element that is open begins
  int depth_ = 0;
};

/// The value of the first attribute of that name in an element's first tag; empty if there is none.
inline std::string_view attribute(std::string_view element, std::string_view name) {
  const std::string_view tag = element.substr(0, element.find('>'));
  for (std::size_t at = tag.find(name); at != std::string_view::npos; at = tag.find(name, at + 1)) {
    const std::size_t equals = at + name.size();
    if (at == 0 || tag[at - 1] != ' ' || equals + 1 >= tag.size() || tag[equals] != '=') continue;
    const char quote = tag[equals + 1];
    const std::size_t end = tag.find(quote, equals + 2);
    return end == std::string_view::npos ? std::string_view{} : tag.substr(equals + 2, end - equals - 2);
  }
  return {};
}

/// The text between `<name>` (or `<name …>`) and `</name>`; empty if there is none.
inline std::string_view text_of(std::string_view element, std::string_view name) {
  for (std::size_t at = element.find(name); at != std::string_view::npos; at = element.find(name, at + 1)) {
    if (at == 0 || element[at - 1] != '<') continue;
    const std::size_t begin = element.find('>', at);
    if (begin == std::string_view::npos || element[begin - 1] == '/') return {};
    const std::size_t end = element.find('<', begin);
    return end == std::string_view::npos ? std::string_view{} : element.substr(begin + 1, end - begin - 1);
  }
  return {};
}

}  // namespace load
