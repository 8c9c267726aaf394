// Elements: a compact tree in one arena per document. Built by the stream parser or by our own code, then shared
// unchanged. Nothing here recurses over the tree: depth is the sender's choice (SECURITY X07).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "xml/arena.h"

namespace xml {

inline constexpr std::string_view kXmlNamespace = "http://www.w3.org/XML/1998/namespace";

/// One attribute, in document order. `ns` is empty for the usual unprefixed ones. Views point into the arena.
struct Attribute {
  std::string_view name;
  std::string_view ns;
  std::string_view value;
  Attribute* next = nullptr;
};

class Element;

/// A child: either character data (`element` is null) or an element.
struct Node {
  std::string_view text;
  Element* element = nullptr;
  Node* next = nullptr;
};

/// One element. Lives in its Document's arena and dies with it; never copied by value.
class Element {
 public:
  Element(const Element&) = delete;
  Element& operator=(const Element&) = delete;

  std::string_view name() const { return name_; }
  std::string_view ns() const { return ns_; }
  /// Namespace and name are compared as a pair, never as a joined string.
  bool is(std::string_view ns, std::string_view name) const { return name_ == name && ns_ == ns; }

  /// Value of an unprefixed attribute, or nothing when it is absent.
  std::optional<std::string_view> find_attr(std::string_view name, std::string_view ns = {}) const;
  /// The same with an empty string for an absent attribute.
  std::string_view attr(std::string_view name, std::string_view ns = {}) const;
  const Attribute* attributes() const { return attributes_; }

  const Node* nodes() const { return first_; }
  /// What follows this element in its parent, or null; with parent() it allows walks without recursion.
  const Node* next_node() const { return own_node_ != nullptr ? own_node_->next : nullptr; }
  const Element* parent() const { return parent_; }
  const Element* first_child() const;
  /// The next element after `child` (a child element of this one), or null.
  const Element* next_child(const Element& child) const;
  const Element* child(std::string_view ns, std::string_view name) const;
  /// First child element with this namespace, whatever its name.
  const Element* child_in(std::string_view ns) const;
  /// The element's own character data, joined.
  std::string text() const;
  /// Text of a child element, empty when there is none.
  std::string child_text(std::string_view ns, std::string_view name) const;

  // ---- building; only while the document is not shared ----
  Element& set_attr(std::string_view name, std::string_view value, std::string_view ns = {});
  void remove_attr(std::string_view name);
  /// Adds and returns a child; an empty `ns` means this element's own.
  Element& add(std::string_view name, std::string_view ns = {});
  /// Adds a child with text and returns *this*.
  Element& add_text_child(std::string_view name, std::string_view text, std::string_view ns = {});
  Element& add_text(std::string_view text);
  /// Adds a deep copy of `other`, which may belong to another document. Returns the copy.
  Element& add_copy(const Element& other);

 private:
  friend class Document;
  friend class TreeBuilder;
  friend class Arena;
  Element(Arena& arena, Element* parent, std::string_view ns, std::string_view name)
      : arena_(&arena), parent_(parent), ns_(ns), name_(name) {}
  Element& make_child(std::string_view name, std::string_view ns_in_arena);
  void attach(Element& child);
  /// set_attr for a name known to be new.
  void append_attr(std::string_view name, std::string_view value, std::string_view ns);
  void append(Node* node);
  void copy_attributes(const Element& other);
  /// Fills this new, empty element with what `other` holds.
  void copy_tree(const Element& other);

  Arena* arena_;
  Element* parent_;
  std::string_view ns_, name_;
  Attribute* attributes_ = nullptr;
  Attribute* last_attribute_ = nullptr;
  Node* first_ = nullptr;
  Node* last_ = nullptr;
  Node* own_node_ = nullptr;  // this element's node in its parent, so that siblings are one step away
};

/// Iterates over child elements: `for (const Element& e : children(parent))`.
class Children {
 public:
  class Iterator {
   public:
    explicit Iterator(const Node* node) : node_(skip(node)) {}
    const Element& operator*() const { return *node_->element; }
    Iterator& operator++() {
      node_ = skip(node_->next);
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    static const Node* skip(const Node* node) {
      while (node != nullptr && node->element == nullptr) node = node->next;
      return node;
    }
    const Node* node_;
  };
  explicit Children(const Element& parent) : first_(parent.nodes()) {}
  Iterator begin() const { return Iterator(first_); }
  Iterator end() const { return Iterator(nullptr); }

 private:
  const Node* first_;
};
inline Children children(const Element& parent) { return Children(parent); }

/// A tree and the arena it lives in. Move-only; moving keeps element addresses and leaves the source empty.
class Document {
 public:
  Document() = default;
  Document(std::string_view ns, std::string_view name);
  Document(Document&& other) noexcept : arena_(std::move(other.arena_)), root_(std::exchange(other.root_, nullptr)) {}
  Document& operator=(Document&& other) noexcept {
    arena_ = std::move(other.arena_);
    root_ = std::exchange(other.root_, nullptr);
    return *this;
  }
  /// A deep copy of `element` as a document of its own.
  static Document copy_of(const Element& element);
  /// A deep copy in no more memory than it takes: for what is kept long.
  Document compact_copy() const;

  /// Elements of namespace `from` are of `to` then, wherever they stand: a stanza between jabber:server and
  /// jabber:client (RFC 6120 4.8.3).
  void replace_ns(std::string_view from, std::string_view to);

  bool empty() const { return root_ == nullptr; }
  Element& root() { return *root_; }
  const Element& root() const { return *root_; }
  /// Bytes held by the arena, for accounting against limits.
  std::size_t memory() const { return arena_ ? arena_->reserved() : 0; }

 private:
  friend class TreeBuilder;
  Document(std::string_view ns, std::string_view name, std::size_t bytes);

  ArenaPtr arena_;
  Element* root_ = nullptr;
};

}  // namespace xml
