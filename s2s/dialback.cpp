#include "s2s/dialback.h"

#include <optional>

#include "base/hex.h"
#include "stream/digest.h"
#include "xml/writer.h"
#include "xmpp/domain.h"
#include "xmpp/ns.h"

namespace s2s {
namespace {

using Condition = xmpp::StreamCondition;

std::string_view trim(std::string_view text) {
  static constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<DialbackType> parse_type(std::optional<std::string_view> text) {
  if (!text) return DialbackType::request;
  if (*text == "valid") return DialbackType::valid;
  if (*text == "invalid") return DialbackType::invalid;
  if (*text == "error") return DialbackType::error;
  return std::nullopt;
}

std::string_view to_string(DialbackType type) {
  switch (type) {
    case DialbackType::request: break;
    case DialbackType::valid: return "valid";
    case DialbackType::invalid: return "invalid";
    case DialbackType::error: return "error";
  }
  return {};
}

/// Of `<error/>`, whatever namespace its sender thought it has.
xmpp::Condition read_condition(const xml::Element& element) {
  for (const xml::Element& error : xml::children(element)) {
    if (error.name() != "error") continue;
    for (const xml::Element& child : xml::children(error)) {
      if (child.ns() != xmpp::ns::stanza_errors) continue;
      if (const auto condition = xmpp::parse_condition(child.name())) return *condition;
    }
  }
  return xmpp::Condition::undefined_condition;
}

void add(std::string_view name, std::string_view value, std::string& out) {
  if (value.empty()) return;
  out.append(" ").append(name).append("='");
  xml::escape_attr(value, out);
  out.append("'");
}

std::string error_xml(const xmpp::StanzaError& error) {
  std::string out = "<error type='";
  out.append(xmpp::to_string(error.type)).append("'><").append(xmpp::to_string(error.condition));
  return out.append(" xmlns='").append(xmpp::ns::stanza_errors).append("'/></error>");
}

}  // namespace

// XEP-0185 2, note 4: the hash in hexadecimal is the HMAC's key.
DialbackKeys::DialbackKeys(const base::Secret& secret)
    : hash_(base::hex(stream::digest(stream::Hash::sha256, secret.reveal()))) {}

// Domains hold no space, so that no two triples read alike (CVE-2016-0756).
std::string DialbackKeys::key(std::string_view receiving, std::string_view originating,
                              std::string_view stream_id) const {
  std::string text(receiving);
  text.append(" ").append(originating).append(" ").append(stream_id);
  return base::hex(stream::hmac(stream::Hash::sha256, hash_.reveal(), text));
}

bool DialbackKeys::matches(std::string_view receiving, std::string_view originating, std::string_view stream_id,
                           std::string_view given) const {
  return base::equal_secrets(key(receiving, originating, stream_id), given);
}

base::Result<Dialback, xmpp::StreamError> read_dialback(const xml::Element& element) {
  const auto refuse = [](Condition condition, std::string why) {
    return std::unexpected(xmpp::StreamError{condition, std::move(why)});
  };
  auto from = xmpp::prepare_domain(element.attr("from"));
  auto to = xmpp::prepare_domain(element.attr("to"));
  if (!from || !to) return refuse(Condition::improper_addressing, "Dialback is between two domains.");
  const auto type = parse_type(element.find_attr("type"));
  const bool verify = element.name() == "verify";
  if (!type || (!verify && element.name() != "result")) return refuse(Condition::bad_format, "This is no dialback.");
  Dialback read{.step = verify ? DialbackStep::verify : DialbackStep::result,
                .type = *type,
                .from = *std::move(from),
                .to = *std::move(to)};
  if (verify) read.id = element.attr("id");
  if (verify && read.id.empty()) return refuse(Condition::bad_format, "Which stream is meant?");
  if (read.type == DialbackType::request) read.key = trim(element.text());
  if (read.type == DialbackType::request && read.key.empty()) return refuse(Condition::bad_format, "There is no key.");
  if (read.type == DialbackType::error) read.condition = read_condition(element);
  return read;
}

std::string to_xml(const Dialback& dialback) {
  const std::string name = dialback.step == DialbackStep::result ? "db:result" : "db:verify";
  std::string out = "<" + name;
  add("from", dialback.from, out);
  add("to", dialback.to, out);
  add("id", dialback.id, out);
  add("type", to_string(dialback.type), out);
  if (dialback.type == DialbackType::valid || dialback.type == DialbackType::invalid) return out.append("/>");
  out.append(">");
  if (dialback.type == DialbackType::error) {
    out.append(error_xml(dialback.condition));
  } else {
    xml::escape_text(dialback.key, out);
  }
  return out.append("</").append(name).append(">");
}

Dialback answer_to(const Dialback& request, const Verdict& verdict) {
  return {.step = request.step,
          .type = verdict.type,
          .from = request.to,
          .to = request.from,
          .id = request.id,
          .key = {},
          .condition = verdict.condition};
}

}  // namespace s2s
