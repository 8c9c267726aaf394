#include "xml/element.h"

#include <utility>

namespace xml {

std::optional<std::string_view> Element::find_attr(std::string_view name, std::string_view ns) const {
  for (const Attribute* a = attributes_; a != nullptr; a = a->next) {
    if (a->name == name && a->ns == ns) return a->value;
  }
  return std::nullopt;
}

std::string_view Element::attr(std::string_view name, std::string_view ns) const {
  return find_attr(name, ns).value_or(std::string_view{});
}

const Element* Element::first_child() const {
  for (const Node* n = first_; n != nullptr; n = n->next) {
    if (n->element != nullptr) return n->element;
  }
  return nullptr;
}

const Element* Element::next_child(const Element& child) const {
  for (const Node* n = child.own_node_->next; n != nullptr; n = n->next) {
    if (n->element != nullptr) return n->element;
  }
  return nullptr;
}

const Element* Element::child(std::string_view ns, std::string_view name) const {
  for (const Element& e : children(*this)) {
    if (e.is(ns, name)) return &e;
  }
  return nullptr;
}

const Element* Element::child_in(std::string_view ns) const {
  for (const Element& e : children(*this)) {
    if (e.ns_ == ns) return &e;
  }
  return nullptr;
}

std::string Element::text() const {
  std::string joined;
  for (const Node* n = first_; n != nullptr; n = n->next) {
    if (n->element == nullptr) joined += n->text;
  }
  return joined;
}

std::string Element::child_text(std::string_view ns, std::string_view name) const {
  const Element* found = child(ns, name);
  return found != nullptr ? found->text() : std::string();
}

Element& Element::set_attr(std::string_view name, std::string_view value, std::string_view ns) {
  for (Attribute* a = attributes_; a != nullptr; a = a->next) {
    if (a->name == name && a->ns == ns) {
      a->value = arena_->copy(value);
      return *this;
    }
  }
  append_attr(name, value, ns);
  return *this;
}

void Element::append_attr(std::string_view name, std::string_view value, std::string_view ns) {
  auto* made = arena_->make<Attribute>();
  made->name = arena_->copy(name);
  made->ns = arena_->copy(ns);
  made->value = arena_->copy(value);
  (last_attribute_ != nullptr ? last_attribute_->next : attributes_) = made;
  last_attribute_ = made;
}

void Element::remove_attr(std::string_view name) {
  Attribute* before = nullptr;
  for (Attribute* a = attributes_; a != nullptr; before = a, a = a->next) {
    if (a->name != name || !a->ns.empty()) continue;
    (before != nullptr ? before->next : attributes_) = a->next;
    if (last_attribute_ == a) last_attribute_ = before;
    return;
  }
}

Element& Element::add(std::string_view name, std::string_view ns) {
  const bool same = ns.empty() || ns == ns_;
  Element& made = make_child(name, same ? ns_ : arena_->copy(ns));
  attach(made);
  return made;
}

Element& Element::add_text_child(std::string_view name, std::string_view text, std::string_view ns) {
  add(name, ns).add_text(text);
  return *this;
}

Element& Element::add_text(std::string_view text) {
  if (text.empty()) return *this;
  auto* node = arena_->make<Node>();
  node->text = arena_->copy(text);
  append(node);
  return *this;
}

Element& Element::add_copy(const Element& other) {
  // Attached only when whole, so that an element may even receive a copy of its own ancestor.
  Element& copy = make_child(other.name_, arena_->copy(other.ns_));
  copy.copy_tree(other);
  attach(copy);
  return copy;
}

void Element::copy_tree(const Element& other) {
  copy_attributes(other);
  Element* to = this;
  const Element* from = &other;
  const Node* node = other.first_;
  for (;;) {
    if (node == nullptr) {
      if (from == &other) return;
      node = from->own_node_->next;
      from = from->parent_;
      to = to->parent_;
    } else if (node->element == nullptr) {
      to->add_text(node->text);
      node = node->next;
    } else {
      const Element& child = *node->element;
      Element& made = to->make_child(child.name_, child.ns_ == to->ns_ ? to->ns_ : arena_->copy(child.ns_));
      to->attach(made);
      made.copy_attributes(child);
      to = &made;
      from = &child;
      node = child.first_;
    }
  }
}

void Element::copy_attributes(const Element& other) {
  for (const Attribute* a = other.attributes_; a != nullptr; a = a->next) append_attr(a->name, a->value, a->ns);
}

Element& Element::make_child(std::string_view name, std::string_view ns_in_arena) {
  return *arena_->make<Element>(*arena_, this, ns_in_arena, arena_->copy(name));
}

void Element::attach(Element& child) {
  auto* node = arena_->make<Node>();
  node->element = &child;
  child.own_node_ = node;
  append(node);
}

void Element::append(Node* node) {
  (last_ != nullptr ? last_->next : first_) = node;
  last_ = node;
}

Document::Document(std::string_view ns, std::string_view name) : Document(ns, name, Arena::kDefaultBlock) {}

Document::Document(std::string_view ns, std::string_view name, std::size_t bytes) : arena_(make_arena(bytes)) {
  const std::string_view own_ns = arena_->copy(ns);
  root_ = arena_->make<Element>(*arena_, nullptr, own_ns, arena_->copy(name));
}

Document Document::copy_of(const Element& element) {
  Document copy(element.ns_, element.name_);
  copy.root_->copy_tree(element);
  return copy;
}

Document Document::compact_copy() const {
  // The first copy tells what the second takes: its block holds nothing that was replaced or removed since.
  const Document trial = copy_of(*root_);
  const bool one_block = trial.arena_->reserved() == Arena::kDefaultBlock;
  Document copy(root_->ns_, root_->name_, one_block ? trial.arena_->used() : Arena::kDefaultBlock);
  copy.root_->copy_tree(*root_);
  return copy;
}

void Document::replace_ns(std::string_view from, std::string_view to) {
  const std::string_view kept = arena_->copy(to);
  if (root_->ns_ == from) root_->ns_ = kept;
  const Element* in = root_;
  const Node* node = root_->first_;
  while (node != nullptr || in != root_) {
    if (node == nullptr) {
      node = in->own_node_->next;
      in = in->parent_;
      continue;
    }
    Element* child = node->element;
    if (child == nullptr) {
      node = node->next;
      continue;
    }
    if (child->ns_ == from) child->ns_ = kept;
    in = child;
    node = child->first_;
  }
}

}  // namespace xml
