#include "xmpp/precis.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <string>

#include "xmpp/precis_class.h"

namespace xmpp::precis {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Strict UTF-8: no overlong forms, no surrogates. ICU alone would put U+FFFD, which FreeformClass allows.
std::optional<icu::UnicodeString> decode(std::string_view text) {  // NOLINT(readability-function-size): ICU's macro
  const auto length = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < length;) {
    UChar32 c = 0;
    U8_NEXT(text.data(), i, length, c);
    if (c < 0) return std::nullopt;
  }
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), length));
}

std::u32string code_points(const icu::UnicodeString& text) {
  std::u32string points;
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    points.push_back(static_cast<char32_t>(text.char32At(i)));
  }
  return points;
}

/// RFC 8265 3.3.1: fullwidth and halfwidth code points become their decomposition mappings.
std::optional<icu::UnicodeString> map_width(const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(status);
  if (U_FAILURE(status)) return std::nullopt;
  icu::UnicodeString mapped;
  for (const char32_t point : code_points(text)) {
    const auto c = static_cast<UChar32>(point);
    const int type = u_getIntPropertyValue(c, UCHAR_DECOMPOSITION_TYPE);
    icu::UnicodeString raw;
    if ((type == U_DT_WIDE || type == U_DT_NARROW) && nfkc->getRawDecomposition(c, raw) != 0) {
      mapped.append(raw);
    } else {
      mapped.append(c);
    }
  }
  return mapped;
}

std::optional<icu::UnicodeString> to_nfc(const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) return std::nullopt;
  icu::UnicodeString normal = nfc->normalize(text, status);
  if (U_FAILURE(status)) return std::nullopt;
  return normal;
}

std::string encode(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

}  // namespace

std::optional<std::string> username_case_mapped(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (is_ascii(text)) {
    std::string lower(text);
    for (char& c : lower) {
      if (c <= 0x20 || c == 0x7f) return std::nullopt;
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
  }
  const auto decoded = decode(text);
  if (!decoded) return std::nullopt;
  auto mapped = map_width(*decoded);
  // RFC 8265 3.3.1 checks the class before case mapping (so that U+212A KELVIN SIGN can't pass as "k"), and what
  // the mappings made has to stand in the class as well, else the result could not be prepared again.
  if (!mapped || !allows(StringClass::identifier, code_points(*mapped))) return std::nullopt;
  mapped->toLower(icu::Locale::getRoot());
  const auto normal = to_nfc(*mapped);
  if (!normal) return std::nullopt;
  const std::u32string points = code_points(*normal);
  if (!allows(StringClass::identifier, points) || !follows_bidi_rule(points)) return std::nullopt;
  return encode(*normal);
}

std::optional<std::string> opaque_string(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (is_ascii(text)) {
    if (std::ranges::any_of(text, [](char c) { return c < 0x20 || c == 0x7f; })) return std::nullopt;
    return std::string(text);
  }
  const auto decoded = decode(text);
  if (!decoded) return std::nullopt;
  const std::u32string points = code_points(*decoded);
  if (!allows(StringClass::freeform, points)) return std::nullopt;
  icu::UnicodeString mapped;
  for (const char32_t point : points) {
    const auto c = static_cast<UChar32>(point);
    mapped.append(u_charType(c) == U_SPACE_SEPARATOR ? UChar32{0x20} : c);
  }
  const auto normal = to_nfc(mapped);
  if (!normal || !allows(StringClass::freeform, code_points(*normal))) return std::nullopt;
  return encode(*normal);
}

bool is_identifier(std::string_view text) {
  const auto decoded = decode(text);
  return decoded && allows(StringClass::identifier, code_points(*decoded));
}

}  // namespace xmpp::precis
