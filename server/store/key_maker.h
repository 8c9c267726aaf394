// Passwords to keys, for whoever creates accounts. Implemented where SCRAM is known (c2s), used by accounts.
#pragma once

#include <vector>

#include "base/function.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/secret.h"
#include "store/rows.h"

namespace store {

class KeyMaker {
 public:
  virtual ~KeyMaker() = default;
  /// Prepares the password (RFC 8265 OpaqueString) and derives keys for every hash away from the shard; `done` runs on
  /// `home`. The error says why the password can't be used.
  virtual void make_keys(base::Secret password, base::Loop& home,
                         base::Fn<void(base::Result<std::vector<ScramKeys>>)> done) = 0;
};

}  // namespace store
