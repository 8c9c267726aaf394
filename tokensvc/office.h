// The token service of one shard: who may ask, with which keys, and the record of what was issued. Line, HTTP and bus
// are its faces.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/loop.h"
#include "store/store.h"
#include "tokensvc/issue.h"
#include "tokensvc/settings.h"

namespace tokensvc {

/// How a request came, for the audit.
enum class Way : std::uint8_t { line, http, xmpp };

/// Its loop's thread only.
class Office {
 public:
  Office(base::Loop& loop, store::Store& store, SettingsRef settings);
  ~Office();

  /// A reload: counts from the next request on. Buckets of callers that stay keep what they have.
  void use(SettingsRef settings);
  const SettingsRef& settings() const { return settings_; }
  base::Loop& loop() const { return loop_; }

  /// Both clocks.
  Instant now() const;
  /// What this caller asks at; nothing once a reload took it away. Valid until the next step of the loop.
  std::optional<Desk> desk(std::string_view caller);

  using Done = base::Fn<void(std::expected<Issued, Refusal>)>;
  /// issue() and the audit row: `done` once, later, when the row is durable; `unavailable` if it can't be, because a
  /// token that no row tells of is not handed out.
  void issue(std::string_view caller, Way way, const Request& request, Done done);
  /// The audit row of what issue() made elsewhere; `done` once, later, with whether it is durable. What comes while one
  /// commit is under way shares the next.
  void record(std::string_view caller, Way way, Claims&& claims, base::Fn<void(bool)> done);

 private:
  class Ledger;

  base::Loop& loop_;
  SettingsRef settings_;
  std::map<std::string, Bucket, std::less<>> buckets_;
  std::shared_ptr<Ledger> ledger_;  ///< commits under way share it
};

}  // namespace tokensvc
