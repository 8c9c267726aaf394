#include "certs/names.h"

#include <algorithm>

namespace certs {
namespace {

using StringPtr = std::unique_ptr<ASN1_STRING, Deleter<ASN1_STRING_free>>;
using NamePtr = std::unique_ptr<GENERAL_NAME, Deleter<GENERAL_NAME_free>>;
using ObjectPtr = std::unique_ptr<ASN1_OBJECT, Deleter<ASN1_OBJECT_free>>;
using TypePtr = std::unique_ptr<ASN1_TYPE, Deleter<ASN1_TYPE_free>>;

/// RFC 4985 and RFC 6120 section 13.7.1.4.
constexpr const char *kSrv = "1.3.6.1.5.5.7.8.7", *kXmpp = "1.3.6.1.5.5.7.8.5";

bool set_other(GENERAL_NAME& name, const char* kind, int type, StringPtr text) {
  ObjectPtr id(OBJ_txt2obj(kind, 1));
  TypePtr value(ASN1_TYPE_new());
  if (id == nullptr || value == nullptr) return false;
  ASN1_TYPE_set(value.get(), type, text.release());
  if (GENERAL_NAME_set0_othername(&name, id.get(), value.get()) != 1) return false;
  id.release();
  value.release();
  return true;
}

bool set(GENERAL_NAME& name, NameKind kind, std::string_view text) {
  const int type = kind == NameKind::xmpp ? V_ASN1_UTF8STRING : V_ASN1_IA5STRING;
  StringPtr string(ASN1_STRING_type_new(type));
  if (string == nullptr || ASN1_STRING_set(string.get(), text.data(), static_cast<int>(text.size())) != 1) return false;
  if (kind != NameKind::dns) return set_other(name, kind == NameKind::srv ? kSrv : kXmpp, type, std::move(string));
  GENERAL_NAME_set0_value(&name, GEN_DNS, string.release());
  return true;
}

bool is_kind(const OTHERNAME& name, const char* kind) {
  const ObjectPtr object(OBJ_txt2obj(kind, 1));
  return object != nullptr && OBJ_cmp(name.type_id, object.get()) == 0;
}

/// Null: of another kind.
const ASN1_STRING* text_in(const GENERAL_NAME& name) {
  if (name.type == GEN_DNS) return name.d.dNSName;
  if (name.type != GEN_OTHERNAME) return nullptr;
  const OTHERNAME& other = *name.d.otherName;
  if (other.value->type == V_ASN1_IA5STRING && is_kind(other, kSrv)) return other.value->value.ia5string;
  if (other.value->type == V_ASN1_UTF8STRING && is_kind(other, kXmpp)) return other.value->value.utf8string;
  return nullptr;
}

std::string shown(const ASN1_STRING& string) {
  const auto size = static_cast<std::size_t>(std::max(ASN1_STRING_length(&string), 0));
  std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(&string)), size);
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return text;
}

}  // namespace

bool add_name(GENERAL_NAMES& names, NameKind kind, std::string_view text) {
  NamePtr name(GENERAL_NAME_new());
  if (name == nullptr || !set(*name, kind, text) || sk_GENERAL_NAME_push(&names, name.get()) == 0) return false;
  name.release();
  return true;
}

std::vector<std::string> names_of(const X509& certificate) {
  const NamesPtr all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> names;
  for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const ASN1_STRING* text = text_in(*sk_GENERAL_NAME_value(all.get(), i));
    if (text == nullptr) continue;
    std::string name = shown(*text);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace certs
