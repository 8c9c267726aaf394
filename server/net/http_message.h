// HTTP requests and responses as values, and a response's bytes (RFC 9110, RFC 9112).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace net {

struct HttpField {
  std::string name, value;
};

/// Names of fields are equal whatever their case.
bool same_field_name(std::string_view a, std::string_view b);

struct HttpRequest {
  std::string method;
  std::string path;   ///< canonical and decoded (http_target.h)
  std::string query;  ///< behind the `?`, as it came
  std::vector<HttpField> fields;
  std::string body;
  std::string peer;         ///< as Transport::peer()
  std::string certificate;  ///< TlsEngine::client_fingerprint(); empty without one

  std::size_t count(std::string_view name) const;
  /// The value of the field of this name; null if there is none or more than one.
  const std::string* field(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::vector<HttpField> fields;  ///< Content-Length, Date and Connection are added
  std::string body;

  bool has(std::string_view name) const;
};

/// "Not Found"
std::string_view reason_of(int status);
/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7)
std::string http_date(base::WallTime time);

struct HttpFraming {
  bool last = false;                                  ///< the connection ends behind it
  bool head_only = false;                             ///< the answer to HEAD
  std::optional<std::uint64_t> bytes = std::nullopt;  ///< of a body that follows by itself
};
/// No browser guesses its type, and unless it says otherwise nobody keeps it.
std::string serialised(const HttpResponse& response, base::WallTime now, HttpFraming framing);

}  // namespace net
