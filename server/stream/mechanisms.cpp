#include "stream/mechanisms.h"

#include <algorithm>
#include <array>

#include "stream/plain.h"
#include "stream/scram.h"

namespace stream {
namespace {

constexpr std::size_t kNonceBytes = 24;  // 192 bits; RFC 5802 asks for enough not to repeat

struct Entry {
  MechanismName id;
  std::string_view name;
  std::optional<Hash> hash;  // nothing for PLAIN
  bool plus;
};

// In the order of the enum, which is the order offered.
constexpr std::array<Entry, 7> kTable{{
    {MechanismName::scram_sha_512_plus, "SCRAM-SHA-512-PLUS", Hash::sha512, true},
    {MechanismName::scram_sha_256_plus, "SCRAM-SHA-256-PLUS", Hash::sha256, true},
    {MechanismName::scram_sha_1_plus, "SCRAM-SHA-1-PLUS", Hash::sha1, true},
    {MechanismName::scram_sha_512, "SCRAM-SHA-512", Hash::sha512, false},
    {MechanismName::scram_sha_256, "SCRAM-SHA-256", Hash::sha256, false},
    {MechanismName::scram_sha_1, "SCRAM-SHA-1", Hash::sha1, false},
    {MechanismName::plain, "PLAIN", std::nullopt, false},
}};

bool plus_possible(const Circumstances& at) { return at.tls && at.scram && at.binding.available(); }

bool is_offered(const Entry& entry, const Circumstances& at) {
  if (!at.tls && !at.loopback_plaintext_allowed) return false;
  if (!entry.hash) return at.plain;
  return entry.plus ? plus_possible(at) : at.scram;
}

std::string sorted_and_joined(std::vector<std::string_view> names) {
  std::ranges::sort(names);
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text.push_back('\x1e');
    text.append(name);
  }
  return text;
}

}  // namespace

std::string_view to_string(MechanismName name) { return kTable[static_cast<std::size_t>(name)].name; }

std::vector<MechanismName> offered_mechanisms(const Circumstances& circumstances) {
  std::vector<MechanismName> offered;
  for (const Entry& entry : kTable) {
    if (is_offered(entry, circumstances)) offered.push_back(entry.id);
  }
  return offered;
}

std::string downgrade_text(std::span<const MechanismName> offered,
                           const std::optional<std::vector<std::string_view>>& bindings) {
  std::vector<std::string_view> names;
  for (const MechanismName name : offered) names.push_back(to_string(name));
  std::string text = sorted_and_joined(std::move(names));
  if (bindings) text += '\x1f' + sorted_and_joined(*bindings);
  return text;
}

base::Result<std::unique_ptr<Mechanism>, Failure> make_mechanism(std::string_view name,
                                                                 const Circumstances& circumstances,
                                                                 const FakeAccounts& fake, std::string downgrade,
                                                                 base::Random& random) {
  const auto* entry = std::ranges::find(kTable, name, &Entry::name);
  if (entry == kTable.end() || !is_offered(*entry, circumstances)) {
    return std::unexpected(Failure{SaslCondition::invalid_mechanism, "This mechanism was not offered."});
  }
  if (!entry->hash) return std::make_unique<Plain>();
  return std::make_unique<Scram>(ScramSettings{.hash = *entry->hash,
                                               .plus = entry->plus,
                                               .plus_offered = plus_possible(circumstances),
                                               .binding = circumstances.binding,
                                               .server_nonce = random.token(kNonceBytes),
                                               .downgrade_protection = std::move(downgrade),
                                               .fake_secret = fake.secret,
                                               .fake_iterations = fake.iterations});
}

}  // namespace stream
