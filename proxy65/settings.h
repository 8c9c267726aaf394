// What an operator says of the proxy, as one value that a reload exchanges.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ref.h"
#include "xmpp/jid.h"

namespace proxy65 {

/// Where clients are told to connect.
struct Address {
  std::string host;  ///< a name, or an address in numbers
  std::uint16_t port = 0;
  bool operator==(const Address&) const = default;
};

struct Terms {
  xmpp::Jid domain;
  std::string name = "File transfer proxy";  ///< shown by service discovery
  std::vector<Address> addresses;            ///< at least one
  std::vector<xmpp::Jid> domains;            ///< whose people may use it beside those of this server
  std::uint32_t streams = 1000;              ///< at once
  std::uint32_t streams_per_user = 10;
  std::uint64_t bytes_per_second = 0;           ///< of all streams, both ways together; 0: any
  std::uint64_t bytes_per_second_per_user = 0;  ///< of all that one has activated; 0: any
  std::uint64_t stream_bytes = 0;               ///< of one stream, both ways together; 0: any
  std::chrono::seconds idle{300};               ///< a stream without a byte ends
  std::chrono::seconds total{86'400};           ///< every stream ends
};

struct Settings final : base::RefCounted, Terms {
  Settings() = default;
  explicit Settings(Terms terms) : Terms(std::move(terms)) {}
};
using SettingsRef = base::Ref<const Settings>;

}  // namespace proxy65
