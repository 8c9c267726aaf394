#include "net/tls.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace net {
namespace {

/// The two ends the BIO works between; they lie in the engine.
struct Ends {
  std::span<const std::byte>* input;
  std::string* output;
};

Ends& ends(BIO* bio) { return *static_cast<Ends*>(BIO_get_data(bio)); }

int read_bytes(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  std::span<const std::byte>& input = *ends(bio).input;
  if (input.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const std::size_t count = std::min(input.size(), static_cast<std::size_t>(std::max(size, 0)));
  std::memcpy(into, input.data(), count);
  input = input.subspan(count);
  return static_cast<int>(count);
}

int write_bytes(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  ends(bio).output->append(bytes, static_cast<std::size_t>(std::max(size, 0)));
  return size;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int destroy(BIO* bio) {
  delete static_cast<Ends*>(BIO_get_data(bio));
  return 1;
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lent bytes");
  base::check(method != nullptr, "a BIO method can be made");
  BIO_meth_set_read(method, read_bytes);
  BIO_meth_set_write(method, write_bytes);
  BIO_meth_set_ctrl(method, control);
  BIO_meth_set_destroy(method, destroy);
  return method;
}

BIO* make_bio(std::span<const std::byte>& input, std::string& output) {
  static BIO_METHOD* const method = make_method();  // lives as long as the process
  BIO* bio = BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, new Ends{&input, &output});
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace

TlsEngine::TlsEngine(base::Ref<certs::Store> store, std::string_view host)
    : keeps_(store), ssl_(store->new_session(host)) {
  begin();
}

TlsEngine::TlsEngine(const TlsCall& call)
    : keeps_(call.trust), ssl_(call.trust->new_session(call.host, call.own.get(), call.alpn)) {
  begin();
}

void TlsEngine::begin() {
  BIO* bio = ssl_ != nullptr ? make_bio(input_, output_) : nullptr;
  if (bio == nullptr) {
    ended_ = true;
    reason_ = "no memory for a TLS session";
    return;
  }
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsEngine::~TlsEngine() = default;

TlsEngine::Status TlsEngine::status_of(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE: return Status::done;
    case SSL_ERROR_WANT_READ: return Status::want_input;
    case SSL_ERROR_ZERO_RETURN: return Status::closed;
    default: return fail(why());
  }
}

/// Of a certificate that we refuse OpenSSL's queue says only that it was refused.
std::string TlsEngine::why() const {
  const long judged = SSL_get_verify_result(ssl_.get());
  const std::string error = certs::openssl_error();
  return judged == X509_V_OK ? error : error + ": " + X509_verify_cert_error_string(judged);
}

TlsEngine::Status TlsEngine::fail(std::string reason) {
  ended_ = true;
  reason_ = std::move(reason);
  return Status::failed;
}

/// A client's, as it says itself: OpenSSL may make room for all of it before the rest has come (SECURITY T03).
bool TlsEngine::hello_is_long() {
  constexpr std::size_t kRecordHeader = 5;
  constexpr std::uint8_t kClientHello = 1;
  const std::size_t end = handshake_bytes_ + input_.size();
  if (SSL_is_server(ssl_.get()) == 0 || handshake_bytes_ >= kRecordHeader + hello_.size()) return false;
  for (std::size_t at = std::max(handshake_bytes_, kRecordHeader); at < std::min(end, kRecordHeader + hello_.size());
       ++at)
    hello_[at - kRecordHeader] = std::to_integer<std::uint8_t>(input_[at - handshake_bytes_]);
  const std::size_t length = std::size_t{hello_[1]} << 16 | std::size_t{hello_[2]} << 8 | hello_[3];
  return hello_[0] == kClientHello && length > most_tls_handshake;
}

TlsEngine::Status TlsEngine::handshake() {
  if (ended_) return Status::failed;
  if (hello_is_long()) return fail("the handshake is too long");
  ERR_clear_error();
  const std::size_t given = input_.size();
  const Status status = status_of(SSL_do_handshake(ssl_.get()));
  handshake_bytes_ += given - input_.size();
  if (status == Status::want_input && handshake_bytes_ > most_tls_handshake) return fail("the handshake is too long");
  open_ = status == Status::done;
  return status;
}

TlsEngine::Status TlsEngine::read(std::span<std::byte> into, std::size_t& got) {
  got = 0;
  if (ended_) return Status::failed;
  if (input_.empty() && SSL_has_pending(ssl_.get()) == 0)
    return Status::want_input;  // what OpenSSL takes longer to say
  ERR_clear_error();
  return status_of(SSL_read_ex(ssl_.get(), into.data(), into.size(), &got));
}

base::Result<void> TlsEngine::write(std::string_view plaintext) {
  if (ended_ || !open_) return base::failure("TLS is not open");
  if (plaintext.empty()) return {};
  ERR_clear_error();
  std::size_t wrote = 0;
  const std::size_t before = output_.size();
  // The BIO takes everything, so that a write is never partial.
  if (status_of(SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &wrote)) != Status::done) {
    return base::failure("TLS write: " + reason_);
  }
  overhead_ = output_.size() - before - plaintext.size();
  return {};
}

void TlsEngine::close() {
  if (ended_ || !open_ || (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::string TlsEngine::exporter() const {
  if (!open_) return {};
  if (SSL_version(ssl_.get()) < TLS1_3_VERSION && SSL_get_extms_support(ssl_.get()) != 1) return {};
  static constexpr std::string_view label = "EXPORTER-Channel-Binding";
  std::string bytes(32, '\0');
  const int made = SSL_export_keying_material(ssl_.get(), reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                                              label.data(), label.size(), nullptr, 0, 1);
  return made == 1 ? bytes : std::string();
}

std::string TlsEngine::end_point_hash() const {
  const X509* certificate = ssl_ != nullptr ? SSL_get_certificate(ssl_.get()) : nullptr;
  return certificate != nullptr ? certs::end_point_hash(*certificate) : std::string();
}

certs::Shown TlsEngine::shown() const {
  if (!open_) return {};
  return {SSL_get0_peer_certificate(ssl_.get()), static_cast<int>(SSL_get_verify_result(ssl_.get()))};
}

std::vector<certs::CertPtr> TlsEngine::chain() const {
  std::vector<certs::CertPtr> all;
  STACK_OF(X509)* const sent = open_ ? SSL_get_peer_cert_chain(ssl_.get()) : nullptr;
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    X509* const each = sk_X509_value(sent, i);
    X509_up_ref(each);
    all.emplace_back(each);
  }
  return all;
}

std::string TlsEngine::client_fingerprint() const {
  const X509* certificate = open_ ? SSL_get0_peer_certificate(ssl_.get()) : nullptr;
  return certificate != nullptr ? certs::fingerprint(*certificate) : std::string();
}

std::string TlsEngine::server_name() const {
  const char* name = ssl_ != nullptr ? SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name) : nullptr;
  return name != nullptr ? name : "";
}

std::string TlsEngine::version() const { return ssl_ != nullptr ? SSL_get_version(ssl_.get()) : ""; }

std::string TlsEngine::cipher() const { return open_ ? SSL_get_cipher_name(ssl_.get()) : ""; }

std::string TlsEngine::alpn() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  if (ssl_ != nullptr) SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return std::string(reinterpret_cast<const char*>(name), size);
}

}  // namespace net
