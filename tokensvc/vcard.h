// What somebody's vCard (XEP-0054) says that a meeting shows.
#pragma once

#include <string>
#include <string_view>

namespace tokensvc {

struct Person {
  std::string name;    ///< NICKNAME, else FN; empty if there is none
  std::string avatar;  ///< an address in the web; a picture within the vCard is none
};

/// Of a vCard as the store has it; whatever is odd in it counts as absent.
Person read_vcard(std::string_view stored);

}  // namespace tokensvc
