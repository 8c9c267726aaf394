// Whose signatures we believe, for peers whose certificates are judged after the handshake (certs/judge.h).
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ref.h"
#include "base/result.h"
#include "certs/openssl.h"

namespace certs {

/// Immutable, any thread. Making one blocks on disk.
class Authorities final : public base::RefCounted {
 public:
  static base::Result<base::Ref<const Authorities>> system();
  /// Those of a PEM file alone.
  static base::Result<base::Ref<const Authorities>> from(const std::string& file);

  X509_STORE* store() const { return store_.get(); }
  /// X509_V_OK, or the first thing wrong with the way from `certificate` over `chain` to one of us.
  int verify(const X509& certificate, const std::vector<CertPtr>& chain, base::WallTime now) const;

 private:
  using StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
  explicit Authorities(StorePtr store) : store_(std::move(store)) {}
  StorePtr store_;
};

/// For SSL_CTX_set_cert_verify_callback: verifies and lets the handshake go on whatever comes out, which is then
/// SSL_get_verify_result().
int verify_and_go_on(X509_STORE_CTX* shown, void*);

}  // namespace certs
