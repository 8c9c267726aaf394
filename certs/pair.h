// A certificate chain and its private key as they lie on disk in PEM, and what can be wrong with them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "certs/openssl.h"

namespace certs {

/// Where a host's pair lies.
struct Files {
  std::string certificate;  ///< PEM chain, the host's own certificate first
  std::string key;          ///< PEM private key without passphrase, ECDSA or RSA
};

enum class Fault : std::uint8_t {
  missing,
  unreadable,
  no_certificate,
  no_key,
  unsupported_key,
  key_mismatch,
  expired,         ///< a warning: the pair is used all the same
  host_not_named,  ///< a warning: the pair is used all the same
};

struct Problem {
  Fault fault;
  std::string file;
  std::string reason;  ///< for the operator, without the file's name

  bool warning() const { return fault == Fault::expired || fault == Fault::host_not_named; }
  std::string text() const { return file + ": " + reason; }
};

struct Pair {
  CertPtr certificate;
  std::vector<CertPtr> chain;  ///< intermediates, in the order of the file
  KeyPtr key;
};

/// Reads both files. Nothing is given back when a problem that is no warning was found; every problem is
/// added to `problems`. Any thread; blocks on disk.
std::optional<Pair> load_pair(const Files& files, std::string_view host, base::WallTime now,
                              std::vector<Problem>& problems);

/// Creates an ECDSA P-256 key and a certificate for `host`, and for `also` beside it, signed by itself, valid for
/// `days`. Each file is written aside, synced and renamed, so that a reader never sees half of one; the key's mode is
/// 0600.
base::Result<void> create_self_signed(std::string_view host, const Files& files, base::WallTime now, int days = 365,
                                      const std::vector<std::string>& also = {});

base::WallTime expiry(const X509& certificate);

/// A dNSName (or, without one, the common name) of the certificate matches `host`; wildcards as in RFC 6125.
bool names_host(const X509& certificate, std::string_view host);

/// The tls-server-end-point channel binding (RFC 5929 section 4.1): the certificate hashed by its signature's hash,
/// by SHA-256 where that is MD5, SHA-1 or none. Empty if OpenSSL cannot do it.
std::string end_point_hash(const X509& certificate);

/// SHA-256 of the certificate in lower-case hexadecimal, by which a client's is known. Empty if OpenSSL cannot do it.
std::string fingerprint(const X509& certificate);
/// The same of its public key (SubjectPublicKeyInfo), which may outlive the certificate.
std::string key_fingerprint(const X509& certificate);

}  // namespace certs
