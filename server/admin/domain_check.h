// Why do we not reach that domain? Goes the way a stream of ours to it goes, as far as it leads, and tells each step:
// DNS, connection, stream, TLS, certificate, features. Nothing is proved and no stanza sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/operations.h"
#include "base/random.h"
#include "net/connector.h"
#include "net/dns.h"
#include "net/targets.h"
#include "net/tls_client.h"

namespace admin {

/// One step, in words for the administrator.
struct CheckStep {
  std::string name;  ///< "dns", "tcp", "stream", "tls", "certificate", "features"
  bool good = false;
  std::string text;
};

/// What the check needs of a shard; all outlive it.
struct CheckSeams {
  base::Loop& loop;
  net::Dns& dns;
  net::Connector& connector;
  base::Random& random;
};

struct CheckOptions {
  std::string from;                      ///< one of our domains
  base::Ref<const net::TlsTrust> trust;  ///< any certificate is taken (TlsTrust::judged_later) and judged here
  base::Ref<certs::Context> own;         ///< our certificate; null: none is shown
  std::optional<net::Target> address;    ///< instead of what the DNS says
  bool certificate_needed = true;        ///< else dialback is proof enough for us
  net::ConnectOptions connect;           ///< of the connection alone
  base::Duration deadline = std::chrono::seconds(60);  ///< of all together
};

/// One loop's. Destroying it gives up without a call.
class DomainCheck {
 public:
  /// Once, in a later step; may destroy the check. Where the way ended, the last step is not good.
  using Done = base::Fn<void(std::vector<CheckStep>)>;

  /// `domain` as the administrator wrote it.
  DomainCheck(const CheckSeams& seams, const std::string& domain, CheckOptions options, Done done);
  ~DomainCheck();

 private:
  class Walk;
  std::unique_ptr<Walk> walk_;
};

/// One loop's checks that are under way, for the operation "s2s check".
class DomainChecks {
 public:
  static constexpr std::size_t kMost = 4;

  /// Answers {"good":false,"steps":[{"name","good","text"}]}; refused beyond kMost.
  void start(const CheckSeams& seams, const std::string& domain, CheckOptions options, admin::Done done);

 private:
  std::map<std::uint64_t, std::unique_ptr<DomainCheck>> checks_;
  std::uint64_t last_ = 0;
};

}  // namespace admin
