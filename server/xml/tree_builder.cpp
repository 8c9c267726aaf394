#include "xml/tree_builder.h"

#include <utility>

namespace xml {
namespace {

constexpr std::size_t kMostTextKept = 1024;  // for the next element

}  // namespace

ExpandedName::ExpandedName(std::string_view reported) : name(reported) {
  const std::size_t first = reported.find(kNameSeparator);
  if (first == std::string_view::npos) return;
  ns = reported.substr(0, first);
  name = reported.substr(first + 1);
  const std::size_t second = name.find(kNameSeparator);
  if (second == std::string_view::npos) return;
  prefix = name.substr(second + 1);
  name = name.substr(0, second);
}

void TreeBuilder::start(const char* reported_name, const char** attributes) {
  const ExpandedName expanded(reported_name);
  if (depth_++ == 0) {
    document_ = Document(expanded.ns, expanded.name);
    current_ = &document_.root();
  } else {
    flush_text();
    // Not add(): there an empty namespace means the parent's.
    Arena& arena = *document_.arena_;
    Element& child =
        current_->make_child(expanded.name, expanded.ns == current_->ns() ? current_->ns() : arena.copy(expanded.ns));
    current_->attach(child);
    current_ = &child;
  }
  for (; *attributes != nullptr; attributes += 2) {
    const ExpandedName attribute(attributes[0]);
    current_->append_attr(attribute.name, attributes[1], attribute.ns);
  }
}

bool TreeBuilder::end() {
  flush_text();
  current_ = current_->parent_;
  return --depth_ == 0;
}

Document TreeBuilder::take() {
  current_ = nullptr;
  if (text_.capacity() > kMostTextKept) std::exchange(text_, {});
  return std::move(document_);
}

void TreeBuilder::flush_text() {
  if (text_.empty()) return;
  current_->add_text(text_);
  text_.clear();
}

}  // namespace xml
