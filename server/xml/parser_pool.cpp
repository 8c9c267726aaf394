#include "xml/parser_pool.h"

#include <string>
#include <utility>

namespace xml {
namespace {

constexpr std::uint32_t kHighestScore = 1000;  // so that yesterday's habit does not rule for ever

}  // namespace

ParserPool::ParserPool() : impl_(std::make_unique<Impl>()) {}
ParserPool::~ParserPool() = default;

std::size_t ParserPool::idle_parsers() const {
  std::size_t count = 0;
  for (const Impl::Slot& slot : impl_->slots) count += slot.idle.size();
  return count;
}

ParserPool::Impl::Slot* ParserPool::Impl::find(std::string_view header) {
  for (Slot& slot : slots) {
    if (slot.context != nullptr && *slot.context == header) return &slot;
  }
  return nullptr;
}

Context ParserPool::Impl::intern(std::string_view header) {
  if (Slot* slot = find(header)) {
    if (slot->score < kHighestScore) ++slot->score;
    return slot->context;
  }
  auto made = std::make_shared<const std::string>(header);
  for (Slot& slot : slots) {
    if (slot.score != 0) continue;
    slot.idle.clear();
    slot.context = made;
    slot.score = 1;
    return made;
  }
  // Frequent items (Misra and Gries): a stranger costs every kept header a point, so one peer with odd headers cannot
  // displace what most use.
  for (Slot& slot : slots) --slot.score;
  return made;
}

std::unique_ptr<StreamParser> ParserPool::Impl::lend(const Context& context) {
  Slot* slot = find(*context);
  if (slot != nullptr && !slot->idle.empty()) {
    auto parser = std::move(slot->idle.back());
    slot->idle.pop_back();
    return parser;
  }
  auto parser = std::make_unique<StreamParser>();
  parser->prime(context);
  return parser;
}

void ParserPool::Impl::give_back(std::unique_ptr<StreamParser> parser) {
  if (parser->worn()) return;
  Slot* slot = find(*parser->context);
  if (slot != nullptr && slot->idle.size() < kIdlePerContext) slot->idle.push_back(std::move(parser));
}

}  // namespace xml
