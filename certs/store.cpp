#include "certs/store.h"

#include <openssl/err.h>
#include <strings.h>
#include <sys/stat.h>

#include <algorithm>

namespace certs {
namespace {

/// Where a session keeps its store.
int store_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

std::string stamp_of(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return "-";
  return std::to_string(info.st_ino) + "." + std::to_string(info.st_size) + "." + std::to_string(info.st_mtim.tv_sec) +
         "." + std::to_string(info.st_mtim.tv_nsec);
}

std::string stamp_of(const Files& files) { return stamp_of(files.certificate) + "/" + stamp_of(files.key); }

bool same_host(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool set_rules(SSL_CTX* ctx) {
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);  // tickets need no memory of ours
  SSL_CTX_set_num_tickets(ctx, 1);
  static constexpr unsigned char id[] = "exedra";
  return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK") == 1 &&
         SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") ==
             1 &&
         SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1 &&
         SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1) == 1;
}

bool set_pair(SSL_CTX* ctx, const Pair& pair) {
  if (SSL_CTX_use_certificate(ctx, pair.certificate.get()) != 1) return false;
  for (const CertPtr& link : pair.chain) {
    if (SSL_CTX_add1_chain_cert(ctx, link.get()) != 1) return false;
  }
  return SSL_CTX_use_PrivateKey(ctx, pair.key.get()) == 1;
}

/// The handshake itself proves that the client has the certificate's key; that anybody vouches for it, nothing.
int take_any(X509_STORE_CTX* shown, void*) {
  X509_STORE_CTX_set_error(shown, X509_V_ERR_CERT_UNTRUSTED);
  return 1;
}

void ask_clients(SSL_CTX* ctx, Clients clients, const base::Ref<const Authorities>& authorities) {
  if (clients == Clients::not_asked) return;
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, clients == Clients::judged ? &verify_and_go_on : &take_any, nullptr);
  if (authorities) SSL_CTX_set1_verify_cert_store(ctx, authorities->store());
}

}  // namespace

base::Result<base::Ref<Context>> Context::make(const Pair& pair, const std::vector<std::string>& alpn, Clients clients,
                                               const base::Ref<const Authorities>& authorities) {
  CtxPtr ctx(SSL_CTX_new(TLS_server_method()));
  if (ctx == nullptr || !set_rules(ctx.get()) || !set_pair(ctx.get(), pair)) return base::failure(openssl_error());
  base::Ref<Context> made(new Context(std::move(ctx)));
  made->expires_ = expiry(*pair.certificate);
  ask_clients(made->get(), clients, authorities);
  for (const std::string& name : alpn) made->alpn_ += static_cast<char>(name.size()) + name;
  if (!alpn.empty()) SSL_CTX_set_alpn_select_cb(made->get(), &Context::on_alpn, made.get());
  return made;
}

int Context::on_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                     unsigned int in_size, void* self) {
  const std::string& ours = static_cast<Context*>(self)->alpn_;
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                          static_cast<unsigned int>(ours.size()), in, in_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

base::Result<base::Ref<Store>> Store::load(std::vector<Host> hosts, std::vector<std::string> alpn, base::WallTime now,
                                           std::vector<Problem>& problems, Clients clients,
                                           base::Ref<const Authorities> authorities) {
  base::Ref<Store> made(new Store);
  made->alpn_ = std::move(alpn);
  made->clients_ = clients;
  made->authorities_ = std::move(authorities);
  for (Host& host : hosts) {
    Entry entry{std::move(host), {}, {}};
    made->read_entry(entry, now, problems);
    made->entries_.push_back(std::move(entry));
  }
  const bool usable = std::ranges::any_of(made->entries_, [](const Entry& entry) { return bool(entry.context); });
  if (!usable) return base::failure("loading certificates: no host has a usable one");
  return made;
}

base::Ref<Store> Store::reload(base::WallTime now, std::vector<Problem>& problems) const {
  base::Ref<Store> next(new Store);
  next->alpn_ = alpn_;
  next->clients_ = clients_;
  next->authorities_ = authorities_;
  next->entries_ = entries_;
  for (Entry& entry : next->entries_) {
    if (entry.stamp != stamp_of(entry.host.files)) next->read_entry(entry, now, problems);
  }
  return next;
}

void Store::read_entry(Entry& entry, base::WallTime now, std::vector<Problem>& problems) const {
  const std::string stamp = stamp_of(entry.host.files);  // taken first: a change while we read is seen next time
  const auto pair = load_pair(entry.host.files, entry.host.name, now, problems);
  if (!pair) return;
  auto context = Context::make(*pair, alpn_, clients_, authorities_);
  if (!context) {
    problems.push_back({Fault::unsupported_key, entry.host.files.certificate, context.error().what});
    return;
  }
  SSL_CTX_set_tlsext_servername_callback((*context)->get(), &Store::on_server_name);
  entry.context = std::move(*context);
  entry.stamp = stamp;
}

const base::Ref<Context>* Store::find(std::string_view host) const {
  for (const Entry& entry : entries_) {
    if (entry.context && same_host(entry.host.name, host)) return &entry.context;
  }
  return nullptr;
}

const base::Ref<Context>& Store::choose(std::string_view host) const {
  if (const auto* found = find(host)) return *found;
  return std::ranges::find_if(entries_, [](const Entry& entry) { return bool(entry.context); })->context;
}

SslPtr Store::new_session(std::string_view host) const {
  SslPtr ssl(SSL_new(choose(host)->get()));
  if (ssl == nullptr || SSL_set_ex_data(ssl.get(), store_slot(), const_cast<Store*>(this)) != 1) return nullptr;
  SSL_set_accept_state(ssl.get());
  return ssl;
}

int Store::on_server_name(SSL* ssl, int*, void*) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const auto* store = static_cast<const Store*>(SSL_get_ex_data(ssl, store_slot()));
  if (name == nullptr || store == nullptr) return SSL_TLSEXT_ERR_NOACK;
  // An unknown name keeps the session's first certificate: the peer judges it, and the stream says host-unknown.
  if (const auto* found = store->find(name)) SSL_set_SSL_CTX(ssl, (*found)->get());
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace certs
