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

}  // namespace net
