// Whom this server federates with and how strictly, as one immutable value. Each shard holds one and swaps it between
// two turns; reading it needs no lock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/ref.h"
#include "base/text_hash.h"

namespace s2s {

/// What a peer's certificate must be.
enum class Certificate : std::uint8_t {
  valid,     ///< issued for its domain by somebody we believe
  dialback,  ///< any; who the peer is says its DNS (XEP-0220)
  pinned,    ///< a valid one; else any at first, with dialback, and one of that key ever after
};

/// Which side may open streams between the two domains.
enum class Direction : std::uint8_t { both, incoming, outgoing, none };

/// Where a peer is, instead of what DNS says.
struct ForcedAddress {
  std::string host;  ///< name or IP address
  std::uint16_t port = 5269;
  bool direct_tls = false;  ///< TLS from the first byte (XEP-0368)
  bool operator==(const ForcedAddress&) const = default;
};

/// How one local and one remote domain deal with each other.
struct PairRules {
  bool encryption = true;  ///< required; a peer without is refused with policy-violation
  Certificate certificate = Certificate::valid;
  Direction direction = Direction::both;
  bool bidi = true;                ///< one stream goes both ways (XEP-0288) where the peer knows that
  bool private_addresses = false;  ///< DNS may send us to loopback and private networks (SECURITY F05)
  std::size_t max_stanza_bytes = 512 * 1024;
  std::uint32_t stanzas_per_second = 20'000;  ///< of one stream; beyond, it is not read. 0: any number
  std::size_t bytes_per_second = 20 * 1024 * 1024;
  std::optional<ForcedAddress> address = {};

  bool may_open() const { return direction == Direction::both || direction == Direction::outgoing; }
  bool may_come() const { return direction == Direction::both || direction == Direction::incoming; }
  bool operator==(const PairRules&) const = default;
};

/// What one place in the configuration says of them; what it leaves out is as in the place around it.
struct RuleChanges {
  std::optional<bool> encryption;
  std::optional<Certificate> certificate;
  std::optional<Direction> direction;
  std::optional<bool> bidi;
  std::optional<bool> private_addresses;
  std::optional<std::size_t> max_stanza_bytes;
  std::optional<std::uint32_t> stanzas_per_second;
  std::optional<std::size_t> bytes_per_second;
  std::optional<ForcedAddress> address;

  void apply_to(PairRules& rules) const;
};

/// Values by domain. The key `*.example.net` is for all domains below example.net and not for itself; the longest key
/// that fits counts.
template <class Value>
class ByDomain {
 public:
  /// False if the key is there already.
  bool add(std::string key, Value value) { return values_.emplace(std::move(key), std::move(value)).second; }
  const Value* find(std::string_view domain) const {
    if (const auto exact = values_.find(domain); exact != values_.end()) return &exact->second;
    std::string key;
    for (auto dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.', dot + 1)) {
      const auto found = values_.find(key.assign("*").append(domain.substr(dot)));
      if (found != values_.end()) return &found->second;
    }
    return nullptr;
  }
  std::size_t size() const { return values_.size(); }

 private:
  std::unordered_map<std::string, Value, base::TextHash, std::equal_to<>> values_;
};

struct Listed {};
using DomainList = ByDomain<Listed>;

/// Bounds of federation as a whole, of a remote domain, of a pair of domains.
struct Limits {
  std::uint32_t max_domains = 10'000;  ///< remote domains that something is kept of
  std::uint32_t max_links = 5'000;     ///< streams, both ways
  // a pair of domains
  std::uint32_t queue_stanzas = 2'000;  ///< waiting for a link, or sent and not acknowledged
  std::size_t queue_bytes = 8 * 1024 * 1024;
  std::chrono::seconds message{600};      ///< that a message is tried; then its sender gets an error
  std::chrono::seconds request{60};       ///< the same of an iq or a presence, and only while no attempt has failed
  std::chrono::milliseconds ticket{200};  ///< that a stanza for a working link keeps its sender's slot open
  std::chrono::seconds first_retry{5};    ///< until the second attempt; it doubles with each
  std::chrono::seconds last_retry{600};   ///< and is no more than that
  std::chrono::seconds domain_idle{600};  ///< a remote domain that nothing is kept of leaves the memory
  // a stream
  std::chrono::seconds dns{10};           ///< for all lookups of one attempt
  std::chrono::seconds connect{10};       ///< for a peer's address to answer
  std::chrono::seconds negotiation{30};   ///< from the connection to the authenticated stream
  std::chrono::seconds verification{15};  ///< for the authoritative server to answer a dialback key
  std::chrono::seconds idle{600};         ///< without stanza; then it is closed
  std::chrono::seconds sm_answer{60};     ///< from <r/> to <a/> (XEP-0198); then the link is taken for lost
  std::chrono::seconds resumption{300};   ///< a lost stream can be resumed
};

/// Whom to ask instead of the system's resolver.
struct DnsServer {
  std::string address;
  std::uint16_t port = 53;
  bool operator==(const DnsServer&) const = default;
};

class Policy final : public base::RefCounted {
 public:
  struct Host {
    RuleChanges changes;
    ByDomain<RuleChanges> peers;
    std::optional<DomainList> allowed;  ///< instead of the server's
    DomainList blocked;                 ///< and those of the server
  };
  struct Parts {
    PairRules rules;
    ByDomain<RuleChanges> peers;
    std::optional<DomainList> allowed;  ///< nobody else; absent: everybody
    DomainList blocked;
    std::unordered_map<std::string, Host, base::TextHash, std::equal_to<>> hosts;  ///< by local domain
    Limits limits;
    std::optional<DnsServer> dns;
  };

  explicit Policy(Parts parts) : parts_(std::move(parts)) {}

  /// May the two have anything to do with each other? Whoever is blocked is not allowed.
  bool allows(std::string_view local, std::string_view remote) const;
  /// What is said of the remote domain for this host counts before what is said of it for all, that before what is
  /// said of the host, and that before the server's own rules.
  PairRules rules(std::string_view local, std::string_view remote) const;
  const Limits& limits() const { return parts_.limits; }
  const std::optional<DnsServer>& dns() const { return parts_.dns; }

 private:
  const Host* host(std::string_view local) const;

  Parts parts_;
};
using PolicyRef = base::Ref<const Policy>;

}  // namespace s2s
