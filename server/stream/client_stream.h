// The machine behind Negotiation: where a client's stream stands, and what each element does there. Private to
// stream/. The table and the stream's frame are in client_stream.cpp; login.cpp and session.cpp hold what follows.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "stream/negotiation.h"
#include "stream/sasl_elements.h"

namespace stream {

/// Where a stream stands between two elements.
enum class Phase : std::uint8_t {
  header,   ///< a stream header has to come
  login,    ///< features were sent; not authenticated
  sasl,     ///< an exchange runs and the client has to respond
  sasl2,    ///< the same by XEP-0388
  waiting,  ///< for the owner, see Wait
  unbound,  ///< authenticated
  bound,
  closed,
};

/// The answer awaited.
enum class Wait : std::uint8_t { nothing, tls, credentials, password, move, registration, resume, bind, sm };

/// One attempt to authenticate, and what was asked for inside it (XEP-0388).
struct Attempt {
  Profile profile = Profile::sasl;
  std::unique_ptr<Mechanism> mechanism;
  xmpp::Jid account;            ///< looked up, then authenticated
  std::string additional_data;  ///< for <success/>
  std::string user_agent;
  std::optional<ResumeRequest> resume;
  xml::Document bind2;
  // what was answered, for <success/>
  std::string resume_result;
  xml::Document bound;
};

/// What is needed until the client is bound, and no longer.
struct Login {
  bool loopback_plaintext = false;  ///< login without TLS is allowed
  ChannelBinding binding;
  xmpp::Jid from;  ///< of the client's header
  unsigned failures = 0;
  Attempt attempt;
  bool inline_requests = false;  ///< between SASL2's end and its <success/>
  xmpp::Jid jid;                 ///< once bound
  std::string iq_id;             ///< of the bind request
  std::string previd;            ///< of the resumption asked for
};

class ClientStream {
 public:
  ClientStream(NegotiationOwner& to, base::Ref<const StreamOffer> what, bool loopback_plaintext);

  void on_header(const xml::Element& header, std::string_view default_ns);
  void on_element(xml::Document element);
  void on_end();
  void on_tls_established(ChannelBinding binding);
  void fail(const xmpp::StreamError& error);
  void close();

  // ---- what an element does, by the table ----
  void start_tls(xml::Document&);
  void refuse_tls(xml::Document&);
  void authenticate(xml::Document& element);
  void respond(xml::Document& element);
  void abort(xml::Document& element);
  void stray_response(xml::Document& element);
  void register_account(xml::Document& iq);
  void bind(xml::Document& iq);
  void bind_again(xml::Document& iq);
  void legacy_session(xml::Document& iq);
  void resume(xml::Document& element);
  void enable(xml::Document& element);
  void sm_misplaced(xml::Document&);
  void ack(xml::Document& element);
  void client_state(xml::Document& element);
  void stanza(xml::Document& element);
  void ignore(xml::Document&) {}
  void not_authorized(xml::Document&);
  void misplaced(xml::Document&);
  void unsupported(xml::Document&);

  // ---- answers ----
  void on_credentials(std::optional<ScramKeys> keys);
  void on_password_checked(bool fits);
  void on_unavailable();
  void continue_after_move();
  void refuse_login(SaslCondition condition);
  void on_registration_answer(const xml::Document& iq);
  void on_resumed(const xmpp::Jid& jid, std::uint32_t h);
  void on_resume_failed(std::optional<std::uint32_t> h, xmpp::Condition condition);
  void on_bound(const xmpp::Jid& jid, xml::Document bound);
  void on_bind_failed(const xmpp::StanzaError& error);
  void on_sm_enabled(const SmEnabled& enabled);
  void on_sm_failed(xmpp::Condition condition);

  void attach(NegotiationOwner& owner) { owner_ = &owner; }
  Phase phase() const { return phase_; }
  bool established() const { return established_; }
  bool sm_enabled() const { return sm_enabled_; }
  const LocalHost& host() const { return host_; }
  const std::string& lang() const { return lang_; }

 private:
  /// True once, if this is the answer awaited; false after the end.
  bool take_answer(Wait answer);
  void await(Wait answer);
  bool secure() const { return tls_ || login_->loopback_plaintext; }
  Circumstances circumstances() const;

  // client_stream.cpp
  std::optional<xmpp::StreamError> judge(const xmpp::Jid& from, std::string_view named) const;
  std::string header(std::string_view from, std::string_view to);
  void restart();
  void end(std::string bytes, const xmpp::StreamError* error);

  // login.cpp
  bool exhausted();
  void begin(const xml::Element& element);
  void take(Step step);
  void challenge(const Challenge& challenge);
  void need_credentials(NeedCredentials need);
  void need_password(NeedPasswordCheck need);
  void succeed(Success success);
  void refuse(const Failure& failure);
  xmpp::Jid account_of(std::string_view username) const;

  // session.cpp
  void answer_inline_requests();
  void request_resume(ResumeRequest request);
  void resume_failed(std::optional<std::uint32_t> h, xmpp::Condition condition);
  void bind_inline();
  void request_sm(const xml::Element& enable);
  void answer_sm(const xml::Document& answer);
  void finish_sasl2(const xmpp::Jid& identity, bool resumed);
  void establish(xmpp::Jid jid, bool resumed);

  NegotiationOwner* owner_;
  const base::Ref<const StreamOffer> offer_;
  LocalHost host_;
  std::string lang_;
  std::unique_ptr<Login> login_ = std::make_unique<Login>();  // null once established or closed
  Phase phase_ = Phase::header;
  Wait wait_ = Wait::nothing;
  bool tls_ = false;
  bool header_sent_ = false;  // on this stream, that is since the last restart
  bool authenticated_ = false;
  bool established_ = false;
  bool sm_tried_ = false;
  bool sm_enabled_ = false;
};

}  // namespace stream
