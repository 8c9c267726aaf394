// Addresses read lately: most stanzas go where the ones before them went.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string_view>

#include "xmpp/jid.h"

namespace xmpp {

/// One place for each hash of a text; the next with that hash takes it over. One thread.
class JidCache {
 public:
  /// As Jid::parse.
  base::Result<Jid, JidError> parse(std::string_view text) {
    Jid& place = places_[std::hash<std::string_view>{}(text) % places_.size()];
    if (!place.empty() && place.str() == text) return place;
    auto read = Jid::parse(text);
    // Only what is spelled as it is prepared is found again; the size bounds what a client can have kept.
    if (read && text.size() <= kLongest && read->str() == text) place = *read;
    return read;
  }

 private:
  static constexpr std::size_t kLongest = 256;
  std::array<Jid, 1024> places_;
};

}  // namespace xmpp
