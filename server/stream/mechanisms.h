// Which SASL mechanisms a stream offers, and the object behind each name.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "stream/channel_binding.h"
#include "stream/sasl.h"

namespace stream {

/// Strongest first: that is the order offered.
enum class MechanismName : std::uint8_t {
  scram_sha_512_plus,
  scram_sha_256_plus,
  scram_sha_1_plus,
  scram_sha_512,
  scram_sha_256,
  scram_sha_1,
  plain,
};
std::string_view to_string(MechanismName name);

/// What the offer depends on: the connection, and what the accounts' authenticator can check.
struct Circumstances {
  bool tls = false;
  ChannelBinding binding;
  bool loopback_plaintext_allowed = false;  ///< by the operator, and the peer's address is a loopback one
  bool scram = true;                        ///< false where only passwords can be checked (a directory)
  bool plain = true;
};

/// Empty without TLS, unless the operator allows it on loopback; -PLUS only with binding data.
std::vector<MechanismName> offered_mechanisms(const Circumstances& circumstances);

/// The text that XEP-0474 hashes, from exactly what this stream announced; `bindings` is nothing if XEP-0440 was
/// not used.
std::string downgrade_text(std::span<const MechanismName> offered,
                           const std::optional<std::vector<std::string_view>>& bindings);

/// The server's part in hiding which accounts exist.
struct FakeAccounts {
  std::string secret;
  std::uint32_t iterations = 10000;
};

/// Starts an exchange by the name the client sent. The failure is invalid-mechanism for every name that was not
/// offered on this stream, known or not. `downgrade` is downgrade_text or empty.
base::Result<std::unique_ptr<Mechanism>, Failure> make_mechanism(std::string_view name,
                                                                 const Circumstances& circumstances,
                                                                 const FakeAccounts& fake, std::string downgrade,
                                                                 base::Random& random);

}  // namespace stream
