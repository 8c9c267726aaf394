#include "transcript/token_settings.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace transcript {

base::Ref<tokensvc::Settings> token_settings() {
  auto key = tokensvc::Key::from_secret(tokensvc::Algorithm::hs256, {}, base::Secret(kTokenSecret));
  base::check(key.has_value(), "the secret is a key");
  std::vector<tokensvc::Key> keys;
  keys.push_back(std::move(*key));
  auto ring = tokensvc::KeyRing::make(std::move(keys));
  base::check(ring.has_value(), "one key is a ring");
  auto settings = base::make_ref<tokensvc::Settings>(std::move(*ring));
  tokensvc::CallerSettings chat;
  chat.caller = {
      .name = "chat", .issuer = "verona", .subject = "meet.example.org", .channels = {"*"}, .may_moderate = true};
  settings->callers.push_back(std::move(chat));
  for (const char* domain : {"conference.example.org", "example.org"})
    settings->rules.push_back({.domain = domain, .caller = "chat", .url = "https://meet.example.org/"});
  return settings;
}

}  // namespace transcript
