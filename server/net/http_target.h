// What a request asks for, in one form only, so that whoever judges a path and whoever follows it see the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace net {

struct HttpTarget {
  std::string path;   ///< begins with `/`; decoded, and never to be decoded again
  std::string query;  ///< behind the first `?`, as it came
};

/// From a request line's target in origin or absolute form (RFC 9112 3.2). Nothing if it is not a URI's, or its path
/// could be read in two ways (SECURITY H01): segments `.`, `..` and empty ones but the last; a dot, slash, backslash
/// or control character that is encoded.
std::optional<HttpTarget> read_target(std::string_view target);

/// With `%` for every byte but those that never need it (RFC 3986 2.3).
std::string percent_encoded(std::string_view text);
/// Of a query's value, whatever the bytes. Nothing if a `%` is not followed by two digits.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace net
