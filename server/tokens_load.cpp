#include "tokens_load.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "config_files.h"

namespace {

constexpr std::size_t kLeastCallerSecret = 16;
constexpr std::size_t kPasswordEntry = 16UL * 1024;

base::Result<tokensvc::Key> make_key(const TokensConfig::KeyFiles& key, const ConfigFiles& files) {
  if (!key.secret_file.empty())
    return tokensvc::Key::from_secret(key.algorithm, key.id, files.read_line(key.secret_file));
  if (!key.file.empty())
    return tokensvc::Key::from_private_pem(key.algorithm, key.id, files.read(key.file, Privacy::secret));
  return tokensvc::Key::from_public_pem(key.algorithm, key.id, files.read(key.public_file, Privacy::open).reveal());
}

tokensvc::KeyRing read_keys(const TokensConfig& config, const std::string& folder) {
  std::vector<tokensvc::Key> keys;
  for (const TokensConfig::KeyFiles& each : config.keys) {
    auto key = make_key(each, ConfigFiles(each.where, folder));
    if (!key)
      complain(each.where,
               key.error().what +
                   (each.secret_file.empty() ? "; make another key" : "; make a secret with: openssl rand -hex 32"));
    keys.push_back(std::move(*key));
  }
  auto ring = tokensvc::KeyRing::make(std::move(keys));
  if (!ring) complain(config.keys.empty() ? "<tokens>" : config.keys.front().where, ring.error().what);
  return std::move(*ring);
}

/// By number or by name.
std::optional<std::uint32_t> user_of(const std::string& where, const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  std::vector<char> buffer(kPasswordEntry);
  passwd entry{};
  passwd* found = nullptr;
  getpwnam_r(text.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) complain(where, "this machine has no user '" + text + "'; correct the name, or give a number");
  return found->pw_uid;
}

void check_distinct(const tokensvc::Settings& settings, const TokensConfig& config) {
  std::set<std::uint32_t> users;
  for (std::size_t i = 0; i < settings.callers.size(); ++i) {
    const tokensvc::CallerSettings& caller = settings.callers[i];
    if (caller.user && !users.insert(*caller.user).second)
      complain(config.callers[i].where, "another caller has this user too; who comes must be known by it alone");
    for (std::size_t other = 0; other < i; ++other) {
      if (!caller.secret.empty() &&
          base::equal_secrets(caller.secret.reveal(), settings.callers[other].secret.reveal()))
        complain(config.callers[i].where, "another caller has the same secret; make one with: openssl rand -hex 32");
    }
  }
}

tokensvc::CallerSettings read_caller(const TokensConfig::CallerFiles& from, const std::string& folder) {
  tokensvc::CallerSettings caller;
  caller.caller = from.caller;
  caller.certificate = from.certificate;
  caller.user = user_of(from.where, from.user);
  if (from.secret_file.empty()) return caller;
  const base::Secret secret = ConfigFiles(from.where, folder).read_line(from.secret_file);
  if (secret.reveal().size() < kLeastCallerSecret)
    complain(from.where, "the secret has fewer than 16 bytes; make one with: openssl rand -hex 32");
  caller.secret = tokensvc::Locked(secret.reveal());
  return caller;
}

}  // namespace

base::Result<tokensvc::SettingsRef> load_tokens(const TokensConfig& config, const std::string& folder) {
  try {
    auto settings = base::make_ref<tokensvc::Settings>(read_keys(config, folder));
    for (const TokensConfig::CallerFiles& each : config.callers) settings->callers.push_back(read_caller(each, folder));
    check_distinct(*settings, config);
    settings->lines = config.lines;
    for (tokensvc::LineEntrance& each : settings->lines)
      if (!each.socket.empty() && !each.socket.starts_with('/')) each.socket = folder + '/' + each.socket;
    settings->games = config.games;
    settings->https = config.https;
    settings->rules = config.rules;
    settings->audit_days = config.audit_days;
    return tokensvc::SettingsRef(settings);
  } catch (const ConfigMistake& mistake) {
    return base::failure(mistake.what);
  }
}
