// Whether a peer's certificate proves that it speaks for a domain (RFC 6120 section 13.7, RFC 9525, XEP-0178). What
// follows from the judgement is the policy's matter: without a valid one nobody is ever trusted for it (SECURITY F04).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "certs/openssl.h"

namespace certs {

/// What a peer showed in a handshake.
struct Shown {
  const X509* certificate = nullptr;  ///< its own; null: none
  int chain = X509_V_OK;              ///< what was wrong with the way to an authority, X509_V_OK: nothing
};

/// An XMPP domain.
struct PeerName {
  std::string_view domain;      ///< as in an address: UTF-8, lower case
  std::string_view ascii = {};  ///< the same in A-labels; empty: they don't differ
};

struct Judgement {
  bool named = false;        ///< it names the domain
  bool in_time = false;      ///< neither expired nor of the future
  bool fit = false;          ///< for TLS
  bool believed = false;     ///< an authority of ours vouches for it
  bool self_signed = false;  ///< it vouches for itself; may be believed all the same
  std::string reason;        ///< what is wrong first, for the operator; empty: valid

  bool valid() const { return named && in_time && fit && believed; }
};

Judgement judge(const Shown& shown, const PeerName& name, base::WallTime now);

/// A dNSName, an SRVName of xmpp-server or an xmppAddr of the certificate is this domain. In the first two "*" may
/// stand for the whole first label. The common name says nothing.
bool names_domain(const X509& certificate, const PeerName& name);

/// Who signed it, in one line.
std::string issuer(const X509& certificate);
/// It vouches for itself.
bool is_self_signed(const X509& certificate);

}  // namespace certs
