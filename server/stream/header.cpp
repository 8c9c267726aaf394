#include "stream/header.h"

#include <algorithm>

#include "xml/writer.h"
#include "xmpp/domain.h"
#include "xmpp/ns.h"

namespace stream {
namespace {

using Condition = xmpp::StreamCondition;

constexpr std::size_t kMaxLang = 35;  // what RFC 5646 4.4.1 asks one to keep

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Any major version from 1 on: the answer is the lower one, which is ours (RFC 6120 4.7.5).
bool supported_version(std::string_view version) {
  const std::size_t dot = version.find('.');
  if (dot == version.npos || !is_number(version.substr(dot + 1))) return false;
  const std::string_view major = version.substr(0, dot);
  return is_number(major) && major.find_first_not_of('0') != major.npos;
}

std::optional<xmpp::StreamError> judge_name(const xml::Element& header, std::string_view default_ns,
                                            std::string_view content_ns) {
  namespace ns = xmpp::ns;
  if (header.ns() != ns::stream) return {{Condition::invalid_namespace, "This is no stream."}};
  if (header.name() != "stream") return {{Condition::bad_format, "A stream begins with <stream>."}};
  // As a default namespace only (RFC 6120 4.8.2): prefixes on stanzas are refused by most peers anyway.
  if (default_ns != content_ns) {
    return {{Condition::invalid_namespace, std::string(content_ns).append(" is spoken here.")}};
  }
  // RFC 6120 4.7.5: without a version it is 0.9, which knows no STARTTLS and no SASL.
  if (!supported_version(header.attr("version"))) return {{Condition::unsupported_version, {}}};
  return std::nullopt;
}

std::optional<xmpp::StreamError> read_to(std::string_view to, ClientHeader& read) {
  if (to.empty()) return {{Condition::host_unknown, "The header names no host."}};  // RFC 6120 4.9.1.3
  const auto host = xmpp::Jid::parse(to);
  if (!host || !host->is_domain()) return {{Condition::improper_addressing, "'to' is no host."}};
  read.host = host->domain();
  return std::nullopt;
}

/// RFC 6120 4.7.1: the account to be, where the client tells; on this host (XEP-0388 2.1).
std::optional<xmpp::StreamError> read_from(std::optional<std::string_view> from, ClientHeader& read) {
  if (!from || from->empty()) return std::nullopt;
  const auto account = xmpp::Jid::parse(*from);
  if (!account || account->local().empty() || (!read.host.empty() && account->domain() != read.host)) {
    return {{Condition::invalid_from, "'from' is no account of this host."}};
  }
  read.from = account->bare();
  return std::nullopt;
}

void add(std::string_view name, std::string_view value, std::string& out) {
  if (value.empty()) return;
  out.append(" ").append(name).append("='");
  xml::escape_attr(value, out);
  out.append("'");
}

}  // namespace

ClientHeader read_client_header(const xml::Element& header, std::string_view default_ns) {
  ClientHeader read;
  read.error = judge_name(header, default_ns, xmpp::ns::client);
  if (header.ns() != xmpp::ns::stream) return read;
  // The addresses are read in any case, because the answering header names them.
  auto bad_to = read_to(header.attr("to"), read);
  auto bad_from = read_from(header.find_attr("from"), read);
  if (!read.error) read.error = std::move(bad_to);
  if (!read.error) read.error = std::move(bad_from);
  const std::string_view lang = header.attr("lang", xml::kXmlNamespace);
  if (lang.size() <= kMaxLang) read.lang = lang;
  return read;
}

ServerHeader read_server_header(const xml::Element& header, std::string_view default_ns) {
  ServerHeader read;
  read.error = judge_name(header, default_ns, xmpp::ns::server);
  if (header.ns() != xmpp::ns::stream) return read;
  read.id = header.attr("id");
  const auto read_domain = [&](std::string_view name, std::string& into, Condition condition) {
    const std::string_view text = header.attr(name);
    if (text.empty()) return;
    auto domain = xmpp::prepare_domain(text);
    if (domain) {
      into = *std::move(domain);
    } else if (!read.error) {
      read.error = {condition, "'" + std::string(name) + "' is no domain."};
    }
  };
  read_domain("to", read.to, Condition::improper_addressing);
  read_domain("from", read.from, Condition::invalid_from);
  return read;
}

xmpp::StreamError error_for(xml::Fault fault) {
  switch (fault) {
    case xml::Fault::restricted_xml: return {Condition::restricted_xml, {}};
    case xml::Fault::unsupported_encoding: return {Condition::unsupported_encoding, {}};
    case xml::Fault::too_big: return {Condition::policy_violation, "This is more than is taken at once."};
    case xml::Fault::none:
    case xml::Fault::not_well_formed:
    case xml::Fault::bad_namespace_prefix: break;
  }
  return {Condition::not_well_formed, {}};
}

std::string header_xml(const HeaderFields& fields) {
  std::string out = "<?xml version='1.0'?><stream:stream";
  add("from", fields.from, out);
  add("to", fields.to, out);
  add("id", fields.id, out);
  out.append(" version='1.0' xml:lang='en'");
  add("xmlns", fields.content_ns, out);
  add("xmlns:stream", xmpp::ns::stream, out);
  add("xmlns:db", fields.dialback_ns, out);
  return out.append(">");
}

}  // namespace stream
