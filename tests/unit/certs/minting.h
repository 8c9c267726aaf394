// Authorities and certificates made in the test.
#pragma once

#include <gtest/gtest.h>
#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "certs/pair.h"

namespace minting {

enum class Name : std::uint8_t { dns, srv, xmpp, uri };

struct Wish {
  std::vector<std::pair<Name, std::string>> names = {};
  std::string common_name = "x";
  long from = -3600, until = 86400;  ///< seconds from now
  bool authority = false;
  const char* use = nullptr;  ///< extended key usage, such as "codeSigning"
};

inline void add_name(GENERAL_NAMES& names, Name kind, std::string_view text) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  const bool other = kind == Name::srv || kind == Name::xmpp;
  const int type = kind == Name::xmpp ? V_ASN1_UTF8STRING : V_ASN1_IA5STRING;
  ASN1_STRING* string = ASN1_STRING_type_new(type);
  ASN1_STRING_set(string, text.data(), static_cast<int>(text.size()));
  if (other) {
    ASN1_TYPE* value = ASN1_TYPE_new();
    ASN1_TYPE_set(value, type, string);
    const char* id = kind == Name::srv ? "1.3.6.1.5.5.7.8.7" : "1.3.6.1.5.5.7.8.5";
    GENERAL_NAME_set0_othername(name, OBJ_txt2obj(id, 1), value);
  } else {
    GENERAL_NAME_set0_value(name, kind == Name::dns ? GEN_DNS : GEN_URI, string);
  }
  sk_GENERAL_NAME_push(&names, name);
}

inline void add_extension(X509& certificate, int kind, const char* text) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, text);
  X509_add_ext(&certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Signed by `by`, by itself without one.
inline certs::Pair mint(const Wish& wish, const certs::Pair* by = nullptr) {
  static long serial = 0;
  certs::Pair made{.certificate = certs::CertPtr(X509_new()), .chain = {}, .key = certs::KeyPtr(EVP_EC_gen("P-256"))};
  X509& certificate = *made.certificate;
  X509_set_version(&certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(&certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(&certificate), wish.from);
  X509_gmtime_adj(X509_getm_notAfter(&certificate), wish.until);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(&certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(&certificate, X509_get_subject_name(by != nullptr ? by->certificate.get() : &certificate));
  X509_set_pubkey(&certificate, made.key.get());
  if (wish.authority) add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  if (wish.use != nullptr) add_extension(certificate, NID_ext_key_usage, wish.use);
  if (!wish.names.empty()) {
    GENERAL_NAMES* names = GENERAL_NAMES_new();
    for (const auto& [kind, text] : wish.names) add_name(*names, kind, text);
    X509_add1_ext_i2d(&certificate, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE);
    GENERAL_NAMES_free(names);
  }
  EXPECT_GT(X509_sign(&certificate, by != nullptr ? by->key.get() : made.key.get(), EVP_sha256()), 0);
  return made;
}

inline void write_certificates(const std::string& path, const std::vector<const X509*>& certificates) {
  std::FILE* out = std::fopen(path.c_str(), "w");
  for (const X509* each : certificates) EXPECT_EQ(PEM_write_X509(out, each), 1);
  std::fclose(out);
}

inline void write_key(const std::string& path, const EVP_PKEY& key) {
  std::FILE* out = std::fopen(path.c_str(), "w");
  EXPECT_EQ(PEM_write_PrivateKey(out, &key, nullptr, nullptr, 0, nullptr, nullptr), 1);
  std::fclose(out);
}

}  // namespace minting
