// What federation has open and holds back, for administrators.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "s2s/dialback.h"
#include "s2s/domain.h"

namespace s2s {

/// One stream to or from another server.
struct StreamState {
  bool dialled = false;         ///< we opened it
  DomainPair pair;              ///< that it was opened for; `remote` is empty where the peer named none
  std::set<DomainPair> proved;  ///< that it may carry stanzas of; none: not yet, or a key is being asked about
  std::string peer;             ///< address and port
  std::string tls, cipher;      ///< empty: in plain
  bool external = false;        ///< what it proved was proved by a certificate (XEP-0178), else by dialback
  bool bidi = false;            ///< stanzas go both ways (XEP-0288)
  bool acknowledges = false;    ///< XEP-0198
  bool resumable = false;       ///< its connection is lost, and its peer may come back
  std::string issuer = {};      ///< of the peer's certificate; empty: it showed none
  std::optional<base::WallTime> expires = {};
  std::chrono::seconds age{};
};

/// A remote domain that something is kept of.
struct RemoteState {
  std::string remote;
  std::vector<PairState> pairs;
};

/// Of one shard or of all.
struct State {
  std::vector<StreamState> streams;
  std::vector<RemoteState> remotes;
};

}  // namespace s2s
