// Permission to put one file, as a URL that this server has signed (XEP-0363 4): whoever has it may use it once, until
// its time is over. No socket, no clock, nothing kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace web {

/// Of what nobody has said a type of.
inline constexpr std::string_view kUnknownType = "application/octet-stream";

/// XEP-0363 5: how long a file is of use.
enum class Purpose : std::uint8_t { message, profile, ephemeral, permanent };
std::string_view to_string(Purpose purpose);
std::optional<Purpose> parse_purpose(std::string_view text);

struct Slot {
  std::string id;     ///< of the file, unguessable: its URL's first segment
  std::string name;   ///< its second one: what the client calls it, without what a path can't have (safe_name())
  std::string owner;  ///< bare address
  std::string type;   ///< its Content-Type
  std::uint64_t bytes = 0;
  Purpose purpose = Purpose::message;
  base::WallTime until;                         ///< when it has to be there
  std::optional<base::WallTime> expire_before;  ///< when nobody may get it any more, in full seconds
};

/// A file's name as one segment of a path: without control characters, slashes and backslashes, at most 255 bytes, its
/// ending kept; "file" if nothing is left.
std::string safe_name(std::string_view name);

/// `/id/name`, with what RFC 3986 wants encoded.
std::string path_of(const Slot& slot);

class SlotSigner {
 public:
  /// 16 to 64 bytes. Its key is made from it, so that the secret may serve others too.
  explicit SlotSigner(std::string_view secret);

  /// What stands behind the path and a question mark.
  std::string sign(const Slot& slot) const;
  /// From a request's path, decoded, below the service's, and its query as it came. Fails if this signer has not signed
  /// them, or their time is over.
  base::Result<Slot> read(std::string_view path, std::string_view query, base::WallTime now) const;

 private:
  std::string mac_of(std::string_view path, std::string_view terms) const;

  base::Secret key_;
};

}  // namespace web
