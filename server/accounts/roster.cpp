#include "accounts/roster.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "xmpp/ns.h"

namespace accounts {
namespace {

using xmpp::Condition;
using xmpp::StanzaError;

// Section 2.3.3 leaves the limits to us; an address part has the same one.
constexpr std::size_t kMaxNameBytes = 1023;
constexpr std::size_t kMaxGroups = 100;
// A request waits for as long as its receiver likes: a stranger doesn't get more than a greeting kept.
constexpr std::size_t kMaxRequestBytes = 4096;
constexpr std::string_view kBareRequest = "<presence xmlns='jabber:client' type='subscribe'/>";

const xml::Element* only_item(const xml::Element& query) {
  const xml::Element* item = query.first_child();
  if (item == nullptr || !item->is(xmpp::ns::roster, "item") || query.next_child(*item) != nullptr) return nullptr;
  return item;
}

base::Result<std::vector<std::string>, StanzaError> parse_groups(const xml::Element& item) {
  std::vector<std::string> groups;
  for (const xml::Element& child : children(item)) {
    if (!child.is(xmpp::ns::roster, "group")) continue;
    std::string group = child.text();
    if (group.empty() || group.size() > kMaxNameBytes || groups.size() == kMaxGroups)
      return std::unexpected(StanzaError(Condition::not_acceptable, "a group's name is empty or too long"));
    if (std::ranges::find(groups, group) != groups.end())
      return std::unexpected(StanzaError(Condition::bad_request, "a group is named twice"));
    groups.push_back(std::move(group));
  }
  return groups;
}

std::string_view subscription_name(const Subscription& s) {
  if (s.to) return s.from ? "both" : "to";
  return s.from ? "from" : "none";
}

void write_item(xml::Element& query, const xmpp::Jid& contact, const Roster::Item& item) {
  xml::Element& out = query.add("item");
  out.set_attr("jid", contact.str());
  if (!item.name.empty()) out.set_attr("name", item.name);
  out.set_attr("subscription", subscription_name(item.subscription));
  if (item.subscription.ask) out.set_attr("ask", "subscribe");
  if (item.subscription.approved) out.set_attr("approved", "true");
  for (const std::string& group : item.groups) out.add_text_child("group", group);
}

xml::Document make_query(std::int64_t version) {
  xml::Document query(xmpp::ns::roster, "query");
  query.root().set_attr("ver", std::to_string(version));
  return query;
}

Subscription from_row(const store::RosterItem& row) {
  using store::Subscription::both;
  return {.to = row.subscription == store::Subscription::to || row.subscription == both,
          .from = row.subscription == store::Subscription::from || row.subscription == both,
          .ask = row.ask,
          .approved = row.approved};
}

store::RosterItem to_row(const xmpp::Jid& contact, const Roster::Item& item) {
  const Subscription& s = item.subscription;
  store::Subscription subscription = s.from ? store::Subscription::from : store::Subscription::none;
  if (s.to) subscription = s.from ? store::Subscription::both : store::Subscription::to;
  return {.jid = std::string(contact.str()),
          .name = item.name,
          .subscription = subscription,
          .ask = s.ask,
          .approved = s.approved,
          .groups = item.groups};
}

/// Who only asked stays out of the roster (section 3.1.3), and so does whom we told no before there was an item.
bool belongs_in_roster(const Subscription& s) { return s.to || s.from || s.ask || s.approved; }

std::vector<xmpp::Type> cancelling(const Subscription& s) {
  std::vector<xmpp::Type> types;
  if (s.to || s.ask) types.push_back(xmpp::Type::unsubscribe);
  if (s.from || s.request) types.push_back(xmpp::Type::unsubscribed);
  return types;
}

}  // namespace

base::Result<RosterSet, StanzaError> parse_roster_set(const xml::Element& query) {
  const xml::Element* item = only_item(query);
  if (item == nullptr) return std::unexpected(StanzaError(Condition::bad_request, "a roster set has exactly one item"));
  auto contact = xmpp::Jid::parse(item->attr("jid"));
  if (!contact) return std::unexpected(StanzaError(Condition::bad_request, "jid: " + contact.error().why));
  RosterSet wanted{.contact = *std::move(contact), .remove = item->attr("subscription") == "remove"};
  if (wanted.remove) return wanted;
  wanted.name = item->attr("name");
  if (wanted.name.size() > kMaxNameBytes)
    return std::unexpected(StanzaError(Condition::not_acceptable, "the name is too long"));
  auto groups = parse_groups(*item);
  if (!groups) return std::unexpected(std::move(groups.error()));
  wanted.groups = *std::move(groups);
  return wanted;
}

Roster::Roster(xmpp::Jid owner, const store::Roster& rows) : owner_(std::move(owner)), version_(rows.version) {
  for (const store::RosterItem& row : rows.items)
    items_.emplace(xmpp::Jid::from_prepared(row.jid), Item{row.name, row.groups, from_row(row)});
  for (const store::SubscriptionRequest& row : rows.requests)
    requests_.get().emplace(xmpp::Jid::from_prepared(row.jid), row.stanza);
}

const Roster::Item* Roster::find(const xmpp::Jid& contact) const {
  const auto found = items_.find(contact);
  return found == items_.end() ? nullptr : &found->second;
}

Subscription Roster::subscription(const xmpp::Jid& contact) const {
  const xmpp::Jid bare = contact.bare();
  const Item* item = find(bare);
  Subscription found = item == nullptr ? Subscription{} : item->subscription;
  found.request = requests_->contains(bare);
  return found;
}

xml::Document Roster::get(const xml::Element& query) const {
  // Versions are ours to compare and the client's to repeat: equal text or the whole list.
  if (query.find_attr("ver") == std::to_string(version_)) return {};
  xml::Document result = make_query(version_);
  for (const auto& [contact, item] : items_) write_item(result.root(), contact, item);
  return result;
}

base::Result<RosterChange, StanzaError> Roster::set(const RosterSet& wanted, std::size_t most, base::WallTime now) {
  if (items_.size() >= most && !items_.contains(wanted.contact))
    return std::unexpected(StanzaError(Condition::resource_constraint, xmpp::ErrorType::cancel, "the roster is full"));
  Item& item = items_[wanted.contact];
  item.name = wanted.name;
  item.groups = wanted.groups;
  RosterChange change;
  change.rows.emplace_back(store::RosterPut{std::string(owner_.str()), to_row(wanted.contact, item)});
  number(change, now);
  change.push = push_of(wanted.contact);
  return change;
}

base::Result<RosterChange, StanzaError> Roster::remove(const xmpp::Jid& contact, base::WallTime now) {
  const auto item = items_.find(contact);
  if (item == items_.end()) return std::unexpected(StanzaError(Condition::item_not_found));
  RosterChange change;
  // An item may carry a resource; subscriptions belong to the bare address.
  Subscription gone = item->second.subscription;
  gone.request = requests_->contains(contact);
  change.cancel = cancelling(gone);
  items_.erase(item);
  change.rows.emplace_back(store::RosterDelete{std::string(owner_.str()), std::string(contact.str())});
  keep_request(change, contact, false, {});
  number(change, now);
  change.push = push_of(contact);
  return change;
}

RosterChange Roster::update(const xmpp::Jid& contact, const Subscription& after, std::string request,
                            base::WallTime now) {
  const xmpp::Jid bare = contact.bare();
  RosterChange change;
  const bool visible = differs_in_roster(subscription(bare), after);
  keep_request(change, bare, after.request, std::move(request));
  if (!visible || (!items_.contains(bare) && !belongs_in_roster(after))) return change;
  Item& item = items_[bare];
  item.subscription = after;
  item.subscription.request = false;
  change.rows.emplace_back(store::RosterPut{std::string(owner_.str()), to_row(bare, item)});
  number(change, now);
  change.push = push_of(bare);
  return change;
}

// The version moves on: clients may know the one that was lost. It need not be kept, since an older one that is loaded
// later is neither of the two.
std::vector<xml::Document> Roster::restore(const store::Roster& rows, base::WallTime now) {
  Roster kept(owner_, rows);
  kept.version_ = std::max<std::int64_t>(version_ + 1, now.time_since_epoch().count());
  std::set<xmpp::Jid> different;
  for (const auto& [contact, item] : items_)
    if (const Item* other = kept.find(contact); other == nullptr || *other != item) different.insert(contact);
  for (const auto& [contact, item] : kept.items_)
    if (find(contact) == nullptr) different.insert(contact);
  *this = std::move(kept);
  std::vector<xml::Document> pushes;
  pushes.reserve(different.size());
  for (const xmpp::Jid& contact : different) pushes.push_back(push_of(contact));
  return pushes;
}

bool Roster::overfills(const xmpp::Jid& contact, const Subscription& after, std::size_t most) const {
  const xmpp::Jid bare = contact.bare();
  if (after.request && !requests_->contains(bare) && requests_->size() >= most) return true;
  return belongs_in_roster(after) && !items_.contains(bare) && items_.size() >= most;
}

/// The time is in the version so that an account made anew under an old name never repeats one a client remembers.
void Roster::number(RosterChange& change, base::WallTime now) {
  version_ = std::max<std::int64_t>(version_ + 1, now.time_since_epoch().count());
  change.rows.emplace_back(store::RosterVersionPut{std::string(owner_.str()), version_});
}

void Roster::keep_request(RosterChange& change, const xmpp::Jid& contact, bool pending, std::string stanza) {
  std::string owner(owner_.str());
  std::string jid(contact.str());
  if (!pending) {
    if (!requests_->contains(contact)) return;
    requests_.get().erase(contact);
    if (requests_->empty()) requests_.reset();
    change.rows.emplace_back(store::SubscriptionRequestDelete{std::move(owner), std::move(jid)});
    return;
  }
  if (stanza.empty() || stanza.size() > kMaxRequestBytes) stanza = kBareRequest;
  const auto [kept, is_new] = requests_.get().emplace(contact, std::move(stanza));
  if (is_new) change.rows.emplace_back(store::SubscriptionRequestPut{std::move(owner), {std::move(jid), kept->second}});
}

xml::Document Roster::push_of(const xmpp::Jid& contact) const {
  xml::Document push = make_query(version_);
  if (const Item* item = find(contact)) {
    write_item(push.root(), contact, *item);
  } else {
    push.root().add("item").set_attr("jid", contact.str()).set_attr("subscription", "remove");
  }
  return push;
}

}  // namespace accounts
