// The inside of ParserPool: idle parsers by the header they stand behind.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "xml/expat_parser.h"
#include "xml/stream_reader.h"

namespace xml {

struct ParserPool::Impl {
  /// The shared text equal to `header`. Counts as one more stream that uses it: the texts seen most get parsers kept.
  Context intern(std::string_view header);
  /// A parser that stands behind `context`, kept or new; its handlers are the caller's to set.
  std::unique_ptr<ExpatParser> lend(const Context& context);
  /// Takes back a parser that stands at a boundary. Kept if its header is common, it is not worn and there is room.
  void give_back(std::unique_ptr<ExpatParser> parser);

  static constexpr std::size_t kContexts = 8;
  static constexpr std::size_t kIdlePerContext = 8;

  struct Slot {
    Context context;
    std::uint32_t score = 0;
    std::vector<std::unique_ptr<ExpatParser>> idle;
  };
  Slot* find(std::string_view header);

  std::array<Slot, kContexts> slots;
};

}  // namespace xml
