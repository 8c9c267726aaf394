// The certificates a listener serves: one SSL_CTX per host, chosen by the name the client asks for.
// A store never changes: reload() makes the next one, which is then handed to every shard; sessions
// that run on the old one keep it alive (T04).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "certs/authorities.h"
#include "certs/pair.h"

namespace certs {

/// Whether a client is asked for a certificate of its own. It may do without; any is taken, because it is known by its
/// fingerprint and not by who signed it. Where it is judged, any is taken too, and what the way to an authority is
/// worth is kept for the judge (certs/judge.h).
enum class Clients : std::uint8_t { not_asked, asked, judged };

/// An SSL_CTX with our rules (TLS 1.2+, AEAD, no renegotiation, one ticket) for one pair.
class Context : public base::RefCounted {
 public:
  /// `alpn`: protocols accepted of a client that names any; one that names none of them is refused, one that
  /// uses no ALPN is accepted.
  static base::Result<base::Ref<Context>> make(const Pair& pair, const std::vector<std::string>& alpn,
                                               Clients clients = Clients::not_asked,
                                               const base::Ref<const Authorities>& authorities = {});

  SSL_CTX* get() const { return ctx_.get(); }
  base::WallTime expires() const { return expires_; }

 private:
  explicit Context(CtxPtr ctx) : ctx_(std::move(ctx)) {}
  static int on_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                     unsigned int in_size, void* self);

  CtxPtr ctx_;
  std::string alpn_;  ///< in the wire's form
  base::WallTime expires_;
};

struct Host {
  std::string name;
  Files files;
};

class Store : public base::RefCounted {
 public:
  /// Loads every host. Problems, warnings too, are added to `problems`; hosts without a usable pair are left out.
  /// Fails only when no host is left. Any thread; blocks on disk. Clients that are judged are so by `authorities`;
  /// without any no certificate is believed.
  static base::Result<base::Ref<Store>> load(std::vector<Host> hosts, std::vector<std::string> alpn, base::WallTime now,
                                             std::vector<Problem>& problems, Clients clients = Clients::not_asked,
                                             base::Ref<const Authorities> authorities = {});

  /// The next store: files that changed are read again; a host whose new pair is bad keeps the old one, and is
  /// tried again at the next call. Any thread; blocks on disk.
  base::Ref<Store> reload(base::WallTime now, std::vector<Problem>& problems) const;

  /// The context for `host`, whatever its case; the first host's where that is unknown (or empty). Never empty.
  const base::Ref<Context>& choose(std::string_view host) const;

  /// Server side of a new session that starts with `host`'s certificate and changes to the one SNI asks for.
  /// The caller holds this store as long as the session. Empty if memory ran out.
  SslPtr new_session(std::string_view host) const;

 private:
  struct Entry {
    Host host;
    std::string stamp;  ///< what the files looked like when they were read
    base::Ref<Context> context;
  };

  Store() = default;
  void read_entry(Entry& entry, base::WallTime now, std::vector<Problem>& problems) const;
  const base::Ref<Context>* find(std::string_view host) const;
  static int on_server_name(SSL* ssl, int* alert, void*);

  std::vector<Entry> entries_;
  std::vector<std::string> alpn_;
  Clients clients_ = Clients::not_asked;
  base::Ref<const Authorities> authorities_;
};

}  // namespace certs
