// The server's side of a client's stream, from its header to a bound resource and on: headers, features, STARTTLS,
// SASL and SASL2, binding, stream management's requests (RFC 6120 4 to 7, XEP-0388, XEP-0386, XEP-0198). Sans-IO:
// elements in; bytes and requests out, through NegotiationOwner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stream/mechanisms.h"
#include "xml/stream_reader.h"
#include "xmpp/error.h"
#include "xmpp/jid.h"

namespace stream {

/// What is offered to every client of a listener. Immutable while shared; a reload makes a new one.
struct StreamOffer final : base::RefCounted {
  bool starttls = true;  ///< a certificate is there
  bool stream_management = true;
  FakeAccounts fake;  ///< its secret also makes stable resources (XEP-0386)
  /// Serialised features of a stream after login, such as `<ver xmlns='urn:xmpp:features:rosterver'/>`; not those
  /// that negotiation itself handles (bind, session, sm, limits).
  std::vector<std::string> features;
  std::vector<std::string> bind2_features;  ///< `var`s of Bind 2's inline features, without stream management's
  std::uint32_t login_max_bytes = 0;        ///< XEP-0478, before login; 0 leaves a limit out
  std::uint32_t max_bytes = 0;              ///< the same after login
  std::uint32_t idle_seconds = 0;
  std::uint32_t max_failures = 5;  ///< failed logins on one stream (RFC 6120 6.4.5)
};

/// One of our domains, as a stream sees it.
struct LocalHost {
  std::string domain;         ///< prepared
  bool registration = false;  ///< in-band registration before login (XEP-0077)
  bool scram = true;          ///< what its authenticator can check
  bool plain = true;
};

struct ResumeRequest {
  xmpp::Jid account;  ///< bare, authenticated
  std::string previd;
  std::uint32_t h;
};
struct ResourceRequest {
  xmpp::Jid account;                    ///< bare, authenticated
  std::string resource;                 ///< unprepared; empty for one of the server's making
  const xml::Element* bind2 = nullptr;  ///< XEP-0386's <bind/>, valid until the answer; carbons, CSI … are its reader's
};
struct SmRequest {
  bool resume = false;
  std::optional<std::uint32_t> max;  ///< seconds the client would like
};
struct SmEnabled {
  std::string id;         ///< empty where the stream can't be resumed
  std::uint32_t max = 0;  ///< seconds; 0 leaves it out
};

/// Who holds the connection. Requests and news are the last thing an input to Negotiation does, so a request may be
/// answered before it returns. random, find_host, default_host, session_features, send and restart_reader must not call
/// back. From within any call Negotiation must not be destroyed or moved, nor its reader fed.
class NegotiationOwner {
 public:
  virtual base::Random& random() = 0;
  /// Nothing for a domain (prepared) that is not ours.
  virtual std::optional<LocalHost> find_host(std::string_view domain) = 0;
  /// Whose name an error is sent from when the client named no host of ours (RFC 6120 4.9.1.3).
  virtual std::string default_host() = 0;
  /// Serialised features of a stream after login that only this host has, beside those of the StreamOffer.
  virtual std::string session_features(std::string_view /*domain*/) { return {}; }

  virtual void send(std::string bytes) = 0;
  /// The stream starts anew: StreamReader::restart(). Called while an element is being fed, or from an answer.
  virtual void restart_reader() = 0;
  /// <proceed/> was sent and the reader restarted. Bytes already read beyond must end the connection (SECURITY T01).
  /// Answer: on_tls_established. A handshake that fails just closes the connection.
  virtual void start_tls() = 0;

  /// A login failed that counts, and the client is about to be told.
  virtual void login_failed() {}

  // ---- requests; each pauses reading (wants_input() is false) until it is answered ----

  /// Answer: on_credentials or on_unavailable. `account` is bare and on this stream's host.
  virtual void look_up(const xmpp::Jid& account, Hash hash) = 0;
  /// Answer: on_password_checked or on_unavailable. Takes as long for an account that does not exist (fake_keys).
  virtual void check_password(const xmpp::Jid& account, base::Secret password) = 0;
  /// The client proved to be `account`; nothing was said to it yet. Move the connection to the account's shard
  /// after feed() has returned. Answer: continue_after_move or refuse_login.
  virtual void authenticated(const xmpp::Jid& account) = 0;
  /// A register iq (XEP-0077) before login, as the client sent it. Answer: on_registration_answer.
  virtual void register_account(xml::Document iq) = 0;
  /// Answer: on_resumed or on_resume_failed.
  virtual void resume(const ResumeRequest& request) = 0;
  /// Answer: on_bound or on_bind_failed.
  virtual void bind(const ResourceRequest& request) = 0;
  /// After binding. Answer: on_sm_enabled or on_sm_failed. A stanza sent counts from the moment sm_enabled() is true:
  /// it is when <enabled/> has been sent, and in established() if Bind 2 asked for it.
  virtual void enable_sm(const SmRequest& request) = 0;

