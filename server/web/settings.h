// What an operator says of uploads, as one value that a reload exchanges.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/ref.h"
#include "base/secret.h"
#include "xmpp/jid.h"

namespace web {

/// Another web server that takes the files, and the secret that it knows slots by.
struct External {
  std::string url;  ///< with a slash at its end
  std::shared_ptr<const base::Secret> secret;
};

struct Terms {
  xmpp::Jid domain;
  std::string name = "HTTP File Upload";  ///< shown by service discovery
  std::string url;                        ///< of the site as others see it, without a slash at its end
  std::optional<External> external;       ///< in place of the site
  std::uint64_t file_bytes = 100ULL * 1024 * 1024;
  std::uint64_t user_bytes = 2ULL * 1024 * 1024 * 1024;        ///< that one person's files may have; 0: any
  std::uint64_t user_daily_bytes = 1ULL * 1024 * 1024 * 1024;  ///< that one may put within 24 hours; 0: any
  std::chrono::days message_days{30};                          ///< XEP-0363 5: how long files are kept; 0: for ever
  std::chrono::days profile_days{0};
  bool permanent = false;  ///< may people ask for that?
};

struct Settings final : base::RefCounted, Terms {
  Settings() = default;
  explicit Settings(Terms terms) : Terms(std::move(terms)) {}
};
using SettingsRef = base::Ref<const Settings>;

}  // namespace web
