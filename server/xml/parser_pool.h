// The inside of ParserPool: idle parsers by the header they stand behind, and what is lent with each.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "xml/expat_parser.h"
#include "xml/stream_reader.h"
#include "xml/tree_builder.h"

namespace xml {

/// A parser and how far it is in the element it reads: nothing of that is a stream's while it is idle.
struct StreamParser final : ExpatParser {
  void count_anew() {
    elements = namespaces = 0;
    looked_at_again = 0;
  }

  TreeBuilder builder;
  std::string declarations;         ///< of the header, as attributes
  std::string default_ns;           ///< of the header, until reported
  std::size_t begun_at = 0;         ///< where the current first-level element began, in the parser's count
  std::size_t stopped_at = 0;       ///< where parsing was stopped on purpose, likewise
  std::uint32_t elements = 0;       ///< of the current first-level element
  std::uint32_t namespaces = 0;     ///< likewise
  std::size_t looked_at_again = 0;  ///< bytes, likewise
};

struct ParserPool::Impl {
  /// The shared text equal to `header`. Counts as one more stream that uses it: the texts seen most get parsers kept.
  Context intern(std::string_view header);
  /// A parser that stands behind `context`, kept or new; its handlers are the caller's to set.
  std::unique_ptr<StreamParser> lend(const Context& context);
  /// Takes back a parser that stands at a boundary. Kept if its header is common, it is not worn and there is room.
  void give_back(std::unique_ptr<StreamParser> parser);

  static constexpr std::size_t kContexts = 8;
  static constexpr std::size_t kIdlePerContext = 8;

  struct Slot {
    Context context;
    std::uint32_t score = 0;
    std::vector<std::unique_ptr<StreamParser>> idle;
  };
  Slot* find(std::string_view header);

  std::array<Slot, kContexts> slots;
};

}  // namespace xml