  // ---- the session ----

  /// The client knows its address now and may be sent stanzas: after on_bound's or on_resumed's bytes were sent.
  virtual void established(const xmpp::Jid& jid, bool resumed) = 0;
  /// A first-level element that is a stanza by name.
  virtual void on_stanza(xml::Document element) = 0;
  /// XEP-0198's <r/>, and <a/> with its `h`; only while stream management is on.
  virtual void on_ack_request() = 0;
  virtual void on_ack(std::uint32_t h) = 0;
  virtual void on_client_state(bool active) = 0;  ///< XEP-0352

  // ---- the end ----

  /// The client sent </stream:stream>. Say what is left to say (an <a/>), then call close().
  virtual void peer_closed() = 0;
  /// Ours was sent; flush, then close the connection (within 5 s: SECURITY S08). Null `error` after close().
  virtual void closed(const xmpp::StreamError* error) = 0;

 protected:
  ~NegotiationOwner() = default;
};

class ClientStream;

/// One client's stream. Belongs to its connection and moves with it between shards; keeps nothing of a shard but the
/// owner, which attach() sets anew. Small once bound.
class Negotiation final : public xml::StreamSink {
 public:
  /// `loopback_plaintext_allowed`: login without TLS, by the operator's leave and to a loopback peer only.
  Negotiation(NegotiationOwner& owner, base::Ref<const StreamOffer> offer, bool loopback_plaintext_allowed = false);
  Negotiation(Negotiation&&) noexcept;
  Negotiation& operator=(Negotiation&&) noexcept;
  ~Negotiation() override;
  void attach(NegotiationOwner& owner);

  // ---- input from the reader; `pause` as long as !wants_input() ----
  Next on_header(const xml::Element& header, std::string_view default_ns) override;
  Next on_element(xml::Document element) override;
  void on_end() override;
  /// The reader's fault ends the stream with the error it maps to.
  void on_fault(xml::Fault fault);

  /// After start_tls(), or before the first header on a direct TLS port (XEP-0368).
  void on_tls_established(ChannelBinding binding);

  // ---- answers; one that comes after the stream was closed is ignored ----
  /// No keys: no such account, or it may not log in by this mechanism.
  void on_credentials(std::optional<ScramKeys> keys);
  void on_password_checked(bool fits);
  /// The authenticator is down or late (SECURITY A08).
  void on_unavailable();
  void continue_after_move();
  void refuse_login(SaslCondition condition);  ///< account-disabled, temporary-auth-failure, …
  /// `iq` is the whole result or error.
  void on_registration_answer(const xml::Document& iq);
  /// `jid` full; `h` what the server handled. Send again what the client lacks once this has returned.
  void on_resumed(const xmpp::Jid& jid, std::uint32_t h);
  /// `h` where it is still known. The client may bind a new resource.
  void on_resume_failed(std::optional<std::uint32_t> h, xmpp::Condition condition = xmpp::Condition::item_not_found);
  /// `bound` is XEP-0386's <bound/> as the features filled it; empty for classic binding.
  void on_bound(const xmpp::Jid& jid, xml::Document bound = {});
  void on_bind_failed(const xmpp::StanzaError& error);
  void on_sm_enabled(const SmEnabled& enabled);
  void on_sm_failed(xmpp::Condition condition);

  // ---- the owner ends the stream ----
  /// Header if none was sent yet, the error, </stream:stream>, closed(). Nothing if closed already.
  void fail(const xmpp::StreamError& error);
  /// </stream:stream> and closed().
  void close();

  // ---- state ----
  /// False while an answer is awaited and after the end: feed the reader only while true.
  bool wants_input() const;
  bool is_closed() const;
  bool is_established() const;  ///< bound or resumed
  bool sm_enabled() const;
  /// The host the client named; empty before its header was taken.
  std::string_view host() const;
  /// xml:lang of the client's header: the default for its stanzas (RFC 6120 4.7.4). May be empty.
  std::string_view lang() const;

 private:
  std::unique_ptr<ClientStream> stream_;
};

}  // namespace stream
