#include "stream/scram.h"

#include <algorithm>

#include "base/base64.h"
#include "base/check.h"

namespace stream {
namespace {

Failure malformed(std::string why) { return {SaslCondition::malformed_request, std::move(why)}; }
Failure refused(std::string why) { return {SaslCondition::not_authorized, std::move(why)}; }
/// Some clients (slixmpp) try each of six mechanisms in vain before they come to PLAIN. No password was guessed.
Failure unbound(std::string why) { return {SaslCondition::not_authorized, std::move(why), false}; }

/// Takes the text before the next comma off `rest`; without a comma takes all of it.
std::string_view take(std::string_view& rest) {
  const std::size_t comma = rest.find(',');
  const std::string_view part = rest.substr(0, comma);
  rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
  return part;
}

/// The value of `part` if it is the attribute `letter` with a value that is not empty (RFC 5802 7).
std::optional<std::string_view> attribute(std::string_view part, char letter) {
  if (part.size() < 3 || part[0] != letter || part[1] != '=') return std::nullopt;
  return part.substr(2);
}

/// Optional extensions are ignored (RFC 5802 5.1), but have to be attributes; `m` is mandatory and unknown to us.
bool ignorable(std::string_view part) {
  const char letter = part.empty() ? '\0' : part[0];
  const bool alpha = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
  return alpha && letter != 'm' && attribute(part, letter).has_value();
}

bool ignorable_list(std::string_view rest, bool trailing_comma) {
  if (trailing_comma && rest.empty()) return false;
  while (!rest.empty()) {
    const bool more = rest.contains(',');
    if (!ignorable(take(rest)) || (more && rest.empty())) return false;
  }
  return true;
}

/// saslname: "=2C" is a comma and "=3D" an equals sign; any other "=" is an error (RFC 5802 5.1).
std::optional<std::string> unescape(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') return std::nullopt;
    if (text[i] != '=') {
      name.push_back(text[i]);
      continue;
    }
    const std::string_view code = text.substr(i + 1, 2);
    if (code != "2C" && code != "3D") return std::nullopt;
    name.push_back(code == "2C" ? ',' : '=');
    i += 2;
  }
  return name;
}

bool printable(std::string_view nonce) {
  return std::ranges::all_of(nonce, [](char c) { return c >= 0x21 && c <= 0x7e && c != ','; });
}

}  // namespace

Scram::Scram(ScramSettings settings) : settings_(std::move(settings)) {
  base::check(!settings_.server_nonce.empty() && printable(settings_.server_nonce), "a server nonce");
}

Step Scram::handle(std::string_view message) { return server_first_.empty() ? on_first(message) : on_final(message); }

// gs2-cbind-flag "," [authzid] "," [reserved-mext ","] username "," nonce ["," extensions] (RFC 5802 7)
Step Scram::on_first(std::string_view message) {
  std::string_view rest = message;
  const std::string_view flag = take(rest);
  const std::string_view authzid = take(rest);
  if (rest.empty()) return malformed("The first message is incomplete.");
  gs2_header_ = message.substr(0, message.size() - rest.size());
  if (auto failed = read_gs2_flag(flag)) return *std::move(failed);
  if (!authzid.empty()) {
    const auto escaped = attribute(authzid, 'a');
    auto name = escaped ? unescape(*escaped) : std::nullopt;
    if (!name) return malformed("The authorization identity is malformed.");
    authzid_ = *std::move(name);
  }
  std::string username;
  if (auto failed = read_bare(rest, username)) return *std::move(failed);
  return NeedCredentials{std::move(username), authzid_, settings_.hash};
}

std::optional<Failure> Scram::read_gs2_flag(std::string_view flag) {
  expected_binding_ = gs2_header_;
  if (const auto type = attribute(flag, 'p')) {
    if (!settings_.plus) return malformed("Channel binding needs a -PLUS mechanism.");
    const auto data = settings_.binding.find(*type);
    if (!data) return unbound("This channel binding type is not supported here.");
    expected_binding_.append(*data);
    return std::nullopt;
  }
  if (flag != "n" && flag != "y") return malformed("The channel binding flag is malformed.");
  if (settings_.plus) return malformed("A -PLUS mechanism needs channel binding.");
  // RFC 5802 6: the client believes that we offered no -PLUS, so someone took it out of the list.
  if (flag == "y" && settings_.plus_offered) return unbound("Channel binding was offered.");
  return std::nullopt;
}

