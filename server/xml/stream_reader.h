// Bytes of an XMPP stream in, its header and its first-level elements out. Expat does the parsing; parsers are lent
// from a per-shard pool while a stanza is incomplete and given back at its end, so an idle stream holds none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "xml/element.h"

namespace xml {

/// Counted before anything is built. Bytes are those of one first-level element, or of the header; a first-level
/// element has depth 1.
struct Limits {
  std::size_t max_bytes = 16 * 1024;
  std::uint32_t max_depth = 64;
  std::uint32_t max_attributes = 64;  ///< per element
  std::uint32_t max_namespaces = 16;  ///< declarations per first-level element
  std::uint32_t max_elements = 1024;  ///< per first-level element
};

/// What is wrong with the bytes; stream/ maps it to RFC 6120 4.9.3 conditions of the same name.
enum class Fault : std::uint8_t {
  none,
  not_well_formed,
  bad_namespace_prefix,  ///< kept apart from not_well_formed only for the log (SECURITY X06)
  restricted_xml,        ///< comment, processing instruction, DOCTYPE, entity
  unsupported_encoding,
  too_big,  ///< a limit was passed: policy-violation
};

/// Receives what the reader found. Called from feed(), on its thread. May call restart() and set_limits() of that
/// reader, but must not destroy it, feed it or move it.
class StreamSink {
 public:
  enum class Next : std::uint8_t { go_on, pause };
  virtual ~StreamSink() = default;
  /// The stream's start tag: name, namespace, attributes (no children). Namespace declarations seen on it:
  /// `default_ns`.
  virtual Next on_header(const Element& header, std::string_view default_ns) = 0;
  /// A complete first-level element; the sink owns it.
  virtual Next on_element(Document element) = 0;
  /// The stream's end tag.
  virtual void on_end() = 0;
};

/// Parsers primed with the stream headers seen most; one pool per shard, this thread only. Outlives its readers.
class ParserPool {
 public:
  ParserPool();
  ~ParserPool();
  ParserPool(const ParserPool&) = delete;
  ParserPool& operator=(const ParserPool&) = delete;

  struct Impl;
  Impl& impl() { return *impl_; }
  std::size_t idle_parsers() const;  ///< for tests and statistics

 private:
  std::unique_ptr<Impl> impl_;
};

/// One stream's reader. Small while idle. Not thread-safe; may move to another shard's pool between two feeds.
class StreamReader {
 public:
  StreamReader(ParserPool& pool, const Limits& limits);
  ~StreamReader();
  StreamReader(StreamReader&&) noexcept;
  StreamReader& operator=(StreamReader&&) noexcept;

  struct Fed {
    std::size_t consumed = 0;  ///< less than given only after `pause` or a fault
    Fault fault = Fault::none;
  };
  /// Parses `bytes`. After `pause` from the sink it returns at once with what was consumed; feed the rest later.
  /// After a fault the reader is dead. Whitespace before the header and between stanzas is consumed and ignored, as
  /// is all that follows the stream's end.
  Fed feed(std::string_view bytes, StreamSink& sink);

  /// The stream starts anew (after TLS or SASL): the next byte begins a header.
  void restart();
  void set_limits(const Limits& limits);
  /// From now on parsers come from `pool` (the connection moved to another shard). Only at a stanza boundary.
  void move_to(ParserPool& pool);
  /// True when nothing is half-read, so no parser is held; before the header too. Not from within the sink.
  bool at_boundary() const;
  /// Bytes of the element begun and not yet complete.
  std::size_t pending_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Parses one complete, stand-alone element (stored XML, tests). The same restrictions hold.
std::optional<Document> parse_element(std::string_view bytes, const Limits& limits = {});

}  // namespace xml
