// The names in certificates and requests: subject alternative names of the kinds that XMPP has (RFC 6120 section
// 13.7.1.2).
#pragma once

#include <openssl/x509v3.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "certs/openssl.h"

namespace certs {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

enum class NameKind : std::uint8_t {
  dns,   ///< a host
  srv,   ///< a service of a domain: "_xmpp-server.example.org" (RFC 4985)
  xmpp,  ///< an address, in UTF-8
};

/// False if memory ran out.
bool add_name(GENERAL_NAMES& names, NameKind kind, std::string_view text);

/// Every name of these kinds, each once, with '?' for what cannot be shown.
std::vector<std::string> names_of(const X509& certificate);

}  // namespace certs
