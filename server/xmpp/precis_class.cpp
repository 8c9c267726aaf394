#include "xmpp/precis_class.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <cstddef>

namespace xmpp::precis {
namespace {

enum class Property : std::uint8_t { pvalid, free_pval, context, disallowed };

constexpr UChar32 kZwnj = 0x200C;
constexpr UChar32 kZwj = 0x200D;
constexpr int kVirama = 9;  // canonical combining class

bool in(UChar32 c, UChar32 first, UChar32 last) { return first <= c && c <= last; }
bool is_arabic_indic(UChar32 c) { return in(c, 0x660, 0x669); }
bool is_extended_arabic_indic(UChar32 c) { return in(c, 0x6F0, 0x6F9); }

/// RFC 8264 9.6 (which takes RFC 5892 2.6); true when `c` is in the list.
bool find_exception(UChar32 c, Property& property) {
  switch (c) {
    case 0xDF:
    case 0x3C2:
    case 0x6FD:
    case 0x6FE:
    case 0xF0B:
    case 0x3007: property = Property::pvalid; return true;
    case 0xB7:
    case 0x375:
    case 0x5F3:
    case 0x5F4:
    case 0x30FB: property = Property::context; return true;
    case 0x640:
    case 0x7FA:
    case 0x302E:
    case 0x302F:
    case 0x303B: property = Property::disallowed; return true;
    default: break;
  }
  if (in(c, 0x3031, 0x3035)) {
    property = Property::disallowed;
    return true;
  }
  property = Property::context;
  return is_arabic_indic(c) || is_extended_arabic_indic(c);
}

bool is_old_hangul_jamo(UChar32 c) {
  const int type = u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE);
  return type == U_HST_LEADING_JAMO || type == U_HST_VOWEL_JAMO || type == U_HST_TRAILING_JAMO;
}

bool has_compat(UChar32 c) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(status);
  if (U_FAILURE(status)) return true;
  const icu::UnicodeString self(c);
  return nfkc->normalize(self, status) != self || U_FAILURE(status);
}

/// RFC 8264 8: the categories in the order that the algorithm asks them.
Property property_of(UChar32 c) {
  Property exception{};
  if (find_exception(c, exception)) return exception;
  const auto type = u_charType(c);
  if (type == U_UNASSIGNED) return Property::disallowed;  // noncharacters too, which are ignorable
  if (in(c, 0x21, 0x7E)) return Property::pvalid;
  if (c == kZwnj || c == kZwj) return Property::context;
  if (is_old_hangul_jamo(c)) return Property::disallowed;
  if (u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0) return Property::disallowed;
  if (type == U_CONTROL_CHAR) return Property::disallowed;
  if (has_compat(c)) return Property::free_pval;
  const auto mask = U_MASK(type);
  constexpr auto letter_digits =
      U_GC_LL_MASK | U_GC_LU_MASK | U_GC_LO_MASK | U_GC_ND_MASK | U_GC_LM_MASK | U_GC_MN_MASK | U_GC_MC_MASK;
  if ((mask & letter_digits) != 0) return Property::pvalid;
  constexpr auto other_letter_digits = U_GC_LT_MASK | U_GC_NL_MASK | U_GC_NO_MASK | U_GC_ME_MASK;
  if ((mask & (other_letter_digits | U_GC_ZS_MASK | U_GC_S_MASK | U_GC_P_MASK)) != 0) return Property::free_pval;
  return Property::disallowed;
}

UChar32 at(std::u32string_view text, std::size_t i) { return static_cast<UChar32>(text[i]); }
int joining(UChar32 c) { return u_getIntPropertyValue(c, UCHAR_JOINING_TYPE); }

/// RFC 5892 A.1, its second half: (L or D) T* ZWNJ T* (R or D).
bool joins_around(std::u32string_view text, std::size_t i) {
  std::size_t before = i;
  while (before > 0 && joining(at(text, before - 1)) == U_JT_TRANSPARENT) --before;
  std::size_t after = i + 1;
  while (after < text.size() && joining(at(text, after)) == U_JT_TRANSPARENT) ++after;
  if (before == 0 || after == text.size()) return false;
  const int left = joining(at(text, before - 1));
  const int right = joining(at(text, after));
  return (left == U_JT_LEFT_JOINING || left == U_JT_DUAL_JOINING) &&
         (right == U_JT_RIGHT_JOINING || right == U_JT_DUAL_JOINING);
}

