#include "features/blocking.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "features/answer.h"

namespace features {
namespace {

using router::AccountView;
using router::Passage;
using router::Responder;
using router::SessionView;
using router::Verdict;
using xmpp::Condition;
using xmpp::StanzaError;

constexpr std::string_view kNs = "urn:xmpp:blocking";
constexpr std::string_view kErrorsNs = "urn:xmpp:blocking:errors";

class Blocklist final : public router::FeatureState {
 public:
  explicit Blocklist(const std::vector<std::string>& rows) : entries_(rows.begin(), rows.end()) {}

  const std::set<std::string, std::less<>>& entries() const { return entries_; }
  bool has(const xmpp::Jid& jid) const { return entries_.contains(jid.str()); }
  bool insert(const xmpp::Jid& jid) { return entries_.emplace(jid.str()).second; }
  bool erase(const xmpp::Jid& jid) { return entries_.erase(std::string(jid.str())) != 0; }

  /// Section 5: the full address, the bare one, domain with resource, domain.
  bool covers(const xmpp::Jid& jid) const {
    if (entries_.empty()) return false;
    if (entries_.contains(jid.str()) || entries_.contains(jid.bare_str()) || entries_.contains(jid.domain()))
      return true;
    if (jid.local().empty() || jid.resource().empty()) return false;
    return entries_.contains(std::string(jid.domain()) + '/' + std::string(jid.resource()));
  }

 private:
  std::set<std::string, std::less<>> entries_;
};

/// Set on sessions that have asked for the list and are told of changes (section 3.3).
struct Asked final : router::FeatureState {};

/// The addresses of the items. Nothing is done by halves: one that can't be read refuses the request.
base::Result<std::vector<xmpp::Jid>, StanzaError> items_of(const xml::Element& command) {
  std::vector<xmpp::Jid> jids;
  for (const xml::Element& item : children(command)) {
    if (!item.is(kNs, "item")) continue;
    auto jid = xmpp::Jid::parse(item.attr("jid"));
    if (!jid) return std::unexpected(StanzaError(Condition::jid_malformed, jid.error().why));
    jids.push_back(*std::move(jid));
  }
  return jids;
}

class Blocking {
 public:
  explicit Blocking(const Environment& environment)
      : environment_(environment),
        list_slot_(environment.points.account_slot(load)),
        asked_slot_(environment.points.session_slot()) {}

  void list(Responder answer) const {
    AccountView* account = own_account(answer);
    if (account == nullptr) return answer.error(Condition::forbidden);
    if (SessionView* session = account->session(answer.request().from()))
      session->slot(asked_slot_) = std::make_unique<Asked>();
    xml::Document list(kNs, "blocklist");
    for (const std::string& jid : list_of(*account).entries()) list.root().add("item").set_attr("jid", jid);
    answer.result(list);
  }

  void block(Responder answer) const {
    AccountView* account = own_account(answer);
    if (account == nullptr) return answer.error(Condition::forbidden);
    auto jids = items_of(answer.payload());
    if (!jids) return answer.error(jids.error());
    if (jids->empty()) return answer.error({Condition::bad_request, "nobody to block"});
    auto unit = base::make_ref<store::Unit>();
    const std::string owner(account->jid().str());
    for (const xmpp::Jid& jid : *jids)
      if (!list_of(*account).has(jid)) unit->add(store::BlockPut{owner, std::string(jid.str())});
    const std::size_t most = environment_.router.settings().limits().blocked_addresses;
    if (list_of(*account).entries().size() + unit->rows().size() > most)
      return answer.error({Condition::resource_constraint, xmpp::ErrorType::cancel, "the block list is full"});
    carry_out(std::move(answer), std::move(unit), *std::move(jids), &Blocking::hide);
  }

  void unblock(Responder answer) const {
    AccountView* account = own_account(answer);
    if (account == nullptr) return answer.error(Condition::forbidden);
    auto jids = items_of(answer.payload());
    if (!jids) return answer.error(jids.error());
    if (jids->empty()) {  // everybody (section 3.5)
      for (const std::string& jid : list_of(*account).entries()) jids->push_back(xmpp::Jid::from_prepared(jid));
    }
    auto unit = base::make_ref<store::Unit>();
    for (const xmpp::Jid& jid : *jids)
      unit->add(store::BlockDelete{std::string(account->jid().str()), std::string(jid.str())});
    carry_out(std::move(answer), std::move(unit), *std::move(jids), &Blocking::show);
  }

  Verdict inbound(Passage& passage) const {
    const router::Packet& packet = *passage.packet;
    if (!is_blocked(passage.account, packet.from())) return Verdict::pass();
    // Section 3.3: presence, iq results and errors end in silence; the rest looks as if nobody were here.
    const xmpp::Stanza& stanza = packet.stanza();
    // What this server says of our own stanza, in the name of whom it was for (section 3.3, example 9).
    if (packet.origin() == router::Origin::server && stanza.type() == xmpp::Type::error) return Verdict::pass();
    if (stanza.kind() == xmpp::Kind::presence || !xmpp::may_answer_with_error(stanza)) return Verdict::done();
    return StanzaError(Condition::service_unavailable);
  }

