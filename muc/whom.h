// Whom an item of a request names (XEP-0045 9): by address, by nickname, or by occupant id (XEP-0421).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "muc/behaviour.h"

namespace muc {

/// For one request: what has to be looked up is looked up once.
class Whom {
 public:
  explicit Whom(const Room& room) : room_(room) {}

  /// The bare address or domain; for somebody whose address nobody knows, what stands for the occupant id
  /// (Room::kById). jid-malformed for what is no address or missing, item-not-found where nobody is meant.
  base::Result<xmpp::Jid, xmpp::StanzaError> find(const xml::Element& item, Affiliation wanted);

 private:
  base::Result<xmpp::Jid, xmpp::StanzaError> find_id(std::string_view id, Affiliation wanted);
  void index();

  const Room& room_;
  std::optional<std::unordered_map<std::string, xmpp::Jid>> by_id_;
};

/// Names somebody in a list, by the key of Room::places().
void add_whom(xml::Element& item, std::string_view key);

}  // namespace muc
