// PLAIN (RFC 4616): the password itself, inside TLS.
#pragma once

#include "stream/sasl.h"

namespace stream {

/// Yields one NeedPasswordCheck. The caller prepares name and password, finds the account's keys (or fake_keys)
/// and runs verify_password off the shard; or asks a directory.
class Plain final : public Mechanism {
 protected:
  Step handle(std::string_view message) override;
  Step handle_credentials(std::string account, std::optional<ScramKeys> keys) override;
  Step handle_password(std::string account, bool fits) override;

 private:
  std::string authzid_;
};

}  // namespace stream
