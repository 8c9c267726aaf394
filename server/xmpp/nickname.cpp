#include "xmpp/nickname.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

#include <utility>

namespace xmpp {
namespace {

/// Opened once; reading it is for any thread.
const USpoofChecker* checker() {
  static const USpoofChecker* const opened = [] {
    UErrorCode status = U_ZERO_ERROR;
    const USpoofChecker* made = uspoof_open(&status);
    return U_FAILURE(status) ? nullptr : made;
  }();
  return opened;
}

/// UTS 39 4. What can't be computed stays as it is.
icu::UnicodeString skeleton(const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString out;
  if (checker() != nullptr) uspoof_getSkeletonUnicodeString(checker(), 0, text, out, &status);
  return checker() == nullptr || U_FAILURE(status) ? text : out;
}

/// RFC 8266 2.1: one space for several of any kind, none at either end. What is invisible is left out.
icu::UnicodeString tidy(const icu::UnicodeString& text) {
  icu::UnicodeString out;
  bool space = false;
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    const UChar32 c = text.char32At(i);
    if (u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0) continue;
    if (u_isUWhiteSpace(c) != 0) {
      space = true;
      continue;
    }
    if (std::exchange(space, false) && !out.isEmpty()) out.append(UChar32{0x20});
    out.append(c);
  }
  return out;
}

icu::UnicodeString fold(icu::UnicodeString text) { return text.foldCase(); }

/// RFC 8266 2.1: characters that are compatible are one.
icu::UnicodeString compose(const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(status);
  if (U_FAILURE(status)) return text;
  icu::UnicodeString out = nfkc->normalize(text, status);
  return U_FAILURE(status) ? text : out;
}

/// A look-alike may be a capital (zero is taken for O), so case is folded behind it again.
std::string look(const icu::UnicodeString& text) {
  std::string out;
  fold(tidy(skeleton(text))).toUTF8String(out);
  return out;
}

}  // namespace

NicknameKeys nickname_keys(std::string_view nick) {
  const icu::UnicodeString text =
      tidy(compose(icu::UnicodeString::fromUTF8(icu::StringPiece(nick.data(), static_cast<int32_t>(nick.size())))));
  // 2.4: case folding may leave something to compose.
  return {look(tidy(compose(fold(text)))), look(text)};
}

bool are_alike(std::string_view one, std::string_view other) {
  const NicknameKeys a = nickname_keys(one), b = nickname_keys(other);
  return a.folded == b.folded || a.seen == b.seen;
}

}  // namespace xmpp
