// What streams between servers have in common, whoever opened them: the frame (headers, TLS, errors, the end), what the
// peer may send us (XEP-0220 2.2, RFC 6120 8.1) and the counts of XEP-0198. Sans-IO. Private to incoming and outgoing.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "s2s/stream_owner.h"
#include "stream/sm.h"
#include "xml/stream_reader.h"

namespace s2s {

namespace ns {
inline constexpr std::string_view bidi = "urn:xmpp:bidi";
inline constexpr std::string_view bidi_feature = "urn:xmpp:features:bidi";
}  // namespace ns

/// Bounds of one stream.
struct StreamLimits {
  std::uint32_t pairs = 100;     ///< authorised, each way
  std::uint32_t questions = 50;  ///< dialback keys under way, each way
};

/// Where a stream stands between two elements.
enum class Phase : std::uint8_t {
  idle,      ///< nothing was said yet
  header,    ///< a stream header has to come
  features,  ///< outgoing: <stream:features/> have to come
  proceed,   ///< outgoing: <proceed/> has to come
  sasl,      ///< an exchange runs
  tls,       ///< the handshake runs; no input
  waiting,   ///< for the owner; no input
  open,
  closed,
};

class ServerStream : public xml::StreamSink {
 public:
  ServerStream(const ServerStream&) = delete;
  ServerStream& operator=(const ServerStream&) = delete;

  // ---- input from the reader; `pause` as long as !wants_input() ----
  void on_end() override;
  /// The reader's fault ends the stream with the error it maps to.
  void on_fault(xml::Fault fault);

  /// Answer to StreamOwner::verify. One that nobody waits for is ignored.
  void on_verified(const Question& question, const Verdict& verdict);

  // ---- stanzas ----
  bool may_receive(const DomainPair& pair) const { return receives_.contains(pair); }
  const std::set<DomainPair>& receives() const { return receives_; }
  /// The oldest stanza not yet handled was handled.
  void handled();
  std::uint32_t handled_count() const { return handled_.h(); }
  /// <a/> and <r/>; only while sm_enabled().
  void acknowledge();
  void request_ack();

  // ---- the owner ends the stream ----
  /// Header if none was sent yet, the error, </stream:stream>, closed(). Nothing if closed already.
  void fail(const xmpp::StreamError& error);
  void close();
  /// Stops reading for a while: the connection moves to another shard.
  void pause() { paused_ = true; }
  void resume() { paused_ = false; }

  // ---- state ----
  bool wants_input() const;
  bool is_closed() const { return phase_ == Phase::closed; }
  bool is_secure() const { return secure_; }
  bool sm_enabled() const { return sm_enabled_; }
  bool bidi() const { return bidi_; }
  /// SASL EXTERNAL proved the domain of whoever opened it.
  bool external() const { return authenticated_; }
  /// Of the header that was taken last; `remote` may be empty on a stream that a peer opened.
  const DomainPair& pair() const { return pair_; }

 protected:
  ServerStream(StreamOwner& owner, StreamLimits limits) : owner_(&owner), limits_(limits) {}
  ~ServerStream() override = default;
  void attach(StreamOwner& owner) { owner_ = &owner; }

  Next next() const { return wants_input() ? Next::go_on : Next::pause; }
  std::string header(const DomainPair& pair, std::string_view id);
  void restart();
  void end(std::string bytes, const xmpp::StreamError* error, bool by_peer = false);
  void misplaced();

  /// Elements that mean the same in every direction and phase; false leaves it to the caller.
  bool take_common(xml::Document& element);
  /// <db:result/> or <db:verify/> without type: the peer asks.
  void on_request(const Dialback& request);
  void grant(const DomainPair& pair) { receives_.insert(pair); }
  void begin_sm(std::uint32_t h);

  StreamOwner* owner_;
  const StreamLimits limits_;
  DomainPair pair_;
  Phase phase_ = Phase::idle;
  std::string id_;  // of the stream, by the side that answered it; changes with each header
  bool secure_ = false;
  bool authenticated_ = false;  // by EXTERNAL
  bool header_sent_ = false;    // on this stream, that is since the last restart
  bool bidi_ = false;
  bool sm_tried_ = false;
  std::vector<Question> asked_;  // the peer's keys that the owner has verified

 private:
  void authorise(const Dialback& request, const StreamRules& rules);
  std::optional<Verdict> judge(const Dialback& request, const StreamRules& rules);
  void answer(const Dialback& request, const Verdict& verdict);
  void refuse(const Dialback& request, xmpp::Condition condition);
  void stanza(xml::Document element);
  void take_ack(const xml::Element& element);
  void take_error(const xml::Element& element);

  std::set<DomainPair> receives_;
  stream::InboundCounter handled_;
  std::uint32_t under_way_ = 0;  // stanzas with the owner
  std::uint32_t uncounted_ = 0;  // of these, those that came before stream management
  bool sm_enabled_ = false;
  bool paused_ = false;
};

}  // namespace s2s
