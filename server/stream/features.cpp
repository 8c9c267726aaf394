#include "stream/features.h"

#include <span>

#include "xml/writer.h"
#include "xmpp/ns.h"

namespace stream {
namespace {

namespace ns = xmpp::ns;

constexpr std::string_view kRegisterFeature = "http://jabber.org/features/iq-register";  // XEP-0077 8

void add_mechanisms(xml::Element& to, std::span<const MechanismName> offered) {
  for (const MechanismName name : offered) to.add_text_child("mechanism", to_string(name));
}

/// XEP-0386 3.1 and XEP-0198 9: what may be asked for inside `<authenticate/>`.
void add_inline(const StreamOffer& offer, xml::Element& authentication) {
  xml::Element& inner = authentication.add("inline");
  xml::Element& bind = inner.add("bind", ns::bind2);
  if (!offer.bind2_features.empty() || offer.stream_management) {
    xml::Element& features = bind.add("inline");
    for (const std::string& var : offer.bind2_features) features.add("feature").set_attr("var", var);
    if (offer.stream_management) features.add("feature").set_attr("var", ns::sm);
  }
  if (offer.stream_management) inner.add("sm", ns::sm);
}

void add_limits(xml::Element& to, std::uint32_t max_bytes, std::uint32_t idle_seconds) {
  if (max_bytes == 0 && idle_seconds == 0) return;
  xml::Element& limits = to.add("limits", ns::limits);
  if (max_bytes != 0) limits.add_text_child("max-bytes", std::to_string(max_bytes));
  if (idle_seconds != 0) limits.add_text_child("idle-seconds", std::to_string(idle_seconds));
}

void add_login(const StreamOffer& offer, const Circumstances& at, xml::Element& to) {
  const auto offered = offered_mechanisms(at);
  if (offered.empty()) return;  // XEP-0388 2.1: neither profile without a mechanism
  add_mechanisms(to.add("mechanisms", ns::sasl), offered);
  xml::Element& authentication = to.add("authentication", ns::sasl2);
  add_mechanisms(authentication, offered);
  add_inline(offer, authentication);
  if (const auto types = announced_bindings(at)) {
    xml::Element& bindings = to.add("sasl-channel-binding", ns::channel_binding);
    for (const std::string_view type : *types) bindings.add("channel-binding").set_attr("type", type);
  }
}

/// With the stream's prefix, which is bound by the header. `more` is serialised already.
std::string to_xml(const xml::Document& features, std::span<const std::string> more = {},
                   std::string_view of_host = {}) {
  std::string out = "<stream:features>";
  for (const xml::Element& feature : xml::children(features.root())) xml::write(feature, ns::client, out);
  for (const std::string& feature : more) out.append(feature);
  return out.append(of_host).append("</stream:features>");
}

}  // namespace

std::optional<std::vector<std::string_view>> announced_bindings(const Circumstances& circumstances) {
  if (!circumstances.tls || !circumstances.scram || !circumstances.binding.available()) return std::nullopt;
  return circumstances.binding.types();
}

std::string login_features(const StreamOffer& offer, const LocalHost& host, const Circumstances& circumstances) {
  xml::Document features(ns::stream, "features");
  xml::Element& root = features.root();
  const bool may_log_in = circumstances.tls || circumstances.loopback_plaintext_allowed;
  if (!circumstances.tls && offer.starttls) {
    xml::Element& starttls = root.add("starttls", ns::tls);
    if (!may_log_in) starttls.add("required");  // RFC 6120 5.3.1
  }
  add_login(offer, circumstances, root);
  if (may_log_in) {
    if (host.registration) root.add("register", kRegisterFeature);
    add_limits(root, offer.login_max_bytes, 0);
  }
  return to_xml(features);
}

std::string session_features(const StreamOffer& offer, SessionStage stage, std::string_view more) {
  xml::Document features(ns::stream, "features");
  xml::Element& root = features.root();
  if (!stage.bound) {
    root.add("bind", ns::bind).add("required");
    root.add("session", ns::session).add("optional");  // RFC 3921 3; needless since RFC 6121
  }
  if (offer.stream_management && !stage.sm_enabled) root.add("sm", ns::sm);
  add_limits(root, offer.max_bytes, offer.idle_seconds);
  return to_xml(features, offer.features, more);
}

}  // namespace stream
