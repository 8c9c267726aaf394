// Addresses (RFC 7622), valid and prepared by construction. A Jid is one pointer to a shared, immutable
// text: copying it costs a reference count.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/ref.h"
#include "base/result.h"

namespace xmpp {

/// Why a text is no address.
struct JidError {
  std::string why;
};

class Jid {
 public:
  Jid() = default;  ///< empty: "no address"

  /// Splits at the first '/' and the first '@' before it, then prepares each part: UsernameCaseMapped,
  /// IDNA domain (trailing dot dropped, lower case), OpaqueString; 1023 bytes at most for each (RFC 7622 3).
  static base::Result<Jid, JidError> parse(std::string_view text);
  static base::Result<Jid, JidError> make(std::string_view local, std::string_view domain,
                                          std::string_view resource = {});
  /// For text that is known to be prepared (read back from the store, constants). Aborts if it can't be split.
  static Jid from_prepared(std::string_view text);

  bool empty() const { return !rep_; }
  explicit operator bool() const { return !empty(); }
  std::string_view str() const;
  std::string_view local() const;
  std::string_view domain() const;
  std::string_view resource() const;
  /// "local@domain" or "domain": a view into str().
  std::string_view bare_str() const;
  bool is_bare() const { return resource().empty(); }
  bool is_domain() const { return local().empty() && is_bare(); }

  Jid bare() const;
  Jid domain_jid() const;
  base::Result<Jid, JidError> with_resource(std::string_view resource) const;
  /// Hash of the bare form; what partitions are made from. Stable across runs and machines.
  std::uint64_t bare_hash() const;

  friend bool operator==(const Jid& a, const Jid& b) { return a.rep_ == b.rep_ || a.str() == b.str(); }
  friend std::strong_ordering operator<=>(const Jid& a, const Jid& b) { return a.str() <=> b.str(); }

  /// Where the parts of the shared text begin. The text stands behind it, in the same piece of memory. Defined here
  /// because copying a Jid is inline.
  struct Rep final : base::RefCounted {
    std::uint16_t domain_at = 0;  ///< 0 when there is no local part
    std::uint16_t bare_size = 0;
    std::uint16_t size = 0;

    static base::Ref<const Rep> make(std::string_view local, std::string_view domain, std::string_view resource);
    std::string_view text() const { return {reinterpret_cast<const char*>(this + 1), size}; }
    static void operator delete(void* memory) { ::operator delete(memory); }  // of whatever size
  };

 private:
  explicit Jid(base::Ref<const Rep> rep);

  base::Ref<const Rep> rep_;
};
static_assert(sizeof(Jid) == sizeof(void*));

/// Same bare address.
bool same_bare(const Jid& a, const Jid& b);

/// FNV-1a, 64 bits: the partition hash of a prepared bare address or domain.
std::uint64_t stable_hash(std::string_view text);

}  // namespace xmpp

template <>
struct std::hash<xmpp::Jid> {
  std::size_t operator()(const xmpp::Jid& jid) const noexcept { return std::hash<std::string_view>{}(jid.str()); }
};
