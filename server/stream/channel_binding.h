// Channel binding (RFC 5056): what ties an authentication to the TLS connection it runs in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stream {

/// The raw binding data of this connection; empty where there is none. `tls_exporter` only for TLS 1.3, or 1.2 with
/// the extended master secret (RFC 9266 4.2).
struct ChannelBinding {
  std::string tls_exporter;          ///< RFC 9266
  std::string tls_server_end_point;  ///< RFC 5929 4

  bool available() const { return !tls_exporter.empty() || !tls_server_end_point.empty(); }
  /// Data for a binding type by its registered name; nothing if unknown or not available here.
  std::optional<std::string_view> find(std::string_view type) const;
  /// Names of the types available, strongest first: what XEP-0440 announces.
  std::vector<std::string_view> types() const;
};

}  // namespace stream
