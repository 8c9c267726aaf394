#include "proxy65/service.h"

#include <openssl/evp.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/hex.h"
#include "base/log.h"
#include "xmpp/ns.h"

namespace proxy65 {
namespace {

using router::Target;
using xmpp::Condition;
using xmpp::ErrorType;

constexpr std::string_view kNs = "http://jabber.org/protocol/bytestreams";
constexpr router::Xep kXep{65, "1.8.2", "SOCKS5 Bytestreams"};
constexpr std::size_t kMostSid = 1024;  // bytes

std::shared_ptr<net::Pace> pace_of(std::uint64_t bytes_per_second, base::Loop& loop) {
  return bytes_per_second == 0 ? nullptr : std::make_shared<net::Pace>(loop, bytes_per_second);
}

}  // namespace

std::string hash_of(std::string_view sid, const xmpp::Jid& requester, const xmpp::Jid& target) {
  std::string text(sid);
  text.append(requester.str()).append(target.str());
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  base::check(EVP_Digest(text.data(), text.size(), hash, &size, EVP_sha1(), nullptr) == 1, "OpenSSL hashes");
  return base::hex(std::span(hash, size));
}

Service::Service(router::Router& router, router::Registry& registry, SettingsRef settings, Carry carry)
    : router_(router),
      registry_(registry),
      settings_(std::move(settings)),
      streamhost_(router.loop(), std::move(carry)),
      pace_(pace_of(settings_->bytes_per_second, router.loop())) {
  registry.xep(kXep);
  for (const std::string_view var : {xmpp::ns::disco_info, xmpp::ns::disco_items, kNs})
    registry.feature(Target::proxy, var);
  const auto on = [&](xmpp::Type type, std::string_view ns, auto answer) {
    registry.iq(type, Target::proxy, ns, "query",
                [this, answer](router::Responder responder) { (this->*answer)(std::move(responder)); });
  };
  on(xmpp::Type::get, xmpp::ns::disco_info, &Service::info_asked);
  on(xmpp::Type::get, kNs, &Service::addresses_asked);
  on(xmpp::Type::set, kNs, &Service::activation_asked);
  registry.iq(xmpp::Type::get, Target::proxy, xmpp::ns::disco_items, "query",
              [](router::Responder responder) { responder.result(xml::Document(xmpp::ns::disco_items, "query")); });
}

void Service::receive(router::PacketRef packet) {
  const xmpp::Stanza& stanza = packet->stanza();
  if (stanza.kind() == xmpp::Kind::iq && !stanza.is_request()) {
    router_.settle(packet);
  } else if (stanza.is_request() && packet->to().is_domain()) {
    registry_.handle(router_, Target::proxy, packet);
  } else if (stanza.kind() != xmpp::Kind::presence) {
    router_.bounce(*packet, Condition::service_unavailable);
  }
}

void Service::use(SettingsRef settings) {
  if (settings->bytes_per_second != settings_->bytes_per_second)
    pace_ = pace_of(settings->bytes_per_second, router_.loop());
  if (settings->bytes_per_second_per_user != settings_->bytes_per_second_per_user)
    for (auto& [who, user] : users_) user.pace = pace_of(settings->bytes_per_second_per_user, router_.loop());
  settings_ = std::move(settings);
}

bool Service::may_use(const xmpp::Jid& who) const {
  const auto same = [&](const xmpp::Jid& domain) { return domain.domain() == who.domain(); };
  return router_.settings().host(who.domain()) != nullptr || std::ranges::any_of(settings_->domains, same);
}

void Service::info_asked(router::Responder responder) {
  if (!responder.payload().attr("node").empty()) return responder.error(Condition::item_not_found);
  xml::Document info(xmpp::ns::disco_info, "query");
  info.root()
      .add("identity")
      .set_attr("category", "proxy")
      .set_attr("type", "bytestreams")
      .set_attr("name", settings_->name);
  for (const std::string_view var : registry_.features(Target::proxy)) info.root().add("feature").set_attr("var", var);
  responder.result(info);
}

/// Section 4: nothing is reserved by asking.
void Service::addresses_asked(router::Responder responder) {
  if (!may_use(responder.request().from())) return responder.error(xmpp::StanzaError(Condition::forbidden));
  xml::Document query(kNs, "query");
  for (const Address& address : settings_->addresses)
    query.root()
        .add("streamhost")
        .set_attr("host", address.host)
        .set_attr("jid", settings_->domain.str())
        .set_attr("port", std::to_string(address.port));
  responder.result(query);
}

/// Section 6.3.5. Whoever activates is the requester: the hash that both parties gave has its address in it.
void Service::activation_asked(router::Responder responder) {
  const xmpp::Jid requester = responder.request().from();
  if (!may_use(requester)) return responder.error(xmpp::StanzaError(Condition::forbidden));
  const std::string_view sid = responder.payload().attr("sid");
  const xml::Element* activate = responder.payload().child(kNs, "activate");
  const auto target = xmpp::Jid::parse(activate != nullptr ? activate->text() : std::string());
  if (sid.empty() || sid.size() > kMostSid || !target)
    return responder.error({Condition::bad_request, ErrorType::modify});
  const auto found = users_.find(requester.bare());
  if (streamhost_.active() >= settings_->streams ||
      (found != users_.end() && found->second.streams >= settings_->streams_per_user))
    return responder.error({Condition::resource_constraint, ErrorType::wait});
  forget_users();
  User& user = users_.try_emplace(requester.bare()).first->second;
  ++user.streams;
  const auto outcome = streamhost_.activate(hash_of(sid, requester, *target), limits_of(user),
                                            [this, requester, target = std::string(target->str())](
                                                const net::Relay::Outcome& how) { ended(requester, target, how); });
  if (outcome == Streamhost::Activation::done) return responder.result();
  --user.streams;
  switch (outcome) {
    case Streamhost::Activation::unknown: return responder.error(Condition::item_not_found);
    case Streamhost::Activation::alone: return responder.error(Condition::not_allowed);
    default: return responder.error({Condition::internal_server_error, ErrorType::wait});
  }
}

net::RelayLimits Service::limits_of(User& user) {
  if (user.pace == nullptr) user.pace = pace_of(settings_->bytes_per_second_per_user, router_.loop());
  net::RelayLimits limits{
      .paces = {}, .bytes = settings_->stream_bytes, .idle = settings_->idle, .total = settings_->total};
  for (const auto& pace : {pace_, user.pace})
    if (pace != nullptr) limits.paces.push_back(pace);
  return limits;
}

void Service::ended(const xmpp::Jid& requester, const std::string& target, const net::Relay::Outcome& outcome) {
  ++streams_;
  bytes_ += outcome.forth + outcome.back;
  base::log::info("bytestream_end", {{"requester", requester.str()},
                                     {"target", target},
                                     {"bytes", outcome.forth + outcome.back},
                                     {"why", to_string(outcome.end)}});
  --users_.at(requester.bare()).streams;
}

/// Those without a stream, but not before their pace is what a new one would be: ending a stream must give nobody more.
void Service::forget_users() {
  std::erase_if(users_, [](const auto& one) {
    const User& user = one.second;
    return user.streams == 0 && (user.pace == nullptr || user.pace->is_full());
  });
}

}  // namespace proxy65
