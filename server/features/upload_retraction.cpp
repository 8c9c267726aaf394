#include "features/upload_retraction.h"

#include "store/unit.h"
#include "xmpp/message.h"
#include "xmpp/ns.h"
#include "xmpp/upload_mentions.h"

namespace features {
namespace {

constexpr std::string_view kRetract = "urn:xmpp:message-retract:1";

/// A retraction names its message by the message's `id` (XEP-0424 3). In a room the room's own id counts, and the room
/// sees to it (muc/retraction).
router::Verdict look(router::Passage& passage) {
  const xmpp::Stanza& stanza = passage.packet->stanza();
  if (stanza.kind() != xmpp::Kind::message || stanza.type() == xmpp::Type::groupchat) return router::Verdict::pass();
  if (stanza.type() == xmpp::Type::error) return router::Verdict::pass();  // it returns what somebody else has said
  const std::string owner(passage.account.jid().str()), peer(passage.packet->to().bare().str());
  if (const xml::Element* retract = stanza.root().child(kRetract, "retract")) {
    if (!retract->attr("id").empty())
      store::unit_of(*passage.rows).add(store::UploadRetract{owner, peer, std::string(retract->attr("id"))});
  } else if (const std::string_view name = stanza.id(); !name.empty()) {
    for (std::string& id : xmpp::mentioned_uploads(stanza.root()))
      store::unit_of(*passage.rows).add(store::UploadMention{std::move(id), owner, peer, std::string(name)});
  }
  return router::Verdict::pass();
}

}  // namespace

void add_upload_retraction(const Environment& environment) { environment.points.outbound.emplace_back(look); }

}  // namespace features
