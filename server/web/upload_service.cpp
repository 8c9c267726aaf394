#include "web/upload_service.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "xmpp/data_form.h"
#include "xmpp/ns.h"
#include "xmpp/timestamp.h"

namespace web {
namespace {

using router::Target;
using xmpp::Condition;
using xmpp::ErrorType;

constexpr std::string_view kNs = "urn:xmpp:http:upload:0";
constexpr std::string_view kPurpose = "urn:xmpp:http:upload:purpose:0";
constexpr router::Xep kXep{363, "1.2.0", "HTTP File Upload"};
constexpr std::size_t kMostName = 1024, kMostType = 127;  // bytes of what is asked for

/// What may stand in a field of HTTP (RFC 9110 5.5, without what lies beyond ASCII), and looks like one type: behind a
/// comma browsers would find another.
bool is_type(std::string_view text) {
  const auto fits = [](char c) { return c >= 0x20 && c < 0x7f && c != ','; };
  return text.size() <= kMostType && text.contains('/') && text.front() != ' ' && text.back() != ' ' &&
         std::ranges::all_of(text, fits);
}

std::optional<std::uint64_t> read_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (fault != std::errc() || end != text.data() + text.size() || size == 0) return std::nullopt;
  return size;
}

/// Nothing where the request is none (4, 5).
std::optional<Wish> read_wish(const xml::Element& request, const xmpp::Jid& from) {
  const auto size = read_size(request.attr("size"));
  const std::string_view name = request.attr("filename"), type = request.attr("content-type");
  if (!size || name.empty() || name.size() > kMostName || (!type.empty() && !is_type(type))) return std::nullopt;
  Wish wish{.owner = std::string(from.bare().str()),
            .name = std::string(name),
            .type = std::string(type),
            .bytes = *size,
            .purpose = Purpose::message,
            .expire_before = std::nullopt};
  for (const xml::Element& child : xml::children(request)) {
    if (child.ns() != kPurpose) continue;
    const auto purpose = parse_purpose(child.name());
    if (!purpose) continue;  // one that will come to be
    wish.purpose = *purpose;
    if (*purpose != Purpose::ephemeral) continue;
    wish.expire_before = xmpp::parse_timestamp(child.attr("expire-before"));
    if (!wish.expire_before) return std::nullopt;
  }
  return wish;
}

xmpp::StanzaError error_of(const Refusal& refusal) {
  switch (refusal.why) {
    case Refusal::Why::too_large: return {Condition::not_acceptable, ErrorType::modify, refusal.text};
    case Refusal::Why::not_offered: return {Condition::feature_not_implemented, ErrorType::cancel, refusal.text};
    case Refusal::Why::quota: return {Condition::resource_constraint, ErrorType::wait, refusal.text};
    case Refusal::Why::unavailable: break;
  }
  return {Condition::internal_server_error, ErrorType::wait, refusal.text};
}

}  // namespace

UploadService::UploadService(router::Router& router, router::Registry& registry, const Seams& seams,
                             SettingsRef settings)
    : router_(router),
      registry_(registry),
      uploads_(router.loop(), seams.store, seams.random, seams.disk, std::move(settings), seams.secret),
      site_(uploads_) {
  registry.xep(kXep);
  for (const std::string_view var : {xmpp::ns::disco_info, xmpp::ns::disco_items, kNs})
    registry.feature(Target::uploads, var);
  registry.iq(xmpp::Type::get, Target::uploads, xmpp::ns::disco_info, "query",
              [this](router::Responder responder) { info_asked(std::move(responder)); });
  registry.iq(xmpp::Type::get, Target::uploads, xmpp::ns::disco_items, "query",
              [](router::Responder responder) { responder.result(xml::Document(xmpp::ns::disco_items, "query")); });
  registry.iq(xmpp::Type::get, Target::uploads, kNs, "request",
              [this](router::Responder responder) { slot_asked(std::move(responder)); });
}

void UploadService::receive(router::PacketRef packet) {
  const xmpp::Stanza& stanza = packet->stanza();
  if (stanza.kind() == xmpp::Kind::iq && !stanza.is_request()) {
    router_.settle(packet);
  } else if (stanza.is_request() && packet->to().is_domain()) {
    registry_.handle(router_, Target::uploads, packet);
  } else if (stanza.kind() != xmpp::Kind::presence) {
    router_.bounce(*packet, Condition::service_unavailable);
  }
}

Counts UploadService::counts() const {
  Counts counts = uploads_.counts();
  counts.connections = site_.connections();
  return counts;
}

/// Section 3, and a feature for each purpose that is served (5).
void UploadService::info_asked(router::Responder responder) {
  if (!responder.payload().attr("node").empty()) return responder.error(Condition::item_not_found);
  const Settings& settings = uploads_.settings();
  xml::Document info(xmpp::ns::disco_info, "query");
  info.root().add("identity").set_attr("category", "store").set_attr("type", "file").set_attr("name", settings.name);
  for (const std::string_view var : registry_.features(Target::uploads))
    info.root().add("feature").set_attr("var", var);
  for (const Purpose purpose : {Purpose::message, Purpose::profile, Purpose::ephemeral, Purpose::permanent})
    if (uploads_.offers(purpose))
      info.root().add("feature").set_attr("var", std::string(kPurpose) + '#' + std::string(to_string(purpose)));
  xmpp::add_form(info.root(), xmpp::FormType::result, kNs,
                 {{.var = "max-file-size", .values = {std::to_string(settings.file_bytes)}}});
  responder.result(info);
}

void UploadService::slot_asked(router::Responder responder) {
  const xmpp::Jid from = responder.request().from();
  if (router_.settings().host(from.domain()) == nullptr || from.bare().is_domain())
    return responder.error(xmpp::StanzaError(Condition::forbidden, "files are for accounts of this server"));
  auto wish = read_wish(responder.payload(), from);
  if (!wish || (wish->expire_before && *wish->expire_before <= router_.loop().wall()))
    return responder.error({Condition::bad_request, ErrorType::modify});
  uploads_.ask(std::move(*wish), [responder = std::move(responder),
                                  most = uploads_.settings().file_bytes](std::expected<Urls, Refusal> urls) mutable {
    if (urls) {
      xml::Document slot(kNs, "slot");
      slot.root().add("put").set_attr("url", urls->put);
      slot.root().add("get").set_attr("url", urls->get);
      return responder.result(slot);
    }
    xmpp::StanzaError error = error_of(urls.error());
    xml::Document detail;  // section 6
    if (urls.error().why == Refusal::Why::too_large) {
      detail = xml::Document(kNs, "file-too-large");
      detail.root().add_text_child("max-file-size", std::to_string(most));
    } else if (urls.error().retry) {
      detail = xml::Document(kNs, "retry");
      detail.root().set_attr("stamp", xmpp::format_timestamp(*urls.error().retry));
    }
    responder.error(error, detail);
  });
}

}  // namespace web
