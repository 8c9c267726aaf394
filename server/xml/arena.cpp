#include "xml/arena.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace xml {
namespace {

constexpr std::size_t kLargestBlock = 32 * 1024;

/// Stands at the front of each block; what follows has the strictest alignment.
struct alignas(std::max_align_t) Header {
  char* previous;
  std::size_t bytes;
};

Header header_of(const char* block) {
  Header header{};
  std::memcpy(&header, block, sizeof header);
  return header;
}

void set_header(char* block, const Header& header) { std::memcpy(block, &header, sizeof header); }

#ifdef __has_feature
#define EXEDRA_CHECKED_MEMORY __has_feature(address_sanitizer)
#else
#define EXEDRA_CHECKED_MEMORY 0
#endif
// None where a use after free is to be seen.
constexpr std::size_t kMostSpares = EXEDRA_CHECKED_MEMORY ? 0 : 256;

/// Blocks given back, for the next documents of this thread: the allocator's own cache holds seven of a size, and a
/// shard in the middle of a turn has hundreds of stanzas under way.
struct Spares {
  ~Spares();
  char* first = nullptr;
  std::size_t count = 0;
};

/// Still readable when the thread's spares are gone.
bool& keeps_spares() {
  thread_local bool keeps = true;
  return keeps;
}

Spares& spares() {
  thread_local Spares of_this_thread;
  return of_this_thread;
}

Spares::~Spares() {
  keeps_spares() = false;
  while (first != nullptr) ::operator delete(std::exchange(first, header_of(first).previous));
}

char* new_block(std::size_t bytes, char* previous) {
  char* block = nullptr;
  if (bytes == Arena::kDefaultBlock && keeps_spares() && spares().first != nullptr) {
    Spares& mine = spares();
    block = std::exchange(mine.first, header_of(mine.first).previous);
    --mine.count;
  } else {
    block = static_cast<char*>(::operator new(bytes));
  }
  set_header(block, {previous, bytes});
  return block;
}

void release(char* block, std::size_t bytes) {
  if (bytes != Arena::kDefaultBlock || !keeps_spares() || spares().count >= kMostSpares)
    return ::operator delete(block);
  Spares& mine = spares();
  set_header(block, {mine.first, bytes});
  mine.first = block;
  ++mine.count;
}

}  // namespace

Arena::Arena(std::size_t first_block)
    : used_(sizeof(Header)), capacity_(std::max(first_block, 2 * sizeof(Header))), reserved_(capacity_) {
  block_ = new_block(capacity_, nullptr);
}

Arena::Arena(char* block, std::size_t capacity, std::size_t used)
    : block_(block), used_(used), capacity_(capacity), reserved_(capacity) {}

// One of the blocks may be where the arena itself lives.
Arena::~Arena() {
  for (char* block = block_; block != nullptr;) {
    const Header header = header_of(block);
    release(std::exchange(block, header.previous), header.bytes);
  }
}

ArenaPtr make_arena(std::size_t bytes) {
  constexpr std::size_t used = sizeof(Header) + sizeof(Arena);
  bytes = std::max(bytes, used);
  char* block = new_block(bytes, nullptr);
  return ArenaPtr(new (block + sizeof(Header)) Arena(block, bytes, used));
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* to = static_cast<char*>(allocate(text.size(), 1));
  std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

void* Arena::allocate_slow(std::size_t bytes, std::size_t alignment) {
  const std::size_t next = std::min(capacity_ * 2, kLargestBlock);
  if (bytes + sizeof(Header) > next / 2) {
    // A big piece gets a block of its own behind the current one, whose rest stays usable.
    const Header current = header_of(block_);
    char* own = new_block(bytes + sizeof(Header), current.previous);
    set_header(block_, {own, current.bytes});
    reserved_ += bytes + sizeof(Header);
    return own + sizeof(Header);
  }
  block_ = new_block(next, block_);
  capacity_ = next;
  reserved_ += next;
  used_ = sizeof(Header);
  return allocate(bytes, alignment);
}

}  // namespace xml
