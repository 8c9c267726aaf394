// What an administrator sends to a certificate authority: a new key, and a request for a certificate of it (PKCS#10,
// RFC 2986).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "certs/judge.h"
#include "certs/pair.h"

namespace certs {

struct Wanted {
  std::vector<PeerName> names;  ///< the host's own first
  /// Nothing but dNSName, for authorities that refuse requests with SRVName and xmppAddr.
  bool dns_only = false;
};

/// Where the request for the pair in these files lies, and its key.
struct RequestFiles {
  std::string request;
  std::string key;
};
/// Beside the pair.
RequestFiles request_files(const Files& pair);

/// Creates an ECDSA P-256 key and the request, each whole or not at all. Fails if one of the files is there already: a
/// request may be with the authority, and its certificate would be worth nothing without its key. Blocks on disk.
base::Result<void> create_request(const Wanted& wanted, const RequestFiles& files);

}  // namespace certs
