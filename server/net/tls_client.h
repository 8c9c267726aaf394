// Whom we believe when we are TLS's client: the other side shows a certificate before a byte of ours leaves.
#pragma once

#include <string>
#include <string_view>

#include "base/ref.h"
#include "base/result.h"
#include "certs/store.h"

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

  /// Any certificate, whose owner is known to have its key; who that is, the caller judges after the handshake
  /// (TlsEngine::shown, certs/judge.h).
  static base::Result<base::Ref<const TlsTrust>> judged_later(const base::Ref<const certs::Authorities>& authorities);

  /// Our side of a new session with `host`, a name or an address in numbers. The caller holds the trust as long as the
  /// session. Empty if memory ran out. For the rest see TlsCall.
  certs::SslPtr new_session(const std::string& host, const certs::Context* own = nullptr,
                            std::string_view alpn = {}) const;

 private:
  TlsTrust() = default;
  static base::Result<base::Ref<TlsTrust>> make();
  static int judge_pinned(X509_STORE_CTX* shown, void* self);

  certs::CtxPtr ctx_;
  std::string pin_;  ///< 32 bytes, or empty
  bool judged_later_ = false;
};

/// How to be the client of one session.
struct TlsCall {
  base::Ref<const TlsTrust> trust;
  std::string host;                         ///< whom we want, also by SNI
  base::Ref<certs::Context> own = nullptr;  ///< shown if the peer asks for a certificate; null: none
  std::string alpn = {};                    ///< the one protocol we speak; empty: not said
};

}  // namespace net
