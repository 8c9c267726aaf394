#include "c2s/account_keys.h"

#include <limits>
#include <string>

namespace c2s {
namespace {

store::Scram to_row(stream::Hash hash) {
  switch (hash) {
    case stream::Hash::sha1: return store::Scram::sha1;
    case stream::Hash::sha256: return store::Scram::sha256;
    case stream::Hash::sha512: return store::Scram::sha512;
  }
  return {};
}

}  // namespace

store::ScramKeys to_row(const stream::ScramKeys& keys) {
  return {.hash = to_row(keys.hash),
          .salt = keys.salt,
          .iterations = keys.iterations,
          .stored_key = std::string(keys.stored_key.reveal()),
          .server_key = std::string(keys.server_key.reveal())};
}

std::optional<stream::ScramKeys> find_keys(const std::vector<store::ScramKeys>& rows, stream::Hash hash) {
  for (const store::ScramKeys& row : rows) {
    if (row.hash != to_row(hash)) continue;
    if (row.iterations <= 0 || row.iterations > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    stream::ScramKeys keys{.hash = hash,
                           .salt = row.salt,
                           .iterations = static_cast<std::uint32_t>(row.iterations),
                           .stored_key = base::Secret(row.stored_key),
                           .server_key = base::Secret(row.server_key)};
    if (stream::usable(keys)) return keys;
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace c2s