  Verdict outbound(Passage& passage) const {
    if (!is_blocked(passage.account, passage.packet->to())) return Verdict::pass();
    StanzaError error(Condition::not_acceptable, xmpp::ErrorType::cancel);
    error.app_ns = kErrorsNs;
    error.app_name = "blocked";
    return error;
  }

  /// Never between an account's own sessions (section 4), nor where there is no address.
  bool is_blocked(AccountView& account, const xmpp::Jid& other) const {
    return other && list_of(account).covers(other) && !xmpp::same_bare(account.jid(), other);
  }

 private:
  using Effect = void (Blocking::*)(AccountView&, const xmpp::Jid&) const;

  static base::Result<std::unique_ptr<router::FeatureState>> load(store::Reader& reader, const xmpp::Jid& account) {
    auto rows = reader.blocklist(account.str());
    if (!rows) return std::unexpected(std::move(rows.error()));
    return rows->empty() ? nullptr : std::make_unique<Blocklist>(*rows);
  }

  const Blocklist& list_of(AccountView& account) const {
    static const Blocklist kNobody({});
    const auto& list = account.slot(list_slot_);
    return list != nullptr ? static_cast<const Blocklist&>(*list) : kNobody;
  }

  Blocklist& list_to_change(AccountView& account) const {
    auto& list = account.slot(list_slot_);
    if (list == nullptr) list = std::make_unique<Blocklist>(std::vector<std::string>());
    return static_cast<Blocklist&>(*list);
  }

  AccountView* own_account(const Responder& answer) const {
    return is_own(answer.request()) ? environment_.accounts.account(answer.request().to().bare()) : nullptr;
  }

  /// Once the rows are kept: the effect for each address, pushes to the sessions that asked, the answer.
  void carry_out(Responder answer, store::UnitRef unit, std::vector<xmpp::Jid> jids, Effect effect) const {
    auto push = std::make_unique<xml::Document>(xml::Document::copy_of(answer.payload()));
    auto done = [this, owner = answer.request().to().bare(), push = std::move(push), jids = std::move(jids), effect] {
      AccountView* account = environment_.accounts.account(owner);
      if (account == nullptr) return;  // gone meanwhile; whoever loads it finds the rows
      for (const xmpp::Jid& jid : jids) (this->*effect)(*account, jid);
      tell_sessions(*account, push->root());
    };
    answer_when_stored(environment_, std::move(unit), std::move(answer), std::move(done));
  }

  /// Section 3.3: unavailable presence first, while it is still let through.
  void hide(AccountView& account, const xmpp::Jid& jid) const {
    if (list_of(account).has(jid)) return;
    if (sees_presence(account, jid)) account.send_presence_to(jid, false);
    list_to_change(account).insert(jid);
  }

  void show(AccountView& account, const xmpp::Jid& jid) const {
    if (list_to_change(account).erase(jid) && sees_presence(account, jid) && !is_blocked(account, jid))
      account.send_presence_to(jid, true);
  }

  static bool sees_presence(const AccountView& account, const xmpp::Jid& jid) {
    const auto subscription = account.subscription(jid);
    return jid.is_domain() || subscription == router::SubscriptionState::from ||
           subscription == router::SubscriptionState::both;
  }

  void tell_sessions(AccountView& account, const xml::Element& command) const {
    for (SessionView* session : account.sessions()) {
      if (!session->slot(asked_slot_)) continue;
      xml::Document push = xmpp::make_iq(xmpp::Type::set, environment_.random.token());
      push.root().add_copy(command);
      session->send({.stanza = xmpp::share(std::move(push)), .from = account.jid(), .to = session->jid()});
    }
  }

  Environment environment_;
  router::AccountSlot list_slot_;
  router::SessionSlot asked_slot_;
};

}  // namespace

void add_blocking(const Environment& environment) {
  const auto blocking = std::make_shared<const Blocking>(environment);  // shared by its handlers and steps
  router::Registry& registry = environment.registry;
  registry.xep({191, "1.3", "Blocking Command"});
  registry.feature(router::Target::server | router::Target::account, kNs);
  const auto handle = [&](xmpp::Type type, std::string_view name, void (Blocking::*handler)(Responder) const) {
    registry.iq(type, router::Target::account, kNs, name,
                [blocking, handler](Responder answer) { ((*blocking).*handler)(std::move(answer)); });
  };
  handle(xmpp::Type::get, "blocklist", &Blocking::list);
  handle(xmpp::Type::set, "block", &Blocking::block);
  handle(xmpp::Type::set, "unblock", &Blocking::unblock);
  router::DeliveryPoints& points = environment.points;
  points.inbound.emplace_back([blocking](Passage& passage) { return blocking->inbound(passage); });
  points.outbound.emplace_back([blocking](Passage& passage) { return blocking->outbound(passage); });
  points.hides_from.emplace_back(
      [blocking](AccountView& account, const xmpp::Jid& contact) { return blocking->is_blocked(account, contact); });
}

}  // namespace features
