#include "muc/token_invites.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "base/secret.h"
#include "muc/ns.h"
#include "muc/room.h"
#include "muc/service.h"

namespace muc {
namespace {

using xmpp::Condition;
using Tokens = std::vector<InviteToken>;

constexpr router::Xep kXep{488, "0.1.0", "MUC Token Invite"};
constexpr std::size_t kBytes = 24;                  // of randomness in a token
constexpr std::size_t kMost = 50, kMostOfOne = 10;  // tokens of a room, and of one who isn't an admin
constexpr std::uint32_t kUsualDelay = 7 * 86'400, kLongestDelay = 365 * 86'400, kMostUses = 10'000;

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number read{};
  const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (why != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return read;
}

/// An attribute of `<request/>`; what isn't given is `usual`, nothing if it is no positive number.
std::optional<std::uint32_t> limit(const xml::Element& request, std::string_view name, std::uint32_t usual,
                                   std::uint32_t most) {
  const auto given = request.find_attr(name);
  if (!given) return usual;
  const auto wanted = number<std::uint32_t>(*given);
  if (!wanted || *wanted == 0) return std::nullopt;
  return std::min(*wanted, most);
}

/// One per shard; copied into the steps.
class Invites {
 public:
  Invites(Field<Texts> kept, Field<bool> members_may) : kept_(kept), members_may_(members_may) {}

  // 3.2, 3.3.
  void make(Room& room, router::Responder responder) const {
    const xmpp::Jid who = responder.request().from().bare();
    if (!may_invite(room, who)) return responder.error(Condition::forbidden);
    const auto delay = limit(responder.payload(), "delay", kUsualDelay, kLongestDelay);
    const auto counter = limit(responder.payload(), "counter", 0, kMostUses);
    if (!delay || !counter) return responder.error(Condition::bad_request);
    Tokens tokens = tokens_of(room);
    const std::int64_t now = seconds(room);
    if (tokens.size() >= kMost) std::erase_if(tokens, [&](const InviteToken& one) { return one.expires <= now; });
    const auto own = std::ranges::count_if(
        tokens, [&](const InviteToken& one) { return one.creator == who.str() && one.expires > now; });
    if (tokens.size() >= kMost ||
        (room.affiliation(who) < Affiliation::admin && own >= static_cast<std::ptrdiff_t>(kMostOfOne)))
      return responder.error({Condition::resource_constraint, "there are too many tokens; revoke some"});
    InviteToken token{room.environment().random.token(kBytes), now + *delay, *counter, std::string(who.str())};
    xml::Document answer(ns::token_invite, "token");
    describe(token, now, answer.root());
    tokens.push_back(std::move(token));
    keep(room, tokens, std::move(responder), std::move(answer));
  }

  // 3.6.
  void list(const Room& room, router::Responder responder) const {
    if (!may_invite(room, responder.request().from())) return responder.error(Condition::forbidden);
    xml::Document answer(ns::token_invite, "tokens");
    const std::int64_t now = seconds(room);
    for (const InviteToken& one : tokens_of(room)) {
      if (one.expires > now && may_revoke(room, responder.request().from(), one))
        describe(one, now, answer.root().add("token"));
    }
    responder.result(answer);
  }

  // 3.7.
  void revoke(Room& room, router::Responder responder) const {
    if (!may_invite(room, responder.request().from())) return responder.error(Condition::forbidden);
    Tokens tokens = tokens_of(room);
    const auto found = find(tokens, responder.payload().text());
    if (found == tokens.end() || !may_revoke(room, responder.request().from(), *found))
      return responder.error(Condition::item_not_found);
    tokens.erase(found);
    keep(room, tokens, std::move(responder), {});
  }

  // 3.5: who is affiliated already needs none, and doesn't use it up.
  Refusal use(Join& join) const {
    Room& room = join.room;
    const std::string given = join.x == nullptr ? std::string() : join.x->child_text(ns::muc, "password");
    if (given.empty() || room.get(kept_).empty()) return std::nullopt;
    Tokens tokens = tokens_of(room);
    const auto found = find(tokens, given);
    // Nor does it outlast the right of whoever made it.
    if (found == tokens.end() || !may_invite(room, xmpp::Jid::from_prepared(found->creator))) return std::nullopt;
    if (found->expires <= seconds(room)) {
      xmpp::StanzaError expired(Condition::not_authorized);
      expired.app_ns = ns::token_invite;
      expired.app_name = "expired-token";
      return expired;
    }
    if (room.places().size() >= room.service().limits.room_affiliations)
      return xmpp::StanzaError(Condition::resource_constraint);
    if (found->counter == 1) {
      found->expires = 0;  // known for a while, so that the next one learns why it is refused
    } else if (found->counter > 1) {
      --found->counter;
    }
    room.change([&] {
      room.place(join.presence.from().bare(), {.affiliation = Affiliation::member, .nick = {}, .reason = {}}, {});
      room.set(kept_, to_texts(tokens));
    });
    join.affiliation = Affiliation::member;
    join.vouched = true;
    return std::nullopt;
  }

