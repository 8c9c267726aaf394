// Whom we believe when we open a connection: the other side shows a certificate before a byte of ours leaves.
#pragma once

#include <string>
#include <string_view>

#include "base/ref.h"
#include "base/result.h"
#include "certs/openssl.h"

namespace net {

/// Immutable, any thread. Making one blocks on disk.
class TlsTrust final : public base::RefCounted {
 public:
  /// Certificates that name the host and were signed by an authority that the system trusts.
  static base::Result<base::Ref<const TlsTrust>> system();
  /// The same with the authorities of a PEM file alone.
  static base::Result<base::Ref<const TlsTrust>> authorities(const std::string& file);
  /// The one certificate with this SHA-256 (64 hexadecimal digits), whatever it names and whoever signed it.
  static base::Result<base::Ref<const TlsTrust>> pinned(std::string_view sha256);

  /// Our side of a new session with `host`, a name or an address in numbers. The caller holds the trust as long as the
  /// session. Empty if memory ran out.
  certs::SslPtr new_session(const std::string& host) const;

 private:
  TlsTrust() = default;
  static base::Result<base::Ref<TlsTrust>> make();
  static int judge_pinned(X509_STORE_CTX* shown, void* self);

  certs::CtxPtr ctx_;
  std::string pin_;  ///< 32 bytes, or empty
};

}  // namespace net
