// Which nicknames can't be told apart by those who read them: by RFC 8266, and by the looks of their letters (UTS 39).
#pragma once

#include <string>
#include <string_view>

namespace xmpp {

/// Two nicknames are alike if they agree in either.
struct NicknameKeys {
  std::string folded;  ///< spaces, case and compatible characters don't count (RFC 8266 2.4), nor do look-alikes then
  std::string seen;    ///< look-alikes don't count as they are written: a capital I is a small l
};

/// Of a prepared resource. `folded` is empty if there is nothing to see.
NicknameKeys nickname_keys(std::string_view nick);

bool are_alike(std::string_view one, std::string_view other);

}  // namespace xmpp
