#include "certs/dane.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <chrono>

namespace certs {
namespace {

constexpr std::uint8_t kTrustAnchor = 2, kEndEntity = 3;

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), FreeStack>;
using StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using VerifyPtr = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;

/// OpenSSL keeps records in a session, and judges by them also where there is no session.
class Records {
 public:
  Records() : ctx_(SSL_CTX_new(TLS_client_method())) {
    if (ctx_ == nullptr || SSL_CTX_dane_enable(ctx_.get()) != 1) return;
    ssl_.reset(SSL_new(ctx_.get()));
    if (ssl_ != nullptr && SSL_dane_enable(ssl_.get(), nullptr) != 1) ssl_.reset();
  }
  explicit operator bool() const { return ssl_ != nullptr; }

  /// False if it cannot be used.
  bool add(const TlsaRecord& record) {
    const bool known = record.usage == kTrustAnchor || record.usage == kEndEntity;
    const auto* data = reinterpret_cast<const unsigned char*>(record.data.data());
    return known &&
           SSL_dane_tlsa_add(ssl_.get(), record.usage, record.selector, record.matching, data, record.data.size()) == 1;
  }
  SSL_DANE* get() { return SSL_get0_dane(ssl_.get()); }
  /// Of the record that matched.
  bool matched_end_entity() {
    std::uint8_t usage = 0;
    return SSL_get0_dane_tlsa(ssl_.get(), &usage, nullptr, nullptr, nullptr, nullptr) >= 0 && usage == kEndEntity;
  }

 private:
  CtxPtr ctx_;
  SslPtr ssl_;
};

struct Verified {
  int error = X509_V_ERR_OUT_OF_MEM;
  bool end_entity = false;
};

/// Nobody is believed but whom the records name.
Verified verify(Records& records, const X509& certificate, const std::vector<CertPtr>& chain, base::WallTime now) {
  const StorePtr nobody(X509_STORE_new());
  const VerifyPtr context(X509_STORE_CTX_new());
  const StackPtr others(sk_X509_new_null());
  if (nobody == nullptr || context == nullptr || others == nullptr) return {};
  for (const CertPtr& link : chain) sk_X509_push(others.get(), link.get());
  // OpenSSL takes it as not const and only fills its cache of extensions, under its own lock.
  if (X509_STORE_CTX_init(context.get(), nobody.get(), const_cast<X509*>(&certificate), others.get()) != 1) return {};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(rules, static_cast<std::time_t>(seconds.count()));
  X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_ANY);
  X509_STORE_CTX_set0_dane(context.get(), records.get());
  const bool good = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  if (!good) return {error != X509_V_OK ? error : X509_V_ERR_UNSPECIFIED};
  return {X509_V_OK, X509_STORE_CTX_get_error_depth(context.get()) == 0 && records.matched_end_entity()};
}

DaneJudgement refuted(std::string why) { return {DaneVerdict::refuted, std::move(why)}; }

}  // namespace

DaneJudgement judge_by_dane(std::span<const TlsaRecord> records, const X509& certificate,
                            const std::vector<CertPtr>& chain, std::span<const PeerName> names, base::WallTime now) {
  Records usable;
  if (!usable) return refuted("the certificate could not be compared with the TLSA records: " + openssl_error());
  std::size_t count = 0;
  for (const TlsaRecord& record : records) count += usable.add(record) ? 1 : 0;
  ERR_clear_error();
  if (count == 0) return {};
  const Verified made = verify(usable, certificate, chain, now);
  ERR_clear_error();
  if (made.error != X509_V_OK)
    return refuted(std::string("the certificate is not what the TLSA records say: ") +
                   X509_verify_cert_error_string(made.error));
  const auto is_named = [&](const PeerName& name) { return names_domain(certificate, name); };
  if (!made.end_entity && std::ranges::none_of(names, is_named))
    return refuted("the certificate names neither the domain nor its server");
  return {DaneVerdict::proven, {}};
}

}  // namespace certs
