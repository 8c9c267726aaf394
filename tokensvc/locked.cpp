#include "tokensvc/locked.h"

#include <sodium.h>

#include <algorithm>
#include <new>

#include "base/check.h"

namespace tokensvc {

Locked::Locked(std::string_view bytes) : size_(bytes.size()) {
  base::check(sodium_init() >= 0, "libsodium starts");
  if (bytes.empty()) return;
  bytes_.reset(static_cast<char*>(sodium_malloc(size_)));
  if (bytes_ == nullptr) throw std::bad_alloc();
  std::ranges::copy(bytes, bytes_.get());
  sodium_mprotect_readonly(bytes_.get());
}

void Locked::Free::operator()(char* bytes) const { sodium_free(bytes); }

}  // namespace tokensvc
