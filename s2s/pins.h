// The keys of remote domains that are believed because they were shown at first ("trust on first use"), for domains of
// which the policy says `pinned`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/loop.h"
#include "base/text_hash.h"
#include "store/store.h"

namespace s2s {

/// One shard's copy; the store has them for the next start. Outlives the loop's run.
class Pins {
 public:
  Pins(store::Store& store, base::Loop& loop) : store_(store), loop_(loop) {}

  /// Reads them; until that is done no key fits. A store that can't be read is asked again every few seconds.
  void load() { load({}); }
  /// No other key than this is pinned for the domain. A key is what certs::key_fingerprint says; empty: none was shown.
  bool fits(std::string_view domain, std::string_view key) const;
  /// False if there is one already.
  bool add(const std::string& domain, const std::string& key);
  bool drop(const std::string& domain) { return pins_.erase(domain) > 0; }
  void write(const std::string& domain, const std::string& key);
  void write_drop(const std::string& domain);

 private:
  void load(const std::string& after);

  store::Store& store_;
  base::Loop& loop_;
  std::unordered_map<std::string, std::string, base::TextHash, std::equal_to<>> pins_;
  bool loaded_ = false;
  base::Timer reload_;
};

}  // namespace s2s
