#include "xml/arena.h"

#include <algorithm>
#include <cstring>

namespace xml {
namespace {

constexpr std::size_t kLargestBlock = 32 * 1024;
// The link to the previous block, padded so that what follows it has the strictest alignment.
constexpr std::size_t kLink = alignof(std::max_align_t);
static_assert(kLink >= sizeof(char*));

char* new_block(std::size_t bytes, char* previous) {
  char* block = static_cast<char*>(::operator new(bytes));
  std::memcpy(block, &previous, sizeof previous);
  return block;
}

char* previous_of(const char* block) {
  char* previous = nullptr;
  std::memcpy(&previous, block, sizeof previous);
  return previous;
}

}  // namespace

Arena::Arena(std::size_t first_block) : used_(kLink), capacity_(std::max(first_block, 2 * kLink)) {
  block_ = new_block(capacity_, nullptr);
  reserved_ = capacity_;
}

Arena::~Arena() {
  while (block_ != nullptr) {
    char* previous = previous_of(block_);
    ::operator delete(block_);
    block_ = previous;
  }
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* to = static_cast<char*>(allocate(text.size(), 1));
  std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

void* Arena::allocate_slow(std::size_t bytes, std::size_t alignment) {
  const std::size_t next = std::min(capacity_ * 2, kLargestBlock);
  if (bytes + kLink > next / 2) {
    // A big piece gets a block of its own behind the current one, whose rest stays usable.
    char* own = new_block(bytes + kLink, previous_of(block_));
    std::memcpy(block_, &own, sizeof own);
    reserved_ += bytes + kLink;
    return own + kLink;
  }
  block_ = new_block(next, block_);
  capacity_ = next;
  reserved_ += next;
  used_ = kLink;
  return allocate(bytes, alignment);
}

}  // namespace xml
