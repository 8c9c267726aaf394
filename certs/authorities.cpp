#include "certs/authorities.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <utility>

namespace certs {
namespace {

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

/// A server's certificate serves it in both directions: authorities no longer sign what is for clients too. What it is
/// made for, the judge looks at.
int verify_any(X509_STORE_CTX* shown) {
  X509_VERIFY_PARAM_set_purpose(X509_STORE_CTX_get0_param(shown), X509_PURPOSE_ANY);
  if (X509_verify_cert(shown) != 1 && X509_STORE_CTX_get_error(shown) == X509_V_OK)
    X509_STORE_CTX_set_error(shown, X509_V_ERR_UNSPECIFIED);
  ERR_clear_error();
  return X509_STORE_CTX_get_error(shown);
}

}  // namespace

base::Result<base::Ref<const Authorities>> Authorities::system() {
  StorePtr store(X509_STORE_new());
  if (store == nullptr || X509_STORE_set_default_paths(store.get()) != 1)
    return base::failure("reading the system's certificate authorities: " + openssl_error());
  return base::Ref<const Authorities>(new Authorities(std::move(store)));
}

base::Result<base::Ref<const Authorities>> Authorities::from(const std::string& file) {
  StorePtr store(X509_STORE_new());
  if (store == nullptr || X509_STORE_load_file(store.get(), file.c_str()) != 1)
    return base::failure("reading certificate authorities from " + file + ": " + openssl_error());
  return base::Ref<const Authorities>(new Authorities(std::move(store)));
}

int Authorities::verify(const X509& certificate, const std::vector<CertPtr>& chain, base::WallTime now) const {
  const std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  const std::unique_ptr<STACK_OF(X509), FreeStack> others(sk_X509_new_null());
  if (context == nullptr || others == nullptr) return X509_V_ERR_OUT_OF_MEM;
  for (const CertPtr& link : chain) sk_X509_push(others.get(), link.get());
  // OpenSSL takes it as not const and only fills its cache of extensions, under its own lock.
  if (X509_STORE_CTX_init(context.get(), store_.get(), const_cast<X509*>(&certificate), others.get()) != 1)
    return X509_V_ERR_OUT_OF_MEM;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), static_cast<std::time_t>(seconds.count()));
  return verify_any(context.get());
}

int verify_and_go_on(X509_STORE_CTX* shown, void*) {
  verify_any(shown);
  return 1;
}

}  // namespace certs
