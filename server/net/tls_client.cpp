#include "net/tls_client.h"

#include <openssl/err.h>

#include <utility>

#include "net/dns_records.h"

namespace net {
namespace {

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Empty if it isn't 64 hexadecimal digits.
std::string from_hex(std::string_view digits) {
  std::string bytes;
  if (digits.size() != 64) return bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = nibble(digits[i]), low = nibble(digits[i + 1]);
    if (high < 0 || low < 0) return {};
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

/// The session has a part in them then; `own` may go.
bool show(SSL& ssl, const certs::Context& own) {
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(own.get(), &chain);
  return SSL_use_cert_and_key(&ssl, SSL_CTX_get0_certificate(own.get()), SSL_CTX_get0_privatekey(own.get()), chain,
                              1) == 1;
}

bool offer(SSL& ssl, std::string_view protocol) {
  const std::string wire = static_cast<char>(protocol.size()) + std::string(protocol);
  return SSL_set_alpn_protos(&ssl, reinterpret_cast<const unsigned char*>(wire.data()),
                             static_cast<unsigned int>(wire.size())) == 0;  // of all functions this one
}

}  // namespace

base::Result<base::Ref<TlsTrust>> TlsTrust::make() {
  base::Ref<TlsTrust> made(new TlsTrust);
  made->ctx_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* ctx = made->ctx_.get();
  if (ctx == nullptr || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK") != 1)
    return base::failure("TLS: " + certs::openssl_error());
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  return made;
}

base::Result<base::Ref<const TlsTrust>> TlsTrust::system() {
  auto made = make();
  if (!made) return std::unexpected(made.error());
  if (SSL_CTX_set_default_verify_paths((*made)->ctx_.get()) != 1)
    return base::failure("reading the system's certificate authorities: " + certs::openssl_error());
  return std::move(*made);
}

base::Result<base::Ref<const TlsTrust>> TlsTrust::authorities(const std::string& file) {
  auto made = make();
  if (!made) return std::unexpected(made.error());
  if (SSL_CTX_load_verify_file((*made)->ctx_.get(), file.c_str()) != 1)
    return base::failure("reading certificate authorities from " + file + ": " + certs::openssl_error());
  return std::move(*made);
}

base::Result<base::Ref<const TlsTrust>> TlsTrust::pinned(std::string_view sha256) {
  auto made = make();
  if (!made) return std::unexpected(made.error());
  (*made)->pin_ = from_hex(sha256);
  if ((*made)->pin_.empty()) return base::failure("a pinned certificate is 64 hexadecimal digits");
  SSL_CTX_set_cert_verify_callback((*made)->ctx_.get(), &TlsTrust::judge_pinned, made->get());
  return std::move(*made);
}

base::Result<base::Ref<const TlsTrust>> TlsTrust::judged_later(const base::Ref<const certs::Authorities>& authorities) {
  auto made = make();
  if (!made) return std::unexpected(made.error());
  (*made)->judged_later_ = true;
  SSL_CTX* ctx = (*made)->ctx_.get();
  SSL_CTX_set_cert_verify_callback(ctx, &certs::verify_and_go_on, nullptr);
  if (SSL_CTX_set1_verify_cert_store(ctx, authorities->store()) != 1)
    return base::failure("TLS: " + certs::openssl_error());
  return std::move(*made);
}

int TlsTrust::judge_pinned(X509_STORE_CTX* shown, void* self) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const X509* certificate = X509_STORE_CTX_get0_cert(shown);
  const bool same =
      certificate != nullptr && X509_digest(certificate, EVP_sha256(), digest, &size) == 1 &&
      static_cast<const TlsTrust*>(self)->pin_ == std::string_view(reinterpret_cast<const char*>(digest), size);
  X509_STORE_CTX_set_error(shown, same ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return same ? 1 : 0;
}

certs::SslPtr TlsTrust::new_session(const std::string& host, const certs::Context* own, std::string_view alpn) const {
  certs::SslPtr ssl(SSL_new(ctx_.get()));
  if (ssl == nullptr) return nullptr;
  const bool numbers = is_address(host);
  bool good = numbers || SSL_set_tlsext_host_name(ssl.get(), host.c_str()) == 1;
  if (!judged_later_) {
    good = good && (numbers ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str()) == 1
                            : SSL_set1_host(ssl.get(), host.c_str()) == 1);
  }
  if (own != nullptr) good = good && show(*ssl, *own);
  if (!alpn.empty()) good = good && offer(*ssl, alpn);
  if (!good) return nullptr;
  SSL_set_connect_state(ssl.get());
  return ssl;
}

}  // namespace net
