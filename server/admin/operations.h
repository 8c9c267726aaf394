// What an administrator can do, in one table: the control socket, and later XMPP and HTTP, are faces of it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/random.h"
#include "base/result.h"

namespace router {
class Router;
}
namespace store {
class Store;
}

namespace admin {

/// Runs once, on the shard that was asked; an object, or what went wrong in words for the administrator.
using Done = base::Fn<void(base::Result<nlohmann::json>)>;

/// The process as its administrator sees it; implemented where it is wired. The shard's thread.
class Process {
 public:
  virtual ~Process() = default;
  virtual void status(Done done) = 0;
  /// Reads configuration and certificates again; the old ones stay when the new are wrong.
  virtual void reload(Done done) = 0;
  /// Returns at once; the process ends when its clients are told.
  virtual void stop() = 0;
  /// The token service's "keys", without their secrets; refused unless overridden.
  virtual void token_keys(Done done);
  /// {"certificates":[{"host","also","certificate","key","names","issuer","self_signed","expires"}]}: what every host
  /// shows, for which names beside its own, and where it lies; refused unless overridden.
  virtual void certificates(Done done);
  /// Whether another domain can be reached, step by step (admin/domain_check.h); refused unless overridden.
  virtual void check_domain(const std::string& domain, Done done);
  /// {"streams":[…],"queues":[…]}: the streams to and from other servers and what waits for these, of one remote domain
  /// or, where that is empty, of all; refused unless overridden.
  virtual void federation(const std::string& domain, Done done);
  /// Forgets the key that is pinned for it; refused unless overridden.
  virtual void unpin_domain(const std::string& domain, Done done);
  /// {"ended":N}: ends all streams to and from it; refused unless overridden.
  virtual void kick_domain(const std::string& domain, Done done);
};

/// Of the shard that is asked. All outlive what its loop runs.
struct Environment {
  router::Router& router;
  store::Store& store;
  base::Random& random;
  Process& process;
};

struct Operation {
  std::string_view name;
  std::string_view needs;  ///< the argument that must be there, a string; empty if none must
  void (*run)(const Environment& environment, const nlohmann::json& arguments, Done done);
};
std::span<const Operation> operations();

/// Runs the operation that `request` names in "op".
void perform(const Environment& environment, const nlohmann::json& request, Done done);

}  // namespace admin
