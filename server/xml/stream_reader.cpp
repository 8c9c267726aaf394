#include "xml/stream_reader.h"

#include <algorithm>
#include <utility>

#include "xml/expat_handlers.h"
#include "xml/parser_pool.h"
#include "xml/tree_builder.h"
#include "xml/writer.h"

namespace xml {
namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t leading_space(std::string_view bytes) {
  return static_cast<std::size_t>(std::ranges::find_if_not(bytes, is_space) - bytes.begin());
}

// Keeps one call's length well inside expat's int whatever the limits say.
constexpr std::size_t kLargestPiece = 1 << 20;

// Expat looks at an unfinished tag from its beginning with every piece of it. This bounds what one first-level element
// can make it look at again, a fifth of a second of work: 22 kB of tag byte by byte, or any tag in packets.
constexpr std::size_t kMostLookedAtAgain = 256 << 20;

}  // namespace

struct StreamReader::State final : ExpatEvents {
  State(ParserPool& from, const Limits& at_most) : pool(&from), limits(at_most) {}

  Fed feed(std::string_view bytes, StreamSink& to);
  std::size_t parse(std::string_view bytes);
  void after_piece(std::string_view piece, std::size_t base);
  bool refuse_utf16(char byte);
  void borrow();
  void restart();
  std::size_t pending() const { return parser != nullptr ? parser->fed() - parser->begun_at : 0; }

  void on_start(const char* name, const char** attributes) override;
  void on_end(const char* name) override;
  void on_text(std::string_view text) override;
  void on_namespace(const char* prefix, const char* uri) override;
  void on_encoding(const char* encoding) override;
  void on_restricted() override { fail(Fault::restricted_xml); }
  void on_cdata() override {
    if (parser->builder.depth() == 0) fail(Fault::not_well_formed);
  }

  void header(const char* name, const char** attributes);
  void stop_at(std::size_t position);
  void fail(Fault what);

  ParserPool* pool;
  StreamSink* sink = nullptr;  // while feeding
  Limits limits;
  std::unique_ptr<StreamParser> parser;  // null between elements
  Context context;                       // null until the header was read
  std::uint8_t first_bytes = 0;          // how many of the document's first two bytes were seen
  Fault fault = Fault::none;
  bool stopped = false;  // the parser was told to stop; it may still report an event or two
  bool paused = false;
  bool ended = false;
  bool restarting = false;  // restart() was called by the sink
};

// ---- bytes ----

StreamReader::Fed StreamReader::State::feed(std::string_view bytes, StreamSink& to) {
  if (fault != Fault::none) return {0, fault};
  sink = &to;
  paused = false;
  std::size_t at = 0;
  while (at < bytes.size() && fault == Fault::none && !paused && !ended) {
    if (parser == nullptr) {
      at += leading_space(bytes.substr(at));
      if (at == bytes.size()) break;
      borrow();
    }
    at += parse(bytes.substr(at));
    if (restarting) restart();
  }
  if (ended) at = bytes.size();  // nothing counts after the end tag
  sink = nullptr;
  return {at, fault};
}

std::size_t StreamReader::State::parse(std::string_view bytes) {
  const std::size_t room = limits.max_bytes - std::min(limits.max_bytes, pending()) + 1;
  std::string_view piece = bytes.substr(0, std::min(room, kLargestPiece));
  if (first_bytes < 2) {
    piece = piece.substr(0, 1);
    if (refuse_utf16(piece[0])) return 0;
  }
  const std::size_t base = parser->fed();
  stopped = false;
  const bool parsed = parser->parse(piece) == XML_STATUS_OK;
  if (stopped || !parsed) {
    if (!stopped) fault = fault_of(XML_GetErrorCode(parser->handle()));
    const std::size_t used = stopped && fault == Fault::none ? parser->stopped_at - base : 0;
    parser.reset();
    return used;
  }
  after_piece(piece, base);
  return piece.size();
}

void StreamReader::State::after_piece(std::string_view piece, std::size_t base) {
  const bool between = context != nullptr && parser->builder.depth() == 0;
  // Space that follows the last element may still wait inside the parser (a CR does); it harms no one there.
  if (between && parser->begun_at >= base &&
      leading_space(piece.substr(parser->begun_at - base)) == piece.size() - (parser->begun_at - base)) {
    return pool->impl().give_back(std::move(parser));
  }
  parser->looked_at_again += parser->fed() - parser->event_begin();
  if (pending() > limits.max_bytes || parser->looked_at_again > kMostLookedAtAgain) {
    fail(Fault::too_big);
    parser.reset();
  }
}

// UTF-16 shows in the first two bytes: a byte order mark, or a NUL beside the first '<'.
bool StreamReader::State::refuse_utf16(char byte) {
  const bool refused = byte == '\0' || (first_bytes == 0 && (byte == '\xFE' || byte == '\xFF'));
  ++first_bytes;
  if (!refused) return false;
  fault = Fault::unsupported_encoding;
  parser.reset();
  return true;
}

