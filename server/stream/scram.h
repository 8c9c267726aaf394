// SCRAM and SCRAM-PLUS for SHA-1, SHA-256 and SHA-512 (RFC 5802, RFC 7677, RFC 9266), the server's side.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stream/channel_binding.h"
#include "stream/sasl.h"

namespace stream {

/// What one exchange is run with.
struct ScramSettings {
  Hash hash = Hash::sha256;
  bool plus = false;          ///< the client chose the -PLUS name
  bool plus_offered = false;  ///< a -PLUS name was offered on this stream: then the flag `y` betrays a downgrade
  ChannelBinding binding;
  std::string server_nonce;               ///< fresh for each exchange, 128 bits or more, printable, no comma
  std::string downgrade_protection;       ///< the text XEP-0474 hashes; empty leaves the attribute out
  std::string fake_secret;                ///< the server's secret for fake_keys
  std::uint32_t fake_iterations = 10000;  ///< what new accounts get, so that unknown ones look alike
};

/// One SCRAM exchange. An unknown account runs through the same messages and the same computations, and fails with
/// the same words as a wrong password. The caller compares Success::authzid with the account's bare JID.
class Scram final : public Mechanism {
 public:
  explicit Scram(ScramSettings settings);

 protected:
  Step handle(std::string_view message) override;
  Step handle_credentials(std::string account, std::optional<ScramKeys> keys) override;
  Step handle_password(std::string account, bool fits) override;

 private:
  Step on_first(std::string_view message);
  Step on_final(std::string_view message);
  std::optional<Failure> read_gs2_flag(std::string_view flag);
  std::optional<Failure> read_bare(std::string_view bare, std::string& username);
  bool proof_fits(std::string_view proof, std::string_view auth_message) const;

  ScramSettings settings_;
  // of the client's first message
  std::string gs2_header_;
  std::string authzid_;
  std::string client_first_bare_;
  std::string nonce_;  // the client's, then with the server's appended
  std::string expected_binding_;
  // of the look-up
  std::string account_;
  ScramKeys keys_;
  bool known_ = false;
  std::string server_first_;  // empty until the credentials came
};

}  // namespace stream
