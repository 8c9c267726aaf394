// One account's contact list (RFC 6121 section 2) in memory: read, changed and written, with the rows each change
// leaves.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/subscription.h"
#include "base/clock.h"
#include "base/lazy.h"
#include "base/result.h"
#include "store/reader.h"
#include "store/rows.h"
#include "xml/element.h"
#include "xmpp/error.h"
#include "xmpp/jid.h"

namespace accounts {

/// What a client asks for in a roster set.
struct RosterSet {
  xmpp::Jid contact;
  bool remove = false;
  std::string name;
  std::vector<std::string> groups;
};

/// Reads the `<query/>` of a roster set. Errors are those of RFC 6121 2.3.3. What only the server decides
/// (subscription other than remove, ask, approved) is ignored.
base::Result<RosterSet, xmpp::StanzaError> parse_roster_set(const xml::Element& query);

/// What follows from a change. Store the rows in one unit, then send the push to every interested session.
struct RosterChange {
  std::vector<store::Row> rows;
  xml::Document push;  ///< the `<query/>`; empty if clients see no difference
  /// After a removal: what our server sends the contact, in this order (section 2.5.2).
  std::vector<xmpp::Type> cancel = {};
};

/// Belongs to its account, on the account's shard.
class Roster {
 public:
  struct Item {
    std::string name;
    std::vector<std::string> groups;
    Subscription subscription;  ///< `request` is always false here: requests() has those
    bool operator==(const Item&) const = default;
  };
  using Items = std::map<xmpp::Jid, Item>;

  /// Of the account `owner`, empty.
  explicit Roster(xmpp::Jid owner) : owner_(std::move(owner)) {}
  Roster(xmpp::Jid owner, const store::Roster& rows);

  const Items& items() const { return items_; }
  /// Null if `contact`, exactly as written, isn't in the roster.
  const Item* find(const xmpp::Jid& contact) const;
  /// The relation to a contact's bare address, the pending request included.
  Subscription subscription(const xmpp::Jid& contact) const;
  /// Unanswered requests: `<presence type='subscribe'/>` as it came, by the contact's bare address. To be delivered at
  /// each login (section 3.1.3).
  const std::map<xmpp::Jid, std::string>& requests() const { return *requests_; }
  std::int64_t version() const { return version_; }

  /// The result of a roster get: a `<query/>`, or empty if the client's `ver` is the present one (section 2.6.3).
  xml::Document get(const xml::Element& query) const;

  /// Adds or changes an item's name and groups. resource-constraint beyond `most` items.
  base::Result<RosterChange, xmpp::StanzaError> set(const RosterSet& wanted, std::size_t most, base::WallTime now);
  /// Takes an item out, any pending request with it; item-not-found if it isn't there.
  base::Result<RosterChange, xmpp::StanzaError> remove(const xmpp::Jid& contact, base::WallTime now);
  /// Makes a subscription what a transition says. `request` is the stanza to keep where `after.request` is new.
  RosterChange update(const xmpp::Jid& contact, const Subscription& after, std::string request, base::WallTime now);
  /// Makes it what the store has, because rows of a change were lost. Gives the pushes for what is different.
  std::vector<xml::Document> restore(const store::Roster& rows, base::WallTime now);
  /// Would update() with a transition to `after` go beyond `most` items or `most` requests?
  bool overfills(const xmpp::Jid& contact, const Subscription& after, std::size_t most) const;

 private:
  void number(RosterChange& change, base::WallTime now);
  void keep_request(RosterChange& change, const xmpp::Jid& contact, bool pending, std::string stanza);
  xml::Document push_of(const xmpp::Jid& contact) const;

  xmpp::Jid owner_;  // bare
  Items items_;
  base::Lazy<std::map<xmpp::Jid, std::string>> requests_;
  std::int64_t version_ = 0;
};

}  // namespace accounts
