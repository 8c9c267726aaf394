#include "bench/floor/tree.h"

#include <new>

namespace floor_relay {
namespace {

constexpr std::string_view kHeader =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

void escape(std::string_view text, std::string& out) {
  std::size_t done = 0;
  for (std::size_t at = text.find_first_of("<>&'"); at != std::string_view::npos;
       at = text.find_first_of("<>&'", done)) {
    out.append(text.substr(done, at - done));
    switch (text[at]) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      default: out += "&apos;"; break;
    }
    done = at + 1;
  }
  out.append(text.substr(done));
}

void attribute(std::string_view name, std::string_view value, std::string& out) {
  out += ' ';
  out.append(name).append("='");
  escape(value, out);
  out += '\'';
}

}  // namespace

std::vector<std::unique_ptr<char[]>> Arena::first() {
  std::vector<std::unique_ptr<char[]>> chunks;
  chunks.push_back(std::make_unique_for_overwrite<char[]>(kChunk));
  return chunks;
}

void Arena::next_chunk() {
  ++current_;
  used_ = 0;
  if (current_ == chunks_.size()) chunks_.push_back(std::make_unique_for_overwrite<char[]>(kChunk));
}

void* Arena::take_large(std::size_t size) {
  large_.push_back(std::make_unique_for_overwrite<char[]>(size));
  return large_.back().get();
}

void write(const Node& node, std::string_view outer_ns, std::string_view from, std::string& out) {
  if (node.name.empty()) return escape(node.text, out);
  out += '<';
  out.append(node.name);
  if (node.ns != outer_ns) attribute("xmlns", node.ns, out);
  if (!from.empty()) attribute("from", from, out);
  for (const Attribute* a = node.attributes; a != nullptr; a = a->next) {
    if (from.empty() || a->name != "from") attribute(a->name, a->value, out);
  }
  if (node.first == nullptr) {
    out += "/>";
    return;
  }
  out += '>';
  for (const Node* child = node.first; child != nullptr; child = child->next) write(*child, node.ns, {}, out);
  out.append("</").append(node.name);
  out += '>';
}

Parser::Parser() : expat_(XML_ParserCreateNS(nullptr, '\n')) {
  XML_SetUserData(expat_, this);
  XML_SetElementHandler(expat_, start, end);
  XML_SetCharacterDataHandler(expat_, text);
#ifdef EXEDRA_EXPAT_CAN_DEFER
  XML_SetReparseDeferralEnabled(expat_, XML_FALSE);
#endif
  feed(kHeader, nullptr, nullptr);
}

Parser::~Parser() { XML_ParserFree(expat_); }

bool Parser::feed(std::string_view bytes, void (*taker)(void*, const Node&), void* context) {
  taker_ = taker;
  context_ = context;
  fed_ += static_cast<long>(bytes.size());
  return XML_Parse(expat_, bytes.data(), static_cast<int>(bytes.size()), XML_FALSE) == XML_STATUS_OK;
}

void Parser::append(Node* node) {
  if (open_ == nullptr) return;
  node->parent = open_;
  (open_->first == nullptr ? open_->first : open_->last->next) = node;
  open_->last = node;
}

void Parser::start(void* self, const XML_Char* name, const XML_Char** attributes) {
  auto& parser = *static_cast<Parser*>(self);
  if (++parser.depth_ == 1) return;
  Arena& arena = parser.arena_;
  auto* node = new (arena.take(sizeof(Node))) Node{};
  const std::string_view whole = arena.copy(name);
  const std::size_t cut = whole.find('\n');
  node->ns = cut == std::string_view::npos ? std::string_view{} : whole.substr(0, cut);
  node->name = cut == std::string_view::npos ? whole : whole.substr(cut + 1);
  Attribute** tail = &node->attributes;
  for (; *attributes != nullptr; attributes += 2) {
    *tail =
        new (arena.take(sizeof(Attribute))) Attribute{arena.copy(attributes[0]), arena.copy(attributes[1]), nullptr};
    tail = &(*tail)->next;
  }
  parser.append(node);
  parser.open_ = node;
}

void Parser::end(void* self, const XML_Char*) {
  auto& parser = *static_cast<Parser*>(self);
  if (--parser.depth_ < 1) return;
  const Node* done = parser.open_;
  parser.open_ = done->parent;
  if (parser.depth_ != 1) return;
  parser.taker_(parser.context_, *done);
  parser.arena_.clear();
}

void Parser::text(void* self, const XML_Char* bytes, int size) {
  auto& parser = *static_cast<Parser*>(self);
  if (parser.open_ == nullptr) return;
  auto* node = new (parser.arena_.take(sizeof(Node))) Node{};
  node->text = parser.arena_.copy({bytes, static_cast<std::size_t>(size)});
  parser.append(node);
}

}  // namespace floor_relay
