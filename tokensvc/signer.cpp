#include "tokensvc/signer.h"

#include <utility>

#include "base/check.h"

namespace tokensvc {

Signer::Signer(const Key& key) : key_(&key), mac_(key.algorithm(), key.secret_.reveal()) {
  base::check(key.can_sign(), "signing with a key that has its private half");
}

base::Result<std::string> Signer::sign(std::string_view text) {
  if (is_symmetric(key_->algorithm())) return mac_.of(text);
  if (pair_ == nullptr) pair_ = open_private(key_->algorithm(), key_->secret_.reveal());
  auto signature = pair_ == nullptr ? std::nullopt : sign_with(key_->algorithm(), *pair_, text);
  if (!signature) return base::failure("signing: OpenSSL refused");
  return std::move(*signature);
}

}  // namespace tokensvc
