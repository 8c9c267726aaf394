#include "router/token_service.h"

#include <optional>
#include <utility>

#include "xmpp/ns.h"

namespace router {
namespace {

using xmpp::Condition;

/// The `<error/>` or `<query/>` of an answer; null where it has none.
const xml::Element* content(const Reply& reply) {
  const xmpp::Stanza& said = reply.packet->stanza();
  return reply.kind == Reply::Kind::error ? said.child(xmpp::ns::client, "error") : said.child(kMeetings, "query");
}

xmpp::StanzaError read_error(const xml::Element& error) {
  std::optional<Condition> condition;
  for (const xml::Element& child : xml::children(error))
    if (!condition && child.ns() == xmpp::ns::stanza_errors) condition = xmpp::parse_condition(child.name());
  xmpp::StanzaError read(condition.value_or(Condition::undefined_condition),
                         error.child_text(xmpp::ns::stanza_errors, "text"));
  read.type = xmpp::parse_error_type(error.attr("type")).value_or(read.type);
  return read;
}

}  // namespace

void pass_on(const Reply& reply, Responder asker) {
  if (reply.kind == Reply::Kind::timed_out) return asker.error(Condition::remote_server_timeout);
  const xml::Element* answer = content(reply);
  if (answer == nullptr) return asker.error(Condition::internal_server_error);
  xml::Document iq = xmpp::make_result(asker.request().stanza());
  if (reply.kind == Reply::Kind::error) iq.root().set_attr("type", "error");
  iq.root().add_copy(*answer);
  asker.reply(std::move(iq));
}

base::Result<MeetingLinks, xmpp::StanzaError> links_in(const Reply& reply) {
  if (reply.kind == Reply::Kind::timed_out) return std::unexpected(Condition::remote_server_timeout);
  const xml::Element* answer = content(reply);
  if (answer != nullptr && reply.kind == Reply::Kind::error) return std::unexpected(read_error(*answer));
  const xml::Element* initiate = answer == nullptr ? nullptr : answer->child(kMeetings, "initiate");
  const xml::Element* invite = answer == nullptr ? nullptr : answer->child(kCallInvites, "invite");
  const xml::Element* external = invite == nullptr ? nullptr : invite->child(kCallInvites, "external");
  if (initiate == nullptr || external == nullptr) return std::unexpected(Condition::internal_server_error);
  return MeetingLinks{initiate->child_text(kMeetings, "url"), std::string(external->attr("uri"))};
}

}  // namespace router
