// A stream that another server opened, from its header on: features, STARTTLS, SASL EXTERNAL (XEP-0178), dialback as
// receiving and as authoritative server (XEP-0220 2.2), bidi (XEP-0288), stream management (XEP-0198). Sans-IO:
// elements in; bytes and requests out, through IncomingOwner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "s2s/server_stream.h"
#include "stream/negotiation.h"
#include "stream/sasl.h"

namespace s2s {

/// What is offered to every server.
struct Offer {
  bool starttls = true;  ///< a certificate is there
  bool stream_management = true;
  bool bidi = true;
  std::uint32_t max_failures = 3;  ///< of EXTERNAL (RFC 6120 6.4.5)
  StreamLimits limits = {};
};

struct Resumption {
  DomainPair pair;  ///< the first that was authorised on the new stream
  std::string previd;
  std::uint32_t h;
};

class IncomingOwner : public StreamOwner {
 public:
  // ---- requests; each pauses reading until it is answered ----
  /// Answer: on_sm_enabled or on_sm_failed.
  virtual void enable_sm(const stream::SmRequest& request) = 0;
  /// Answer: on_resumed or on_resume_failed. Only where the old stream was authorised for this pair too, and once all
  /// that came over it was handled: the peer sends the rest again.
  virtual void resume(const Resumption& request) = 0;

  /// From now on pairs that the peer may send for may be sent to over this stream (may_send). Told once.
  virtual void bidi_enabled() {}

 protected:
  ~IncomingOwner() = default;
};

class Incoming final : public ServerStream {
 public:
  explicit Incoming(IncomingOwner& owner, Offer offer = {});
  /// The connection moved; between two inputs.
  void attach(IncomingOwner& owner);

  Next on_header(const xml::Element& header, std::string_view default_ns) override;
  Next on_element(xml::Document element) override;

  /// After start_tls(), or before the first header on a direct TLS port (XEP-0368).
  void on_tls_established();

  // ---- answers; one that comes after the stream was closed is ignored ----
  void on_sm_enabled(const stream::SmEnabled& enabled);
  void on_sm_failed(xmpp::Condition condition);
  /// `h` is what we handled of the old stream, whose pairs are authorised again.
  void on_resumed(std::uint32_t h, const std::set<DomainPair>& pairs);
  void on_resume_failed(std::optional<std::uint32_t> h, xmpp::Condition condition = xmpp::Condition::item_not_found);

  /// XEP-0288 2.2: what the peer proved to be, it may be told.
  bool may_send(const DomainPair& pair) const { return bidi_ && may_receive(pair); }

 private:
  std::optional<xmpp::StreamError> judge(const DomainPair& named);
  std::string features() const;
  bool usable() const { return secure_ || !rules_.encryption_required; }
  bool take_negotiation(const xml::Element& element);
  bool take_sm(const xml::Element& element);
  void start_tls();
  void enable_bidi();
  void authenticate(const xml::Element& auth);
  void respond(const xml::Element& response);
  void check_identity(std::string_view authzid);
  void refuse_login(stream::SaslCondition condition);
  void dialback(const xml::Element& element);
  void answer_sm(const xml::Document& answer);

  IncomingOwner* incoming_owner_;
  const Offer offer_;
  StreamRules rules_;
  bool external_ = false;  // offered
  unsigned failures_ = 0;
  std::optional<DomainPair> first_;  // authenticated by EXTERNAL: named by every header from then on
  std::string previd_;
};

}  // namespace s2s