std::optional<Failure> Scram::read_bare(std::string_view bare, std::string& username) {
  client_first_bare_ = bare;
  if (bare.starts_with("m=")) return malformed("Mandatory extensions are not supported.");
  std::string_view rest = bare;
  const auto escaped = attribute(take(rest), 'n');
  auto name = escaped ? unescape(*escaped) : std::nullopt;
  if (!name) return malformed("The name is malformed.");
  const bool more = rest.contains(',');
  const auto nonce = attribute(take(rest), 'r');
  if (!nonce || !printable(*nonce)) return malformed("The nonce is malformed.");
  if (!ignorable_list(rest, more)) return malformed("An extension is malformed or not supported.");
  username = *std::move(name);
  nonce_.assign(*nonce).append(settings_.server_nonce);
  return std::nullopt;
}

Step Scram::handle_credentials(std::string account, std::optional<ScramKeys> keys) {
  account_ = std::move(account);
  known_ = keys.has_value();
  keys_ =
      keys ? *std::move(keys) : fake_keys(settings_.fake_secret, account_, settings_.hash, settings_.fake_iterations);
  if (keys_.hash != settings_.hash || !usable(keys_)) {
    return Failure{SaslCondition::temporary_auth_failure, "Please try again later."};
  }
  server_first_ = "r=" + nonce_ + ",s=" + base::base64(keys_.salt) + ",i=" + std::to_string(keys_.iterations);
  if (!settings_.downgrade_protection.empty()) {
    server_first_ += ",h=" + base::base64(digest(settings_.hash, settings_.downgrade_protection));
  }
  return Challenge{server_first_};
}

// channel-binding "," nonce ["," extensions] "," proof; the proof is last (RFC 5802 7)
Step Scram::on_final(std::string_view message) {
  const std::size_t last = message.rfind(',');
  const auto encoded = last == message.npos ? std::nullopt : attribute(message.substr(last + 1), 'p');
  const auto proof = encoded ? base::from_base64(*encoded) : std::nullopt;
  if (!proof || proof->size() != digest_size(settings_.hash)) return malformed("The proof is missing or malformed.");
  const std::string_view without_proof = message.substr(0, last);

  std::string_view rest = without_proof;
  const auto bound = attribute(take(rest), 'c');
  const auto binding = bound ? base::from_base64(*bound) : std::nullopt;
  const bool more = rest.contains(',');
  const auto nonce = attribute(take(rest), 'r');
  if (!binding || !nonce) return malformed("The final message is malformed.");
  if (!ignorable_list(rest, more)) return malformed("An extension is malformed or not supported.");
  if (!base::equal_secrets(*binding, expected_binding_)) return refused("The channel binding does not match.");
  if (!base::equal_secrets(*nonce, nonce_)) return refused("The nonce does not match.");

  const std::string auth_message = client_first_bare_ + "," + server_first_ + "," + std::string(without_proof);
  const bool fits = proof_fits(*proof, auth_message);
  if (!fits || !known_) return refused("Wrong name or password.");
  const std::string signature = hmac(settings_.hash, keys_.server_key.reveal(), auth_message);
  return Success{"v=" + base::base64(signature), std::move(account_), std::move(authzid_)};
}

// ClientKey = ClientProof XOR HMAC(StoredKey, AuthMessage), and H(ClientKey) must be StoredKey (RFC 5802 3)
bool Scram::proof_fits(std::string_view proof, std::string_view auth_message) const {
  std::string client_key = hmac(settings_.hash, keys_.stored_key.reveal(), auth_message);
  for (std::size_t i = 0; i < client_key.size(); ++i) client_key[i] = static_cast<char>(client_key[i] ^ proof[i]);
  const base::Secret key(std::move(client_key));
  return base::equal_secrets(digest(settings_.hash, key.reveal()), keys_.stored_key.reveal());
}

Step Scram::handle_password(std::string, bool) {
  base::check(false, "SCRAM asks for credentials only");
  return Failure{SaslCondition::temporary_auth_failure, {}};
}

}  // namespace stream