 private:
  static std::int64_t seconds(const Room& room) {
    return std::chrono::duration_cast<std::chrono::seconds>(room.environment().router.loop().wall().time_since_epoch())
        .count();
  }

  Tokens tokens_of(const Room& room) const {
    Tokens tokens;
    for (const std::string& text : room.get(kept_))
      if (auto token = InviteToken::parse(text)) tokens.push_back(*std::move(token));
    return tokens;
  }
  static Texts to_texts(const Tokens& tokens) {
    Texts texts;
    for (const InviteToken& token : tokens) texts.push_back(token.to_text());
    return texts;
  }

  /// All are looked at, each in constant time: how long it takes tells nothing.
  static Tokens::iterator find(Tokens& tokens, std::string_view text) {
    auto found = tokens.end();
    for (auto one = tokens.begin(); one != tokens.end(); ++one)
      if (base::equal_secrets(one->text, text)) found = one;
    return found;
  }

  bool may_invite(const Room& room, const xmpp::Jid& who) const {
    const Affiliation affiliation = room.affiliation(who);
    return affiliation >= Affiliation::admin || (affiliation == Affiliation::member && room.get(members_may_));
  }
  /// One's own; moderators all.
  static bool may_revoke(const Room& room, const xmpp::Jid& who, const InviteToken& token) {
    const Occupant* inside = room.occupant_of(who);
    return token.creator == who.bare_str() || room.affiliation(who) >= Affiliation::admin ||
           (inside != nullptr && inside->role == Role::moderator);
  }

  static void describe(const InviteToken& token, std::int64_t now, xml::Element& element) {
    element.set_attr("delay", std::to_string(token.expires - now));
    if (token.counter > 0) element.set_attr("counter", std::to_string(token.counter));
    element.add_text(token.text);
  }

  void keep(Room& room, const Tokens& tokens, router::Responder responder, xml::Document answer) const {
    room.change([&] { room.set(kept_, to_texts(tokens)); },
                [answer = std::make_unique<xml::Document>(std::move(answer)),
                 waiting = std::make_unique<router::Responder>(std::move(responder))](const base::Result<void>& done) {
                  if (done) return waiting->result(*answer);
                  waiting->error({Condition::internal_server_error, xmpp::ErrorType::wait});
                });
  }

  Field<Texts> kept_;
  Field<bool> members_may_;
};

}  // namespace

std::string InviteToken::to_text() const {
  return text + ' ' + std::to_string(expires) + ' ' + std::to_string(counter) + ' ' + creator;
}

std::optional<InviteToken> InviteToken::parse(const std::string& text) {
  std::string_view rest = text;
  const auto next = [&] {
    const auto end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word;
  };
  const std::string_view token = next();
  const auto expires = number<std::int64_t>(next());
  const auto counter = number<std::uint32_t>(next());
  if (token.empty() || !expires || !counter || rest.empty()) return std::nullopt;
  return InviteToken{std::string(token), *expires, *counter, std::string(rest)};
}

void add_token_invites(const Environment& environment, Field<bool> members_may) {
  Points& points = environment.points;
  const auto kept = points.fields.add<Texts>({.var = "exedra#invite_tokens",
                                              .label = "",
                                              .type = xmpp::FieldType::text_multi,
                                              .otherwise = Texts(),
                                              .in_form = false});
  const Invites invites(kept, members_may);
  router::Registry& registry = environment.registry;
  registry.xep(kXep);
  registry.feature(router::Target::room_service | router::Target::room, ns::token_invite);
  points.newcomer.emplace_back([invites](Join& join) { return invites.use(join); });
  const auto on = [&](xmpp::Type type, std::string_view name, auto answer) {
    registry.iq(type, router::Target::room, ns::token_invite, name,
                [&service = environment.service, invites, answer](router::Responder responder) {
                  Room* room = service.room(responder.request().to());
                  if (room == nullptr) return responder.error(Condition::item_not_found);
                  (invites.*answer)(*room, std::move(responder));
                });
  };
  on(xmpp::Type::set, "request", &Invites::make);
  on(xmpp::Type::get, "tokens", &Invites::list);
  on(xmpp::Type::set, "revoke", &Invites::revoke);
}

}  // namespace muc