bool has_script(UChar32 c, UScriptCode script) {
  UErrorCode status = U_ZERO_ERROR;
  return uscript_getScript(c, &status) == script && U_SUCCESS(status);
}

bool is_kana_or_han(char32_t point) {
  const auto c = static_cast<UChar32>(point);
  return has_script(c, USCRIPT_HIRAGANA) || has_script(c, USCRIPT_KATAKANA) || has_script(c, USCRIPT_HAN);
}

/// RFC 5892 A.1 to A.9.
bool stands_in_context(std::u32string_view text, std::size_t i) {
  const UChar32 c = at(text, i);
  const bool has_before = i > 0;
  const bool has_after = i + 1 < text.size();
  const bool after_virama = has_before && u_getCombiningClass(at(text, i - 1)) == kVirama;
  switch (c) {
    case kZwnj: return after_virama || joins_around(text, i);
    case kZwj: return after_virama;
    case 0xB7: return has_before && has_after && text[i - 1] == U'l' && text[i + 1] == U'l';
    case 0x375: return has_after && has_script(at(text, i + 1), USCRIPT_GREEK);
    case 0x5F3:
    case 0x5F4: return has_before && has_script(at(text, i - 1), USCRIPT_HEBREW);
    case 0x30FB: return std::ranges::any_of(text, is_kana_or_han);
    default: break;
  }
  const auto other = is_arabic_indic(c) ? is_extended_arabic_indic : is_arabic_indic;
  return std::ranges::none_of(text, [&](char32_t point) { return other(static_cast<UChar32>(point)); });
}

constexpr std::uint32_t bit(int direction) { return std::uint32_t{1} << direction; }
constexpr std::uint32_t kNeutral = bit(U_EUROPEAN_NUMBER) | bit(U_EUROPEAN_NUMBER_SEPARATOR) |
                                   bit(U_COMMON_NUMBER_SEPARATOR) | bit(U_EUROPEAN_NUMBER_TERMINATOR) |
                                   bit(U_OTHER_NEUTRAL) | bit(U_BOUNDARY_NEUTRAL) | bit(U_DIR_NON_SPACING_MARK);
constexpr std::uint32_t kRightToLeft = bit(U_RIGHT_TO_LEFT) | bit(U_RIGHT_TO_LEFT_ARABIC);
std::uint32_t direction_of(char32_t point) { return bit(u_charDirection(static_cast<UChar32>(point))); }

}  // namespace

bool allows(StringClass string_class, std::u32string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (property_of(at(text, i))) {
      case Property::pvalid: break;
      case Property::free_pval:
        if (string_class != StringClass::freeform) return false;
        break;
      case Property::context:
        if (!stands_in_context(text, i)) return false;
        break;
      case Property::disallowed: return false;
    }
  }
  return true;
}

bool follows_bidi_rule(std::u32string_view text) {
  std::uint32_t seen = 0;
  for (const char32_t point : text) seen |= direction_of(point);
  constexpr auto arabic_number = bit(U_ARABIC_NUMBER);
  constexpr auto european_number = bit(U_EUROPEAN_NUMBER);
  if ((seen & (kRightToLeft | arabic_number)) == 0) return true;
  std::uint32_t last = 0;
  for (const char32_t point : text) {
    if (direction_of(point) != bit(U_DIR_NON_SPACING_MARK)) last = direction_of(point);
  }
  const std::uint32_t first = direction_of(text.front());
  if ((first & kRightToLeft) != 0) {  // rules 2 to 4
    const bool both_numbers = (seen & arabic_number) != 0 && (seen & european_number) != 0;
    return (seen & ~(kRightToLeft | arabic_number | kNeutral)) == 0 && !both_numbers &&
           (last & (kRightToLeft | arabic_number | european_number)) != 0;
  }
  // Rule 1 wants L here and rule 5 then allows no right-to-left code point, but there is one.
  return false;
}

}  // namespace xmpp::precis
