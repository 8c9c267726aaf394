#include "router/registry.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace router {

Responder::~Responder() {
  if (!request_) return;
  base::log::error("iq unanswered", {{"child", payload().name()}, {"ns", payload().ns()}});
  error(xmpp::StanzaError(xmpp::Condition::internal_server_error));
}

void Responder::result(const xml::Document& payload) {
  xml::Document iq = xmpp::make_result(request_->stanza());
  if (!payload.empty()) iq.root().add_copy(payload.root());
  reply(std::move(iq));
}

void Responder::reply(xml::Document iq) {
  base::check(static_cast<bool>(request_), "a request is answered once");
  const PacketRef request = std::exchange(request_, nullptr);
  // The request's ticket goes along: its slot completes when the answer has been handed over, not before.
  router_->post(base::make_ref<const Packet>(xmpp::share(std::move(iq)), request->to(), request->from(), Origin::server,
                                             request->ticket()));
}

void Responder::error(const xmpp::StanzaError& error) {
  base::check(static_cast<bool>(request_), "a request is answered once");
  router_->bounce(*std::exchange(request_, nullptr), error);
}

void Responder::error(const xmpp::StanzaError& error, const xml::Document& detail) {
  if (detail.empty()) return this->error(error);
  xml::Document iq = xml::Document::copy_of(xmpp::make_error(request_->stanza(), error)->root());
  iq.root().nodes()->element->add_copy(detail.root());
  reply(std::move(iq));
}

void Registry::iq(xmpp::Type type, Target targets, std::string_view ns, std::string_view name, IqHandler handler) {
  base::check(!frozen_, "handlers are registered before the first packet");
  base::check(type == xmpp::Type::get || type == xmpp::Type::set, "only requests have handlers");
  handlers_.push_back(std::move(handler));
  for (const Target target :
       {Target::server, Target::account, Target::room_service, Target::room, Target::proxy, Target::uploads})
    if (covers(targets, target)) entries_.push_back({ns, name, type, target, handlers_.size() - 1});
}

void Registry::feature(Target targets, std::string_view var, HostCondition when) {
  base::check(!frozen_, "features are registered before the first packet");
  features_.push_back({var, targets, when});
}

void Registry::disco_form(std::function<void(const HostSettings&, xml::Element&)> add) {
  base::check(!frozen_, "features are registered before the first packet");
  disco_forms_.push_back(std::move(add));
}

void Registry::command(HostCommand command) {
  base::check(!frozen_, "commands are registered before the first packet");
  commands_.push_back(std::move(command));
}

void Registry::stream_feature(std::function<std::string(const HostSettings&)> make) {
  base::check(!frozen_, "features are registered before the first packet");
  made_stream_features_.push_back(std::move(make));
}

void Registry::stream_feature(std::string_view xml) {
  base::check(!frozen_, "features are registered before the first packet");
  stream_features_.push_back(xml);
}

void Registry::bind2_feature(std::string_view ns) {
  base::check(!frozen_, "features are registered before the first packet");
  bind2_features_.push_back(ns);
}

void Registry::freeze() {
  const auto key = [](const Entry& e) { return std::tie(e.ns, e.name, e.type, e.target); };
  std::ranges::sort(entries_, {}, key);
  const auto twice = std::ranges::adjacent_find(entries_, {}, key);
  base::check(twice == entries_.end(), "an iq key has exactly one owner");
  frozen_ = true;
}

const Registry::Entry* Registry::find(xmpp::Type type, Target target, std::string_view ns,
                                      std::string_view name) const {
  base::check(frozen_, "the registry is frozen before it is used");
  const auto wanted = std::tie(ns, name, type, target);
  const auto key = [](const Entry& e) { return std::tie(e.ns, e.name, e.type, e.target); };
  const auto found = std::ranges::lower_bound(entries_, wanted, {}, key);
  return found != entries_.end() && key(*found) == wanted ? &*found : nullptr;
}

bool Registry::owns(xmpp::Type type, Target target, std::string_view ns, std::string_view name) const {
  return find(type, target, ns, name) != nullptr;
}

void Registry::handle(Router& router, Target target, PacketRef request) const {
  const xmpp::Stanza& stanza = request->stanza();
  const xml::Element* payload = stanza.payload();
  const Entry* entry = payload == nullptr ? nullptr : find(stanza.type(), target, payload->ns(), payload->name());
  if (entry == nullptr) {
    router.bounce(*request, xmpp::StanzaError(xmpp::Condition::service_unavailable));
    return;
  }
  handlers_[entry->handler](Responder(router, std::move(request)));
}

std::vector<std::string_view> Registry::features(Target target) const { return features(target, nullptr); }

std::vector<std::string_view> Registry::features(Target target, const HostSettings& host) const {
  return features(target, &host);
}

std::vector<std::string_view> Registry::features(Target target, const HostSettings* host) const {
  std::vector<std::string_view> vars;
  for (const Feature& feature : features_) {
    if (!covers(feature.targets, target)) continue;
    if (host == nullptr || feature.when == nullptr || feature.when(*host)) vars.push_back(feature.var);
  }
  std::ranges::sort(vars);
  const auto repeated = std::ranges::unique(vars);
  vars.erase(repeated.begin(), repeated.end());
  return vars;
}

void Registry::add_disco_forms(const HostSettings& host, xml::Element& query) const {
  for (const auto& add : disco_forms_) add(host, query);
}

std::string Registry::stream_features(const HostSettings& host) const {
  std::string text;
  for (const std::string_view feature : stream_features_) text.append(feature);
  for (const auto& make : made_stream_features_) text.append(make(host));
  return text;
}

}  // namespace router
