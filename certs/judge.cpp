#include "certs/judge.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

namespace certs {
namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;
using ObjectPtr = std::unique_ptr<ASN1_OBJECT, Deleter<ASN1_OBJECT_free>>;

constexpr std::string_view kService = "_xmpp-server.";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

bool starts_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && same(text.substr(0, prefix.size()), prefix);
}

bool has_letter(std::string_view label) {
  return std::ranges::any_of(label, [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; });
}

/// RFC 9525 section 6.3. Never one label for all of a top-level domain, and never for an address in numbers.
bool same_host(std::string_view shown, std::string_view host) {
  if (!shown.starts_with("*.")) return same(shown, host);
  const std::string_view parent = shown.substr(2);
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && parent.find('.') != std::string_view::npos &&
         has_letter(host.substr(host.rfind('.'))) && same(parent, host.substr(dot + 1));
}

std::string_view text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(std::max(ASN1_STRING_length(string), 0))};
}

/// RFC 4985 and RFC 6120 section 13.7.1.4.
bool is_other_name(const OTHERNAME& name, const char* kind) {
  const ObjectPtr object(OBJ_txt2obj(kind, 1));
  return object != nullptr && OBJ_cmp(name.type_id, object.get()) == 0;
}

bool names(const OTHERNAME& other, const PeerName& name, std::string_view ascii) {
  const int type = other.value->type;
  if (type == V_ASN1_IA5STRING && is_other_name(other, "1.3.6.1.5.5.7.8.7")) {
    const std::string_view text = text_of(other.value->value.ia5string);
    return starts_with(text, kService) && same_host(text.substr(kService.size()), ascii);
  }
  if (type == V_ASN1_UTF8STRING && is_other_name(other, "1.3.6.1.5.5.7.8.5"))
    return same(text_of(other.value->value.utf8string), name.domain);
  return false;
}

bool is_in_time(const X509& certificate, base::WallTime now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  auto time = static_cast<std::time_t>(seconds.count());
  // Both give 0 for a time that cannot be read.
  return X509_cmp_time(X509_get0_notBefore(&certificate), &time) < 0 &&
         X509_cmp_time(X509_get0_notAfter(&certificate), &time) > 0;
}

bool is_for_tls(X509& certificate) {
  const std::uint32_t uses = X509_get_extended_key_usage(&certificate);  // all, where it says nothing
  return (uses & (XKU_SSL_SERVER | XKU_SSL_CLIENT | XKU_ANYEKU)) != 0;
}

std::string first_fault(const Judgement& made, const Shown& shown, const PeerName& name) {
  if (!made.named) return "the certificate does not name " + std::string(name.domain);
  if (!made.in_time) return "the certificate has expired or is not valid yet";
  if (!made.fit) return "the certificate is not meant for TLS";
  if (!made.believed)
    return std::string("the certificate is not believed: ") + X509_verify_cert_error_string(shown.chain);
  return {};
}

}  // namespace

bool names_domain(const X509& certificate, const PeerName& name) {
  const std::string_view ascii = name.ascii.empty() ? name.domain : name.ascii;
  if (ascii.empty()) return false;
  const NamesPtr all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* each = sk_GENERAL_NAME_value(all.get(), i);
    if (each->type == GEN_DNS && same_host(text_of(each->d.dNSName), ascii)) return true;
    if (each->type == GEN_OTHERNAME && names(*each->d.otherName, name, ascii)) return true;
  }
  return false;
}

Judgement judge(const Shown& shown, const PeerName& name, base::WallTime now) {
  Judgement made;
  if (shown.certificate == nullptr) {
    made.reason = "the peer showed no certificate";
    return made;
  }
  // OpenSSL takes it as not const and only fills its cache of extensions, under its own lock.
  auto& certificate = const_cast<X509&>(*shown.certificate);
  made.named = names_domain(certificate, name);
  made.in_time = is_in_time(certificate, now);
  made.fit = is_for_tls(certificate);
  made.believed = shown.chain == X509_V_OK;
  made.self_signed = is_self_signed(certificate);
  made.reason = first_fault(made, shown, name);
  return made;
}

std::string issuer(const X509& certificate) {
  char line[256];
  const char* text = X509_NAME_oneline(X509_get_issuer_name(&certificate), line, sizeof line);
  return text != nullptr ? text : "";
}

bool is_self_signed(const X509& certificate) {
  const bool self_signed = X509_self_signed(const_cast<X509*>(&certificate), 1) == 1;
  ERR_clear_error();
  return self_signed;
}

}  // namespace certs
