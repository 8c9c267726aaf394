// The bytes of DNS records as values. Sans-IO; any bytes may come.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/dns.h"

namespace net {

/// A name that we ask for: letters, digits, '-', '_' in labels of 63, 253 bytes in all; a final dot is allowed.
bool is_dns_name(std::string_view name);
/// An IPv4 or IPv6 address in numbers.
bool is_address(const std::string& text);
/// One that anybody on the Internet may have: neither this host's nor of a private network, nor of many at once.
bool is_public_address(const std::string& text);

/// Nothing if the record isn't well-formed or its name is none of those above.
std::optional<Srv> read_srv(std::string_view data);
std::optional<Tlsa> read_tlsa(std::string_view data);
/// Of an A (4 bytes) or AAAA (16 bytes) record, in numbers.
std::optional<std::string> read_address(std::string_view data);

/// By turns, the first of `first` first.
std::vector<std::string> in_turns(const std::vector<std::string>& first, const std::vector<std::string>& second);

}  // namespace net
