#include "s2s/policy.h"

namespace s2s {
namespace {

template <class Value>
void replace(Value& value, const std::optional<Value>& change) {
  if (change) value = *change;
}

void apply(const RuleChanges* changes, PairRules& rules) {
  if (changes != nullptr) changes->apply_to(rules);
}

}  // namespace

void RuleChanges::apply_to(PairRules& rules) const {
  replace(rules.encryption, encryption);
  replace(rules.certificate, certificate);
  replace(rules.direction, direction);
  replace(rules.bidi, bidi);
  replace(rules.private_addresses, private_addresses);
  replace(rules.max_stanza_bytes, max_stanza_bytes);
  replace(rules.stanzas_per_second, stanzas_per_second);
  replace(rules.bytes_per_second, bytes_per_second);
  if (address) rules.address = address;
}

const Policy::Host* Policy::host(std::string_view local) const {
  const auto found = parts_.hosts.find(local);
  return found == parts_.hosts.end() ? nullptr : &found->second;
}

bool Policy::allows(std::string_view local, std::string_view remote) const {
  const Host* own = host(local);
  if (parts_.blocked.find(remote) != nullptr) return false;
  if (own != nullptr && own->blocked.find(remote) != nullptr) return false;
  const auto& allowed = own != nullptr && own->allowed ? own->allowed : parts_.allowed;
  return !allowed || allowed->find(remote) != nullptr;
}

PairRules Policy::rules(std::string_view local, std::string_view remote) const {
  PairRules rules = parts_.rules;
  const Host* own = host(local);
  if (own != nullptr) own->changes.apply_to(rules);
  apply(parts_.peers.find(remote), rules);
  if (own != nullptr) apply(own->peers.find(remote), rules);
  return rules;
}

}  // namespace s2s
