#include "features/archive.h"

#include <memory>
#include <utility>

#include "features/archive_expiry.h"
#include "features/archive_state.h"
#include "store/unit.h"
#include "xmpp/archive_id.h"
#include "xmpp/message.h"
#include "xmpp/ns.h"
#include "xmpp/stanza_id.h"
#include "xmpp/stored.h"
#include "xmpp/timestamp.h"

namespace features {
namespace archive {
namespace {

constexpr router::Xep kMam{313, "1.1.3", "Message Archive Management"};
constexpr router::Xep kPrefs{441, "0.2.0", "Message Archive Management Preferences"};
constexpr router::Xep kStanzaIds{359, "0.7.0", "Unique and Stable Stanza IDs"};
constexpr router::Xep kForward{297, "1.0", "Stanza Forwarding"};

constexpr std::string_view kGroupchatField = "urn:xmpp:mam:2#groupchat-field";

bool archives(const router::HostSettings& host) { return host.archive; }

base::Result<std::unique_ptr<router::FeatureState>> load(store::Reader& reader, const xmpp::Jid& account) {
  auto state = std::make_unique<State>();
  auto span = reader.archive_span(account.str());
  if (!span) return std::unexpected(span.error().in("loading the archive's ends"));
  state->span = *span;
  if (*span) state->last_id = (*span)->last.id;
  auto prefs = reader.archive_prefs(account.str());
  if (!prefs) return std::unexpected(prefs.error().in("loading archive preferences"));
  if (*prefs) state->prefs.get() = std::move(**prefs);
  return state;
}

/// XEP-0313 6.1.1 wants what has a body; invitations and calls are as much part of a conversation; XEP-0334 4 adds what
/// the sender asks for.
bool is_worth_keeping(const router::Passage& passage) {
  const xmpp::Stanza& stanza = passage.packet->stanza();
  if (stanza.type() != xmpp::Type::normal && stanza.type() != xmpp::Type::chat) return false;
  const xmpp::Hints hints = xmpp::hints_of(stanza);
  if (!passage.may_store || hints.no_store || hints.no_permanent_store) return false;
  return xmpp::has_body(stanza) || xmpp::is_invitation(stanza) || xmpp::is_about_call(stanza) || hints.store;
}

/// Adds the row and stamps its id on what this account's own sessions get (XEP-0313 3.4).
void keep(const Archive& archive, router::Passage& passage, const xmpp::Jid& peer, store::Direction direction) {
  const router::Packet& packet = *passage.packet;
  State& state = archive.state(passage.account);
  const base::WallTime now = archive.environment.router.loop().wall();
  const std::int64_t id = xmpp::next_archive_id(state.last_id, now, archive.environment.random);
  state.last_id = id;
  const store::ArchiveEnd end{.id = id, .time = now};
  if (!state.span) state.span = store::ArchiveSpan{.first = end, .last = end};
  state.span->last = end;
  store::unit_of(*passage.rows)
      .add(
          store::ArchivePut{{.owner = std::string(passage.account.jid().str()),
                             .id = id,
                             .with = std::string(peer.str()),
                             .direction = direction,
                             .time = now,
                             .stanza = xmpp::to_stored(packet.stanza(), packet.from(), packet.to(), passage.overlay)}});
  passage.overlay.added.push_back(xmpp::make_stanza_id(xmpp::format_archive_id(id), passage.account.jid()));
  passage.archived = true;
}

void pass_by(const Archive& archive, router::Passage& passage, const xmpp::Jid& peer, store::Direction direction) {
  // XEP-0359 3, rule 2: even where no id is added.
  const auto forged = xmpp::forged_stanza_ids(passage.packet->stanza(), passage.account.jid());
  passage.overlay.stripped.insert(passage.overlay.stripped.end(), forged.begin(), forged.end());
  if (!passage.account.host().archive || !is_worth_keeping(passage)) return;
  if (wants(*archive.state(passage.account).prefs, passage.account, peer)) keep(archive, passage, peer, direction);
}

router::Verdict sent(const Archive& archive, router::Passage& passage) {
  if (passage.packet->stanza().kind() != xmpp::Kind::message) return router::Verdict::pass();
  // What one writes to oneself comes by again inbound and is kept once (XEP-0313 6.1.1).
  if (!xmpp::same_bare(passage.packet->to(), passage.account.jid())) {
    pass_by(archive, passage, passage.packet->to(), store::Direction::out);
  }
  return router::Verdict::pass();
}

router::Verdict received(const Archive& archive, router::Passage& passage) {
  if (passage.packet->stanza().kind() != xmpp::Kind::message) return router::Verdict::pass();
  pass_by(archive, passage, passage.packet->from(), store::Direction::in);
  return router::Verdict::pass();
}

void add_end(xml::Element& metadata, std::string_view name, const store::ArchiveEnd& end) {
  metadata.add(name)
      .set_attr("id", xmpp::format_archive_id(end.id))
      .set_attr("timestamp", xmpp::format_timestamp(end.time));
}

}  // namespace

router::AccountView* Archive::admit(router::Responder& responder) const {
  const router::Packet& request = responder.request();
  router::AccountView* account = environment.accounts.account(request.to().bare());
  if (account == nullptr || !account->host().archive) {
    responder.error(xmpp::StanzaError(xmpp::Condition::service_unavailable));
    return nullptr;
  }
  if (xmpp::same_bare(request.from(), request.to())) return account;
  responder.error(xmpp::StanzaError(xmpp::Condition::forbidden));
  return nullptr;
}

void add_metadata(xml::Element& parent, const State& state) {
  xml::Element& metadata = parent.add("metadata", kNamespace);
  if (!state.span) return;
  add_end(metadata, "start", state.span->first);
  add_end(metadata, "end", state.span->last);
}

}  // namespace archive

void add_archive(const Environment& environment) {
  using archive::Archive;
  router::Registry& registry = environment.registry;
  router::DeliveryPoints& points = environment.points;
  const Archive shared{
      .environment = environment, .slot = points.account_slot(archive::load), .pace = points.session_slot()};
  for (const router::Xep& xep : {archive::kMam, archive::kPrefs, archive::kStanzaIds, archive::kForward}) {
    registry.xep(xep);
  }
  for (const std::string_view var :
       {archive::kNamespace, xmpp::ns::mam_extended, archive::kGroupchatField, xmpp::ns::sid}) {
    registry.feature(router::Target::account, var, archive::archives);
  }
  points.outbound.emplace_back([shared](router::Passage& passage) { return archive::sent(shared, passage); });
  const auto expiry = std::make_shared<archive::Expiry>(shared);  // shared because steps can be copied
  // Posted, because the loop may not run yet.
  environment.router.loop().post([expiry] { expiry->start(); });
  points.inbound.emplace_back(
      [shared, expiry](router::Passage& passage) { return archive::received(shared, passage); });
  points.session_bound.emplace_back(
      [shared](router::AccountView& account, router::SessionView&, const xml::Element*, xml::Element* bound) {
        if (bound != nullptr && account.host().archive) archive::add_metadata(*bound, shared.state(account));
      });
  archive::add_queries(shared);
  archive::add_prefs(shared);
}

}  // namespace features