void StreamReader::State::borrow() {
  parser = context != nullptr ? pool->impl().lend(context) : std::make_unique<StreamParser>();
  report_to(*parser, *this);
  parser->begun_at = parser->fed();
  parser->count_anew();
}

void StreamReader::State::restart() {
  parser.reset();
  context.reset();
  first_bytes = 0;
  ended = restarting = false;
}

// ---- events ----

void StreamReader::State::on_start(const char* name, const char** attributes) {
  if (stopped) return;
  std::uint32_t count = 0;
  while (attributes[2 * static_cast<std::size_t>(count)] != nullptr) ++count;
  if (parser->builder.depth() == 0) parser->begun_at = std::max(parser->begun_at, parser->event_begin());
  if (count > limits.max_attributes || parser->namespaces > limits.max_namespaces) return fail(Fault::too_big);
  if (context == nullptr) return header(name, attributes);
  if (++parser->elements > limits.max_elements || parser->builder.depth() >= limits.max_depth)
    return fail(Fault::too_big);
  parser->builder.start(name, attributes);
}

void StreamReader::State::header(const char* name, const char** attributes) {
  if (parser->event_end() - parser->begun_at > limits.max_bytes) return fail(Fault::too_big);
  parser->builder.start(name, attributes);
  parser->builder.end();
  const Document document = parser->builder.take();
  const ExpandedName expanded(name);
  std::string text = "<";
  if (!expanded.prefix.empty()) text.append(expanded.prefix) += ':';
  text.append(expanded.name).append(parser->declarations) += '>';
  context = parser->context = pool->impl().intern(text);
  parser->begun_at = parser->event_end();
  parser->count_anew();
  const std::string ns = std::exchange(parser->default_ns, {});
  paused = sink->on_header(document.root(), ns) == StreamSink::Next::pause;
  if (paused || restarting) stop_at(parser->begun_at);
}

void StreamReader::State::on_end(const char*) {
  if (fault != Fault::none) return;
  if (parser->builder.depth() == 0) {  // also after a pause at a header that closed itself
    ended = true;
    if (!stopped) stop_at(parser->event_end());
    return sink->on_end();
  }
  if (stopped || !parser->builder.end()) return;
  const std::size_t end = parser->event_end();
  if (end - parser->begun_at > limits.max_bytes) return fail(Fault::too_big);
  parser->begun_at = end;
  parser->count_anew();
  parser->count_element();
  paused = sink->on_element(parser->builder.take()) == StreamSink::Next::pause;
  // A worn parser is left even by a peer who never lets it come to a boundary between two feeds.
  if (paused || restarting || parser->worn()) stop_at(end);
}

void StreamReader::State::on_text(std::string_view text) {
  if (stopped) return;
  if (parser->builder.depth() != 0) return parser->builder.text(text);
  if (leading_space(text) != text.size()) return fail(Fault::not_well_formed);
  parser->begun_at = parser->event_end();
}

void StreamReader::State::on_namespace(const char* prefix, const char* uri) {
  if (stopped) return;
  ++parser->namespaces;
  if (context != nullptr) return;
  const std::string_view value = uri != nullptr ? uri : "";
  parser->declarations += " xmlns";
  if (prefix != nullptr) {
    parser->declarations.append(":") += prefix;
  } else {
    parser->default_ns = value;
  }
  parser->declarations += "='";
  escape_attr(value, parser->declarations);
  parser->declarations += '\'';
}

void StreamReader::State::on_encoding(const char* encoding) {
  if (encoding != nullptr && !names_utf8(encoding)) fail(Fault::unsupported_encoding);
}

void StreamReader::State::stop_at(std::size_t position) {
  stopped = true;
  parser->stopped_at = position;
  XML_StopParser(parser->handle(), XML_FALSE);
}

void StreamReader::State::fail(Fault what) {
  if (fault != Fault::none) return;
  fault = what;
  stop_at(parser->fed());
}

// ---- the interface ----

StreamReader::StreamReader(ParserPool& pool, const Limits& limits) : state_(std::make_unique<State>(pool, limits)) {}
StreamReader::~StreamReader() = default;
StreamReader::StreamReader(StreamReader&&) noexcept = default;
StreamReader& StreamReader::operator=(StreamReader&&) noexcept = default;

StreamReader::Fed StreamReader::feed(std::string_view bytes, StreamSink& sink) { return state_->feed(bytes, sink); }

void StreamReader::restart() {
  if (state_->sink != nullptr) {
    state_->restarting = true;
  } else {
    state_->restart();
  }
}

void StreamReader::set_limits(const Limits& limits) { state_->limits = limits; }

void StreamReader::move_to(ParserPool& pool) {
  state_->pool = &pool;
  if (state_->context != nullptr) state_->context = pool.impl().intern(*state_->context);
}

bool StreamReader::at_boundary() const { return state_->parser == nullptr; }
std::size_t StreamReader::pending_bytes() const { return state_->pending(); }

}  // namespace xml
