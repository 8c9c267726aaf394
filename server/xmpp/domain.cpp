#include "xmpp/domain.h"

#include <arpa/inet.h>
#include <unicode/bytestream.h>
#include <unicode/idna.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>

#include "xmpp/precis.h"

namespace xmpp {
namespace {

constexpr std::size_t kMaxLabel = 63;     // RFC 1035 2.3.4, counted in the ASCII form
constexpr std::size_t kMaxDnsName = 253;  // the same, as text

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_ldh(char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

std::optional<std::string> prepare_ipv6(std::string_view text) {
  if (text.size() < 4 || text.back() != ']') return std::nullopt;
  const std::string inner(text.substr(1, text.size() - 2));
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  if (inner.find('\0') != std::string::npos || inet_pton(AF_INET6, inner.c_str(), &address) != 1) return std::nullopt;
  if (inet_ntop(AF_INET6, &address, canonical.data(), canonical.size()) == nullptr) return std::nullopt;
  return "[" + std::string(canonical.data()) + "]";
}

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

/// One label in U-label form: letters, digits and hyphens, and what IDNA2008 allows beyond ASCII. UTS 46 alone
/// would let symbols pass; IDNA2008's derived property is IdentifierClass's for everything beyond ASCII.
bool is_label(std::string_view label) {
  if (label.empty() || label.front() == '-' || label.back() == '-') return false;
  if (!std::ranges::all_of(label, [](char c) { return !is_ascii(c) || is_ldh(c); })) return false;
  return std::ranges::all_of(label, is_ascii) ? label.size() <= kMaxLabel : precis::is_identifier(label);
}

/// Labels joined by dots. A numeric last label is either an IPv4 address or a mistake (RFC 1123 2.1).
bool is_name(const std::string& name) {
  std::string_view rest = name;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !std::ranges::all_of(label, is_digit) || is_ipv4(name);
    rest.remove_prefix(dot + 1);
  }
}

/// May hold an A-label or another reserved one (RFC 5890 2.3.1), which IDNA has to judge.
bool has_reserved_label(std::string_view name) {
  for (std::size_t start = 0; start != std::string_view::npos;) {
    if (start + 4 <= name.size() && name.substr(start + 2, 2) == "--") return true;
    const std::size_t dot = name.find('.', start);
    start = dot == std::string_view::npos ? dot : dot + 1;
  }
  return false;
}

const icu::IDNA* idna() {
  static const std::unique_ptr<icu::IDNA> instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    return std::unique_ptr<icu::IDNA>(icu::IDNA::createUTS46Instance(
        UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_CHECK_CONTEXTO |
            UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_NONTRANSITIONAL_TO_UNICODE,
        status));
  }();
  return instance.get();
}

/// A name longer than the DNS allows is taken; a label is not.
std::optional<std::string> to_a_labels(std::string_view text) {
  const icu::StringPiece input(text.data(), static_cast<int32_t>(text.size()));
  UErrorCode status = U_ZERO_ERROR;
  icu::IDNAInfo info;
  std::string name;
  icu::StringByteSink<std::string> sink(&name);
  if (idna() == nullptr) return std::nullopt;
  idna()->nameToASCII_UTF8(input, sink, info, status);
  if (U_FAILURE(status) || (info.getErrors() & ~uint32_t{UIDNA_ERROR_DOMAIN_NAME_TOO_LONG}) != 0) return std::nullopt;
  return name;
}

std::optional<std::string> to_u_labels(std::string_view text) {
  const icu::StringPiece input(text.data(), static_cast<int32_t>(text.size()));
  UErrorCode status = U_ZERO_ERROR;
  icu::IDNAInfo info;
  std::string name;
  icu::StringByteSink<std::string> sink(&name);
  if (idna() == nullptr) return std::nullopt;
  idna()->nameToUnicodeUTF8(input, sink, info, status);
  if (U_FAILURE(status) || info.hasErrors()) return std::nullopt;
  // Only the way to ASCII counts label lengths. The name as a whole has RFC 7622's limit, not that of DNS.
  if (!to_a_labels(name)) return std::nullopt;
  return name;
}

}  // namespace

std::optional<std::string> prepare_domain(std::string_view text) {
  if (text.starts_with('[')) return prepare_ipv6(text);
  std::string name(text);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (!std::ranges::all_of(name, is_ascii) || has_reserved_label(name)) {
    auto unicode = to_u_labels(name);
    if (!unicode) return std::nullopt;
    name = std::move(*unicode);
  }
  if (name.ends_with('.')) name.pop_back();
  if (!is_name(name)) return std::nullopt;
  return name;
}

std::optional<std::string> to_ascii(std::string_view domain) {
  if (domain.starts_with('[') && domain.ends_with(']')) return std::string(domain.substr(1, domain.size() - 2));
  std::string name(domain);
  if (!std::ranges::all_of(domain, is_ascii)) {
    auto ascii = to_a_labels(domain);
    if (!ascii) return std::nullopt;
    name = std::move(*ascii);
  }
  if (name.empty() || name.size() > kMaxDnsName) return std::nullopt;
  return name;
}

}  // namespace xmpp
