// A zone's key for tests: signs sets of one record (RFC 4034, ECDSA P-256 of RFC 6605).
#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <algorithm>
#include <ctime>
#include <string>

#include "certs/openssl.h"
#include "unit/net/dns_server.h"

namespace loopback {

class DnsKey {
 public:
  explicit DnsKey(std::string zone) : zone_(std::move(zone)), key_(EVP_EC_gen("P-256")) {}

  /// Both coordinates of the public key.
  std::string point() const {
    unsigned char bytes[128];
    std::size_t size = 0;
    EXPECT_EQ(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof bytes, &size), 1);
    EXPECT_EQ(size, 65U);
    return std::string(reinterpret_cast<char*>(bytes) + 1, 64);
  }
  std::string base64() const {
    unsigned char text[100];
    const std::string bytes = point();
    const int size = EVP_EncodeBlock(text, reinterpret_cast<const unsigned char*>(bytes.data()), 64);
    return std::string(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
  }
  /// Of the DNSKEY record: a zone's key that signs keys, too.
  std::string data() const { return wire16(257) + "\3\x0d" + point(); }

  DnsServer::Reply signed_reply(const std::string& name, int type, const std::string& record) const {
    constexpr unsigned ttl = 60;
    const auto now = static_cast<unsigned>(std::time(nullptr));
    const auto labels = static_cast<char>(std::count(name.begin(), name.end(), '.') + 1);
    const std::string head = wire16(static_cast<unsigned>(type)) + '\x0d' + labels + wire32(ttl) + wire32(now + 86400) +
                             wire32(now - 86400) + wire16(tag()) + wire_name(zone_);
    const std::string set = wire_name(name) + wire16(static_cast<unsigned>(type)) + wire16(1) + wire32(ttl) +
                            wire16(static_cast<unsigned>(record.size())) + record;
    return {.records = {{type, record, ttl}, {kTypeRrsig, head + sign(head + set), ttl}}};
  }

 private:
  /// RFC 4034 appendix B.
  unsigned tag() const {
    const std::string bytes = data();
    unsigned sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      sum += static_cast<unsigned>(static_cast<unsigned char>(bytes[i])) << (i % 2 == 0 ? 8 : 0);
    return (sum + (sum >> 16)) & 0xffff;
  }

  /// Both numbers of the signature, 32 bytes each.
  std::string sign(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    unsigned char der[128];
    std::size_t size = sizeof der;
    EXPECT_EQ(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get()), 1);
    EXPECT_EQ(EVP_DigestSign(context, der, &size, reinterpret_cast<const unsigned char*>(text.data()), text.size()), 1);
    EVP_MD_CTX_free(context);
    const unsigned char* at = der;
    ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size));
    unsigned char raw[64];
    EXPECT_EQ(BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, 32), 32);
    EXPECT_EQ(BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + 32, 32), 32);
    ECDSA_SIG_free(signature);
    return std::string(reinterpret_cast<char*>(raw), sizeof raw);
  }

  std::string zone_;
  certs::KeyPtr key_;
};

}  // namespace loopback
