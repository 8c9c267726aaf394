#include "tokensvc/meetings.h"

#include <utility>

#include "base/log.h"
#include "router/command.h"
#include "router/token_service.h"
#include "tokensvc/vcard.h"
#include "xmpp/data_form.h"
#include "xmpp/ns.h"
#include "xmpp/timestamp.h"

namespace tokensvc {

using xmpp::Condition;
using xmpp::ErrorType;

namespace {

constexpr std::string_view kCommand = "urn:exedra:commands:meeting";
constexpr std::size_t kLongestName = 256, kLongestText = 1024;
constexpr std::size_t kMostPeople = 10'000;  // whose pace is known
constexpr std::size_t kMostOpen = 1'000;     // each waits for the disk, the asker no longer than room-meeting-seconds

bool has_meetings(const router::HostSettings& host) { return host.meetings; }

bool may_meet(const router::HostSettings& host, const xmpp::Jid& who) {
  return host.meetings && who.domain() == host.domain.domain() && !who.local().empty();
}

xmpp::StanzaError busy() { return {Condition::resource_constraint, ErrorType::wait, "you have asked already"}; }

/// XEP-0483 5: as an error, with the time at which it may go better.
void refuse(router::Responder& responder, const Refusal& refusal, base::WallTime now) {
  if (refusal.code == Code::forbidden)
    return responder.error({Condition::forbidden, "this server gives no link to that meeting"});
  if (refusal.code != Code::rate_limited)
    return responder.error({Condition::service_unavailable, ErrorType::wait, "no link can be made now"});
  const xmpp::StanzaError error(Condition::resource_constraint, ErrorType::wait, "too many links were asked for");
  xml::Document retry(router::kMeetings, "retry");
  retry.root().set_attr("stamp", xmpp::format_timestamp(now + refusal.retry_after));
  responder.error(error, retry);
}

}  // namespace

/// A link that somebody waits for.
struct Meetings::Asked {
  Asked(Meetings& at, router::Responder who, const MeetingRule& rule, const std::string& name)
      : meetings(at), asker(std::move(who)), caller(rule.caller), link(link_to(rule, name)) {
    ++meetings.open_;
    request.channel = claim_of(name);
    request.tenant = rule.tenant;
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;
  ~Asked() { --meetings.open_; }

  Meetings& meetings;
  router::Responder asker;
  std::string caller, link;
  Request request;
  std::string url = {};           ///< the link with the asker's token
  bool for_guests = false;        ///< the asker may hand out a link that works
  std::string guest_link = link;  ///< what the asker may hand out

  /// XEP-0483 4: the asker's own link, and an invitation to be passed on, which never holds the asker's token.
  void answer() {
    const std::string text = asker.payload().child_text(router::kMeetings, "desc");
    xml::Document document(router::kMeetings, "query");
    xml::Element& initiate = document.root().add("initiate").set_attr("type", router::kJitsi);
    initiate.add_text_child("url", url);
    if (!text.empty()) initiate.add_text_child("desc", text);
    xml::Element& invitation = document.root().add("invite", router::kCallInvites);
    invitation.add("external").set_attr("uri", guest_link);
    xml::Element& meeting = invitation.add("meeting", router::kMeetings).set_attr("type", router::kJitsi);
    if (!text.empty()) meeting.set_attr("desc", text);
    asker.result(document);
  }
};

Meetings::Meetings(router::Router& router, router::Registry& registry, store::Store& store, base::Random& random,
                   Office& office, std::string_view secret)
    : router_(router), store_(store), random_(random), office_(office), names_(secret) {
  for (const std::string_view var : {router::kMeetingInitiation, router::kJitsiMeetings, router::kCommands})
    registry.feature(router::Target::server, var, has_meetings);
  registry.iq(xmpp::Type::get, router::Target::server, router::kMeetings, "query",
              [this](router::Responder responder) { host_asked(std::move(responder)); });
  registry.command({kCommand, "Get a link to a meeting", may_meet,
                    [this](router::Responder responder) { host_commanded(std::move(responder)); }});
}

Meetings::~Meetings() = default;

// ---- a host: its own accounts only (XEP-0483 4) ----

void Meetings::host_asked(router::Responder responder) {
  const router::Packet& request = responder.request();
  const xml::Element& query = responder.payload();
  const xmpp::Jid who = request.from().bare();
  if (office_.settings()->meetings(request.to().domain()) == nullptr)
    return responder.error(Condition::service_unavailable);
  if (request.origin() != router::Origin::session || who.domain() != request.to().domain())
    return responder.error({Condition::forbidden, "meetings are for accounts of this server"});
  if (query.attr("type").empty()) return responder.error(Condition::bad_request);
  if (query.attr("type") != router::kJitsi)
    return responder.error({Condition::service_unavailable, "meetings of this type are not supported"});
  const std::string name(query.attr("id"));
  if (name.size() > kLongestName) return responder.error(Condition::not_acceptable);
  const std::string text = query.child_text(router::kMeetings, "desc");
  if (text.size() > kLongestText) return responder.error({Condition::policy_violation, "the description is too long"});
  if (asking_.contains(who)) return responder.error(busy());
  ask(who, name, text, [asker = std::make_unique<router::Responder>(std::move(responder))](const router::Reply& reply) {
    router::pass_on(reply, std::move(*asker));
  });
}

/// For clients that know commands only (XEP-0050): a meeting without a name.
void Meetings::host_commanded(router::Responder responder) {
  const xmpp::Jid who = responder.request().from().bare();
  if (responder.request().origin() != router::Origin::session) return responder.error(Condition::forbidden);
  if (asking_.contains(who)) return responder.error(busy());
  ask(who, {}, {}, [asker = std::make_unique<router::Responder>(std::move(responder))](const router::Reply& reply) {
    const auto links = router::links_in(reply);
    if (!links) return asker->error(links.error());
    xml::Document form(xmpp::ns::client, "form");
    router::complete(*asker,
                     xmpp::add_form(form.root(), xmpp::FormType::result, {},
                                    {{.var = "url", .values = {links->own}, .label = "Your Link"},
                                     {.var = "guests", .values = {links->others}, .label = "Link for Guests"}}));
  });
}

/// Asks the service, from the account: a host's requests are answered on the asker's shard, where the host is not.
void Meetings::ask(const xmpp::Jid& who, std::string name, const std::string& text,
                   base::Fn<void(const router::Reply&)> done) {
  asking_.insert(who);
  if (name.empty()) name = random_name(random_);
  xml::Document iq = xmpp::make_iq(xmpp::Type::get, "meeting");
  xml::Element& query = iq.root().add("query", router::kMeetings);
  query.set_attr("type", router::kJitsi).set_attr("id", name);
  if (!text.empty()) query.add_text_child("desc", text);
  query.add("for", router::kTokenServiceNs)
      .set_attr("jid", who.str())
      .set_attr("id", who.str())
      .set_attr("moderator", "true");
  router_.request(std::move(iq), who, xmpp::Jid::from_prepared(router::kTokenService),
                  router_.settings().limits().room_meeting,
                  [this, who, done = std::move(done)](const router::Reply& reply) mutable {
                    asking_.erase(who);
                    done(reply);
                  });
}

// ---- the service ----

void Meetings::receive(router::PacketRef packet) {
  const xmpp::Stanza& stanza = packet->stanza();
  if (stanza.kind() == xmpp::Kind::presence || (stanza.kind() == xmpp::Kind::iq && !stanza.is_request())) return;
  const xml::Element* query = stanza.payload();
  // What others write, however well they imitate a room, never comes as the server's own.
  if (packet->origin() != router::Origin::server || stanza.type() != xmpp::Type::get || query == nullptr ||
      !query->is(router::kMeetings, "query") || query->child(router::kTokenServiceNs, "for") == nullptr)
    return router_.bounce(*packet, Condition::service_unavailable);
  serve(router::Responder(router_, std::move(packet)));
}

void Meetings::serve(router::Responder responder) {
  const xmpp::Jid from = responder.request().from();
  const xml::Element& query = responder.payload();
  const xml::Element& whom = *query.child(router::kTokenServiceNs, "for");
  const auto who = xmpp::Jid::parse(whom.attr("jid"));
  if (!who) return responder.error(Condition::bad_request);
  const MeetingRule* rule = office_.settings()->meetings(from.domain());
  if (rule == nullptr) return responder.error(Condition::service_unavailable);
  if (const auto refusal = pace(*who)) return refuse(responder, *refusal, router_.loop().wall());
  if (open_ >= kMostOpen) return responder.error({Condition::resource_constraint, ErrorType::wait});
  const bool of_host = router_.settings().host(from.domain()) != nullptr;
  const auto name =
      of_host ? names_.of_person(*rule, *who, query.attr("id")) : names_.of_room(*rule, from, query.attr("id"));
  if (!name) return responder.error({Condition::not_acceptable, "a meeting can't have this name"});
  const User user{.id = std::string(whom.attr("id")), .name = std::string(whom.attr("nick"))};
  // One meeting for all is nobody's own.
  const bool moderates = whom.attr("moderator") == "true" && !(of_host && rule->mapping == Mapping::fixed);
  auto asked = std::make_unique<Asked>(*this, std::move(responder), *rule, *name);
  asked->request.user = user;
  asked->request.moderator = moderates;
  asked->for_guests = of_host;
  // Where a room hides who its people are, their pictures must not tell.
  if (user.id != who->bare_str()) return issue(std::move(asked));
  meet(std::move(asked), who->bare());
}

std::optional<Refusal> Meetings::pace(const xmpp::Jid& who) {
  if (paces_.size() >= kMostPeople) paces_.clear();  // too early for some; the caller's own rate still holds
  const auto wait = paces_[who.bare()].take(kPerPerson, router_.loop().now());
  if (!wait) return std::nullopt;
  return Refusal{Code::rate_limited, {}, std::chrono::ceil<std::chrono::seconds>(*wait)};
}

/// Learns of an account of this server's what its vCard says, which everybody may read (XEP-0054 3.3).
void Meetings::meet(AskedPtr asked, const xmpp::Jid& who) {
  if (router_.settings().host(who.domain()) == nullptr) return issue(std::move(asked));
  store_.read(
      router_.loop(),
      [owner = std::string(who.str())](store::Reader& reader) -> base::Result<Person> {
        const auto vcard = reader.vcard(owner);
        if (!vcard) return std::unexpected(vcard.error());
        return *vcard ? read_vcard(**vcard) : Person();
      },
      [this, who, asked = std::move(asked)](const base::Result<Person>& person) mutable {
        User& user = asked->request.user;
        if (person) user.avatar = person->avatar;  // without it one can meet all the same
        if (person && user.name.empty()) user.name = person->name;
        if (user.name.empty()) user.name = who.local();
        issue(std::move(asked));
      });
}

void Meetings::issue(AskedPtr asked) {
  const CallerSettings* caller = office_.settings()->caller(asked->caller);
  // Who may be a moderator is for both to say.
  if (caller == nullptr || !caller->caller.may_moderate) asked->request.moderator = false;
  const std::string name = asked->caller;
  const Request request = asked->request;
  office_.issue(
      name, Way::xmpp, request, [this, asked = std::move(asked)](const std::expected<Issued, Refusal>& issued) mutable {
        if (issued) {
          asked->url = with_token(asked->link, issued->token);
          if (asked->for_guests) return invite(std::move(asked));
          return asked->answer();
        }
        if (issued.error().code == Code::forbidden)
          base::log::warning(
              "meeting_forbidden",
              {{"caller", asked->caller}, {"channel", asked->request.channel}, {"why", issued.error().message}});
        refuse(asked->asker, issued.error(), router_.loop().wall());
      });
}

/// XEP-0483 2 wants links that open to whoever has them. Jitsi may ask everybody for a token, so who starts a meeting
/// gets one to give away: for this meeting, for a short time, and never to moderate it.
void Meetings::invite(AskedPtr asked) {
  Request guest = asked->request;
  guest.user = {.id = "guest"};
  guest.moderator = false;
  const std::string name = asked->caller;
  office_.issue(name, Way::xmpp, guest, [asked = std::move(asked)](const std::expected<Issued, Refusal>& issued) {
    if (issued) asked->guest_link = with_token(asked->link, issued->token);
    asked->answer();
  });
}

}  // namespace tokensvc
