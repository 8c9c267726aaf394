// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), with derived keys kept: deriving them is not what is
// measured.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace load {

std::string base64(std::string_view bytes);
/// Empty where `text` is no base64.
std::string from_base64(std::string_view text);

class Scram {
 public:
  Scram(std::string user, std::string password) : user_(std::move(user)), password_(std::move(password)) {}

  /// The client-first-message, with a new nonce.
  std::string first();
  /// The client-final-message for the server's challenge; nothing if that is none.
  std::optional<std::string> final(std::string_view challenge);

 private:
  std::string user_, password_, first_bare_;
};

}  // namespace load
