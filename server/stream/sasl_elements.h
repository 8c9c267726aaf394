// The elements that carry a SASL exchange, in both profiles: RFC 6120 6.4 and XEP-0388 2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stream/sasl.h"
#include "xml/element.h"

namespace stream {

enum class Profile : std::uint8_t { sasl, sasl2 };
/// Whose element this is, by its namespace.
Profile profile_of(const xml::Element& element);

/// Nothing if the client sent none; the failure is incorrect-encoding.
using InitialResponse = base::Result<std::optional<std::string>, Failure>;
InitialResponse read_initial_response(const xml::Element& auth);
/// `<response/>`.
base::Result<std::string, Failure> read_response(const xml::Element& response);

std::string challenge_xml(Profile profile, std::string_view data);
std::string failure_xml(Profile profile, const Failure& failure);
/// RFC 6120's.
std::string success_xml(std::string_view data);
/// XEP-0388's; `results` are the answers to inline requests, serialised.
std::string success_xml(std::string_view data, std::string_view identity, std::string_view results);

}  // namespace stream
