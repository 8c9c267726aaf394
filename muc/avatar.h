// A room's vCard with its avatar (XEP-0486).
#pragma once

#include "muc/behaviour.h"

namespace muc {

void add_avatar(const Environment& environment);

/// SHA-1 of each picture in a vCard, in hexadecimal (XEP-0153 3.1); nothing where one is no base64.
std::optional<Texts> avatar_hashes(const xml::Element& vcard);

}  // namespace muc
