#include "muc/invitations.h"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "muc/lost.h"
#include "muc/ns.h"
#include "muc/room.h"
#include "muc/token_invites.h"
#include "xmpp/ns.h"

namespace muc {
namespace {

using xmpp::Condition;

constexpr router::Xep kDirect{249, "1.2", "Direct MUC Invitations"};  // pass as they are; accounts keep them
constexpr std::size_t kMostInvited = 10;                              // by one message
constexpr std::size_t kMostOpen = 200;      // of a room: the newest, whose decline is passed on
constexpr std::size_t kLongestText = 1024;  // of a reason

struct Invitation {
  xmpp::Jid inviter;  ///< full
  xmpp::Jid invitee;  ///< bare
};

/// Only who was invited may decline: else a room would carry anybody's words to anybody.
struct Open final : State {
  std::deque<Invitation> all;
};

/// Each `<invite/>` of a message, and to whom.
using Invited = std::vector<std::pair<const xml::Element*, xmpp::Jid>>;

/// `<invite/>` or `<decline/>` as the room passes it on.
xmpp::StanzaRef pass_on(const Room& room, const xmpp::Stanza& message, const xml::Element& given,
                        const xmpp::Jid& from) {
  xml::Document out = xmpp::make_message(xmpp::Type::normal, message.id());
  xml::Element& x = out.root().add("x", ns::user);
  xml::Element& element = x.add(given.name()).set_attr("from", from.str());
  const std::string reason = given.child_text(ns::user, "reason");
  if (!reason.empty()) element.add_text_child("reason", reason);
  if (given.name() == "invite") {
    if (const xml::Element* chat = given.child(ns::user, "continue")) {  // 7.9
      xml::Element& copy = element.add("continue");
      if (!chat->attr("thread").empty()) copy.set_attr("thread", chat->attr("thread"));
    }
    for (const auto& add : room.environment().points.invitation) add(room, x);
  }
  return xmpp::share(std::move(out));
}

/// One to be invited, or why not.
base::Result<xmpp::Jid, xmpp::StanzaError> judge(const Room& room, const xml::Element& invite) {
  auto to = xmpp::Jid::parse(invite.attr("to"));
  if (!to) return std::unexpected(xmpp::StanzaError(Condition::jid_malformed));
  if (invite.child_text(ns::user, "reason").size() > kLongestText)
    return std::unexpected(xmpp::StanzaError(Condition::policy_violation, "the reason is too long"));
  if (room.affiliation(*to) == Affiliation::outcast) return std::unexpected(xmpp::StanzaError(Condition::not_allowed));
  return *std::move(to);
}

class Invitations {
 public:
  Invitations(Field<bool> members_may, RoomSlot slot) : members_may_(members_may), slot_(slot) {}

  Refusal invite(Room& room, const router::PacketRef& packet, const xml::Element& x) const {
    const Occupant* inviter = room.occupant_of(packet->from());
    if (inviter == nullptr) return xmpp::StanzaError(Condition::not_acceptable);
    if (!may_invite(room, *inviter)) return xmpp::StanzaError(Condition::forbidden);
    Invited all;
    for (const xml::Element& one : xml::children(x)) {
      if (!one.is(ns::user, "invite")) continue;
      if (all.size() == kMostInvited) return xmpp::StanzaError(Condition::policy_violation, "too many at once");
      auto to = judge(room, one);
      if (!to) return to.error();
      all.emplace_back(&one, *std::move(to));
    }
    const std::vector<xmpp::Jid> fresh = new_members(room, all);
    if (!fresh.empty() && room.places().size() + fresh.size() > room.service().limits.room_affiliations)
      return xmpp::StanzaError(Condition::resource_constraint);
    if (fresh.empty()) {
      send(room, packet, all);
      return std::nullopt;
    }
    const std::string actor = inviter->nick;
    room.change(
        [&] {
          for (const xmpp::Jid& who : fresh) {
            const Lasting* before = room.lasting(who);
            std::string nick = before == nullptr ? std::string() : before->nick;
            room.place(who, {.affiliation = Affiliation::member, .nick = std::move(nick), .reason = {}},
                       {.actor = actor});
          }
          room.then([self = *this, &room, packet, all = std::move(all)] { self.send(room, packet, all); });
        },
        [router = &room.environment().router, packet](const base::Result<void>& done) {
          if (!done) router->bounce(*packet, {Condition::internal_server_error, xmpp::ErrorType::wait});
        });
    return std::nullopt;
  }

  /// 9.5; without a message that asks for it.
  void invite(Room& room, const xmpp::Jid& inviter, const xmpp::Jid& to, const std::string& reason) const {
    remember(room, {inviter, to});
    xml::Document out = xmpp::make_message(xmpp::Type::normal);
    xml::Element& x = out.root().add("x", ns::user);
    xml::Element& element = x.add("invite").set_attr("from", inviter.bare_str());
    if (!reason.empty()) element.add_text_child("reason", reason);
    for (const auto& add : room.environment().points.invitation) add(room, x);
    room.environment().router.post(base::make_ref<const router::Packet>(xmpp::share(std::move(out)), room.address(), to,
                                                                        router::Origin::component));
  }

