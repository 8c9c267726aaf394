// Certificates as no honest authority makes them, signed by themselves (SECURITY T05).
#pragma once

#include <gtest/gtest.h>
#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "certs/openssl.h"

namespace loopback {

struct OddCertificate {
  std::string what;
  certs::KeyPtr key;
  certs::CertPtr certificate;
  bool names_us = false;  ///< example.org
};

/// Adds a name of the type GEN_DNS, GEN_EMAIL, GEN_URI or (an xmppAddr in) GEN_OTHERNAME.
inline void add_name(GENERAL_NAMES& names, int type, std::string_view text) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  const int size = static_cast<int>(text.size());
  if (type == GEN_OTHERNAME) {
    ASN1_TYPE* value = ASN1_TYPE_new();
    ASN1_UTF8STRING* address = ASN1_UTF8STRING_new();
    ASN1_STRING_set(address, text.data(), size);
    ASN1_TYPE_set(value, V_ASN1_UTF8STRING, address);
    GENERAL_NAME_set0_othername(name, OBJ_txt2obj("1.3.6.1.5.5.7.8.5", 1), value);  // id-on-xmppAddr
  } else {
    ASN1_IA5STRING* address = ASN1_IA5STRING_new();
    ASN1_STRING_set(address, text.data(), size);
    GENERAL_NAME_set0_value(name, type, address);
  }
  sk_GENERAL_NAME_push(&names, name);
}

/// With this common name, and these subject alternative names or (`raw_names`) these bytes where they would stand.
inline OddCertificate make_odd(std::string what, std::string_view common_name,
                               const std::vector<std::pair<int, std::string>>& names, std::string_view raw_names = {}) {
  OddCertificate made{
      .what = std::move(what), .key = certs::KeyPtr(EVP_EC_gen("P-256")), .certificate = certs::CertPtr(X509_new())};
  X509& certificate = *made.certificate;
  X509_set_version(&certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(&certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(&certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(&certificate), 86400);
  if (!common_name.empty()) {
    X509_NAME_add_entry_by_NID(X509_get_subject_name(&certificate), NID_commonName, V_ASN1_UTF8STRING,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()), -1, 0);
  }
  X509_set_issuer_name(&certificate, X509_get_subject_name(&certificate));
  if (!names.empty()) {
    GENERAL_NAMES* all = GENERAL_NAMES_new();
    for (const auto& [type, text] : names) add_name(*all, type, text);
    X509_add1_ext_i2d(&certificate, NID_subject_alt_name, all, 0, X509V3_ADD_REPLACE);
    GENERAL_NAMES_free(all);
  }
  if (!raw_names.empty()) {
    ASN1_OCTET_STRING* bytes = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(bytes, reinterpret_cast<const unsigned char*>(raw_names.data()),
                          static_cast<int>(raw_names.size()));
    X509_EXTENSION* extension = X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, bytes);
    X509_add_ext(&certificate, extension, -1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(bytes);
  }
  X509_set_pubkey(&certificate, made.key.get());
  EXPECT_GT(X509_sign(&certificate, made.key.get(), EVP_sha256()), 0) << made.what;
  return made;
}

inline std::vector<OddCertificate> odd_certificates() {
  const std::string nul("example.org\0.evil.example", 25), address_nul("romeo@example.org\0@evil.example", 31);
  std::vector<std::pair<int, std::string>> many;
  for (int i = 0; i < 200; ++i) many.emplace_back(GEN_DNS, "host" + std::to_string(i) + ".example");
  std::vector<OddCertificate> all;
  all.push_back(make_odd("no name at all", "", {}));
  all.push_back(make_odd("CN only", "example.org", {}));
  all.push_back(make_odd("CN of a user", "romeo@example.org", {}));
  all.push_back(make_odd("CN with more in it", "example.org,CN=romeo@example.org", {}));
  all.push_back(make_odd("NUL in the CN", nul, {}));
  all.push_back(make_odd("NUL in a dNSName", "x", {{GEN_DNS, nul}}));
  all.push_back(make_odd("NUL in an xmppAddr", "x", {{GEN_OTHERNAME, address_nul}}));
  all.push_back(make_odd("NUL in an address", "x", {{GEN_EMAIL, address_nul}}));
  all.push_back(make_odd("an empty dNSName", "x", {{GEN_DNS, ""}}));
  all.push_back(make_odd("a wildcard for all", "x", {{GEN_DNS, "*"}}));
  all.push_back(make_odd("a wildcard within", "x", {{GEN_DNS, "ex*mple.org"}}));
  all.push_back(make_odd("no host, but an address", "example.org", {{GEN_URI, "xmpp:romeo@example.org"}}));
  all.push_back(make_odd("an xmppAddr that is no UTF-8", "x", {{GEN_OTHERNAME, "ro\xff\xfemeo@example.org"}}));
  all.push_back(make_odd("very many names", "x", many));
  all.push_back(make_odd("a very long name", "x", {{GEN_DNS, std::string(6000, 'a') + ".example.org"}}));
  all.push_back(make_odd("names that are no DER", "example.org", {}, "\x30\x82\xff\xff garbage"));
  all.push_back(make_odd("the right one", "x", {{GEN_DNS, "example.org"}}));
  all.back().names_us = true;
  return all;
}

/// `ssl`, a client, has this certificate to show.
inline void present(SSL& ssl, const OddCertificate& odd) {
  EXPECT_EQ(SSL_use_certificate(&ssl, odd.certificate.get()), 1) << odd.what;
  EXPECT_EQ(SSL_use_PrivateKey(&ssl, odd.key.get()), 1) << odd.what;
}

}  // namespace loopback
