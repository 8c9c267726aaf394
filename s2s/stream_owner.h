// What a stream between servers asks of whoever holds its connection, and tells it; the part both directions share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "s2s/dialback.h"
#include "xml/element.h"
#include "xmpp/error.h"
#include "xmpp/jid.h"

namespace s2s {

/// What policy says about a pair.
struct StreamRules {
  bool encryption_required = true;
  bool dialback = true;  ///< may prove a domain; otherwise a certificate that is believed has to
  bool receives = true;  ///< the peer may send to us over a stream that it opens
  bool bidi = true;      ///< one stream may go both ways (XEP-0288)
};

/// A stanza whose pair is authorised. Its tree is of jabber:client, as everywhere behind the edge.
struct Arrival {
  DomainPair pair;
  /// Empty if malformed but for the domain. Without `from` it can only be dropped, without `to` it gets jid-malformed.
  xmpp::Jid from, to;
  xml::Document stanza;
};

/// Requests and news are the last thing an input does, so a request may be answered before it returns. What is asked
/// for and answered by a value must not call back, nor may send and restart_reader. From within any call the stream
/// must not be destroyed or moved, nor its reader fed.
///
/// The owner keeps the deadlines and ends with close() or fail(connection-timeout): from the connection's begin to its
/// first pair; for the answer to each question (verify); for each <r/>; for the peer's end after ours.
class StreamOwner {
 public:
  virtual base::Random& random() = 0;
  virtual const DialbackKeys& keys() = 0;
  virtual bool is_local(std::string_view domain) = 0;
  /// Whose name an error is sent from when the peer named no domain of ours (RFC 6120 4.9.1.3).
  virtual std::string default_domain() = 0;
  /// Nothing if these two must not talk: blocked, or the remote domain is ours too. `remote` is empty while unknown.
  virtual std::optional<StreamRules> rules(const DomainPair& pair) = 0;
  /// The peer's certificate is believed (chain, dates, pins) and names this domain. Asked once TLS is established.
  virtual bool certificate_names(std::string_view domain) = 0;

  /// Of a domain whose key is pinned: the peer shows that key, or one that can be pinned.
  virtual bool key_fits(std::string_view /*domain*/) { return true; }

  virtual void send(std::string bytes) = 0;
  /// The stream starts anew: StreamReader::restart(). Called while an element is being fed.
  virtual void restart_reader() = 0;
  /// The handshake follows; answer: on_tls_established. Bytes already read beyond must end the connection (SECURITY
  /// T01). A handshake that fails just closes the connection.
  virtual void start_tls() = 0;

  /// Ask the authoritative server of pair.remote, over another stream than this (XEP-0288 2.2). Answer: on_verified.
  virtual void verify(const Question& question) = 0;
  /// From now on the peer may send for this pair.
  virtual void authorised(const DomainPair& pair) = 0;
  /// It may not; for the log.
  virtual void refused(const DomainPair& /*pair*/, const Verdict& /*verdict*/) {}
  /// To be handled in order, each followed by handled().
  virtual void on_stanza(Arrival arrival) = 0;
  /// The peer handled so many (XEP-0198): release them from the queue; fail() if it was sent fewer.
  virtual void on_ack(std::uint32_t h) = 0;

  /// The peer sent </stream:stream>. Say what is left to say, then call close().
  virtual void peer_closed() = 0;
  /// Ours was sent; flush, then close the connection. Null `error` after close(). All that was asked has failed.
  virtual void closed(const xmpp::StreamError* error, bool by_peer) = 0;

 protected:
  ~StreamOwner() = default;
};

}  // namespace s2s
