// A bump allocator for one document: many small pieces, freed together.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace xml {

/// Not thread-safe while allocating. What is made in it must need no destructor.
class Arena {
 public:
  explicit Arena(std::size_t first_block = kDefaultBlock);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(std::size_t bytes, std::size_t alignment) {
    const std::size_t start = (used_ + alignment - 1) & ~(alignment - 1);
    if (start + bytes <= capacity_) {
      used_ = start + bytes;
      return block_ + start;
    }
    return allocate_slow(bytes, alignment);
  }
  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }
  /// A copy of `text` that lives as long as the arena.
  std::string_view copy(std::string_view text);
  std::size_t reserved() const { return reserved_; }
  /// Of the block filled last.
  std::size_t used() const { return used_; }

  static constexpr std::size_t kDefaultBlock = 1536;  ///< a chat message of 300 bytes with what clients add to it

  /// Destroys an arena that make_arena() made.
  struct Release {
    void operator()(Arena* arena) const { arena->~Arena(); }
  };

 private:
  friend std::unique_ptr<Arena, Release> make_arena(std::size_t bytes);
  /// Lives in the block it takes over.
  Arena(char* block, std::size_t capacity, std::size_t used);
  void* allocate_slow(std::size_t bytes, std::size_t alignment);

  char* block_ = nullptr;  // its first word links to the previous block
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
  std::size_t reserved_ = 0;
};

using ArenaPtr = std::unique_ptr<Arena, Arena::Release>;
/// An arena that lives in its own first block, of `bytes`: a document is one piece of memory.
ArenaPtr make_arena(std::size_t bytes = Arena::kDefaultBlock);

}  // namespace xml
