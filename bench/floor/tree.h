// An element tree in an arena, built by expat and written out again: what any XMPP server has to do with a stanza.
#pragma once

#include <expat.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace floor_relay {

/// Memory for one stanza, taken back as a whole.
class Arena {
 public:
  void* take(std::size_t size) {
    size = (size + 7) & ~std::size_t{7};
    if (size > kChunk) return take_large(size);
    if (used_ + size > kChunk) next_chunk();
    void* at = chunks_[current_].get() + used_;
    used_ += size;
    return at;
  }
  std::string_view copy(std::string_view text) {
    auto* at = static_cast<char*>(take(text.size()));
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  void clear() {
    current_ = used_ = 0;
    if (chunks_.size() > 4) chunks_.resize(4);
    large_.clear();
  }

 private:
  static constexpr std::size_t kChunk = 16 * 1024;
  void next_chunk();
  void* take_large(std::size_t size);
  std::vector<std::unique_ptr<char[]>> chunks_ = first(), large_;
  static std::vector<std::unique_ptr<char[]>> first();
  std::size_t current_ = 0, used_ = 0;
};

struct Attribute {
  std::string_view name, value;
  Attribute* next;
};

/// An element, or text where `name` is empty.
struct Node {
  std::string_view ns, name, text;
  Attribute* attributes;
  Node *first, *last, *next, *parent;

  [[nodiscard]] std::string_view attribute(std::string_view wanted) const {
    for (const Attribute* a = attributes; a != nullptr; a = a->next) {
      if (a->name == wanted) return a->value;
    }
    return {};
  }
  /// The text directly inside.
  [[nodiscard]] std::string_view content() const { return first != nullptr ? first->text : std::string_view{}; }
};

/// Appends the element; `from` replaces its attribute of that name if it is not empty.
void write(const Node& node, std::string_view outer_ns, std::string_view from, std::string& out);

/// A parser that stands behind a stream header, lent to one connection at a time.
class Parser {
 public:
  Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser();

  /// Calls `taker(context, stanza)` for each stanza that ends in `bytes`. False: not well-formed.
  bool feed(std::string_view bytes, void (*taker)(void*, const Node&), void* context);
  /// Nothing of a stanza is held.
  [[nodiscard]] bool at_boundary() const { return depth_ == 1 && XML_GetCurrentByteIndex(expat_) == fed_; }
  [[nodiscard]] bool worn() const { return fed_ > 50'000'000; }

 private:
  static void XMLCALL start(void* self, const XML_Char* name, const XML_Char** attributes);
  static void XMLCALL end(void* self, const XML_Char* name);
  static void XMLCALL text(void* self, const XML_Char* bytes, int size);
  void append(Node* node);

  XML_Parser expat_;
  Arena arena_;
  Node* open_ = nullptr;
  void (*taker_)(void*, const Node&) = nullptr;
  void* context_ = nullptr;
  long fed_ = 0;
  int depth_ = 0;
};

}  // namespace floor_relay