  /// 7.8.2: whoever was invited isn't there. Answers the message that asked for it, which has its id.
  void bounced(Room& room, const router::Packet& error) const {
    if (!error.to().is_bare() || error.stanza().id().empty() || !tells_of_lost_session(error.stanza())) return;
    auto& open = open_of(room);
    const auto found =
        std::ranges::find_if(open, [&](const Invitation& one) { return xmpp::same_bare(one.invitee, error.from()); });
    if (found == open.end()) return;
    const xmpp::Jid inviter = found->inviter;
    open.erase(found);
    if (room.occupant_of(inviter) == nullptr) return;
    xml::Document out = xmpp::make_message(xmpp::Type::error, error.stanza().id());
    out.root().add("error").set_attr("type", "cancel").add("item-not-found", xmpp::ns::stanza_errors);
    room.send(xmpp::share(std::move(out)), room.address(), inviter);
  }

  Refusal decline(Room& room, const router::PacketRef& packet, const xml::Element& given) const {
    auto& open = open_of(room);
    const auto to = xmpp::Jid::parse(given.attr("to"));
    if (!to) return xmpp::StanzaError(Condition::jid_malformed);
    if (given.child_text(ns::user, "reason").size() > kLongestText)
      return xmpp::StanzaError(Condition::policy_violation, "the reason is too long");
    const auto found = std::ranges::find_if(open, [&](const Invitation& one) {
      return xmpp::same_bare(one.invitee, packet->from()) && xmpp::same_bare(one.inviter, *to);
    });
    if (found == open.end()) return xmpp::StanzaError(Condition::item_not_found, "nobody has invited you");
    const xmpp::Jid inviter = found->inviter;
    open.erase(found);
    room.environment().router.post(base::make_ref<const router::Packet>(
        pass_on(room, packet->stanza(), given, packet->from().bare()), room.address(),
        room.occupant_of(inviter) != nullptr ? inviter : inviter.bare(), router::Origin::component, packet->ticket()));
    return std::nullopt;
  }

 private:
  /// 7.8.2: where only members enter, an invitation makes one.
  bool may_invite(const Room& room, const Occupant& inviter) const {
    if (inviter.affiliation >= Affiliation::admin) return true;
    if (room.is_admitted(Affiliation::none)) return inviter.role >= Role::participant;
    return inviter.affiliation == Affiliation::member && room.get(members_may_);
  }

  static std::vector<xmpp::Jid> new_members(const Room& room, const Invited& all) {
    std::vector<xmpp::Jid> fresh;
    for (const auto& [one, to] : all)
      if (!to.local().empty() && !room.is_admitted(room.affiliation(to))) fresh.push_back(to.bare());
    return fresh;
  }

  void send(Room& room, const router::PacketRef& packet, const Invited& all) const {
    for (const auto& [one, to] : all) {
      remember(room, {packet->from(), to.bare()});
      // One that goes to a single shard keeps its sender waiting until it is safe.
      auto ticket = all.size() == 1 ? packet->ticket() : base::Ref<base::Held>();
      room.environment().router.post(
          base::make_ref<const router::Packet>(pass_on(room, packet->stanza(), *one, packet->from().bare()),
                                               room.address(), to, router::Origin::component, std::move(ticket)));
    }
  }

  std::deque<Invitation>& open_of(Room& room) const {
    auto& state = room.slot(slot_);
    if (state == nullptr) state = std::make_unique<Open>();
    return static_cast<Open&>(*state).all;
  }

  void remember(Room& room, Invitation invitation) const {
    auto& open = open_of(room);
    std::erase_if(open, [&](const Invitation& one) {
      return one.invitee == invitation.invitee && xmpp::same_bare(one.inviter, invitation.inviter);
    });
    if (open.size() == kMostOpen) open.pop_front();
    open.push_back(std::move(invitation));
  }

  Field<bool> members_may_;
  RoomSlot slot_;
};

}  // namespace

void add_invitations(const Environment& environment) {
  Points& points = environment.points;
  const auto members_may = points.fields.add<bool>(
      {.var = "muc#roomconfig_allowinvites", .label = "Whether to Allow Members to Invite Others"});
  environment.registry.xep(kDirect);
  add_token_invites(environment, members_may);
  const Invitations invitations(members_may, points.room_slot());
  points.invite = [invitations](Room& room, const xmpp::Jid& inviter, const xmpp::Jid& who, const std::string& reason) {
    invitations.invite(room, inviter, who, reason);
  };
  points.bounced.emplace_back(
      [invitations](Room& room, const router::Packet& error) { invitations.bounced(room, error); });
  points.request.emplace_back([invitations](Room& room, const router::PacketRef& packet) {
    const xml::Element* x = packet->stanza().child(ns::user, "x");
    if (x == nullptr) return false;
    const xml::Element* decline = x->child(ns::user, "decline");
    if (decline == nullptr && x->child(ns::user, "invite") == nullptr) return false;
    const Refusal refusal =
        decline != nullptr ? invitations.decline(room, packet, *decline) : invitations.invite(room, packet, *x);
    if (refusal) room.environment().router.bounce(*packet, *refusal);
    return true;
  });
}

}  // namespace muc
