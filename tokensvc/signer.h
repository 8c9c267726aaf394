// Several signatures with one key: opening a private part for each takes as long as a MAC.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "tokensvc/key.h"
#include "tokensvc/signature.h"

namespace tokensvc {

/// OpenSSL has the private part from the first signature on and wipes it when the signer ends, so it should live for
/// what is at hand only. One thread's.
class Signer {
 public:
  /// A key that can sign, and outlives it.
  explicit Signer(const Key& key);

  const Key& key() const { return *key_; }
  /// The signature's bytes; fails only where OpenSSL does.
  base::Result<std::string> sign(std::string_view text);

 private:
  const Key* key_;
  Hmac mac_;     ///< of a symmetric key
  KeyPtr pair_;  ///< of the others
};

}  // namespace tokensvc
