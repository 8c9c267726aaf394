// A stream that we open to another server: STARTTLS, SASL EXTERNAL (XEP-0178) or dialback as initiating server
// (XEP-0220 2.1), more pairs over the same stream (2.5), questions to it as authoritative server, bidi (XEP-0288),
// stream management with resumption (XEP-0198). Sans-IO: elements in; bytes and requests out, through OutgoingOwner.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "s2s/server_stream.h"

namespace s2s {

/// An old stream to the same peer, as it was when the connection was lost.
struct Lost {
  std::string id;             ///< that the peer gave for resumption
  std::uint32_t handled = 0;  ///< what we handled of it (bidi)
  std::set<DomainPair> sends, receives;
};

/// How to open a stream, and for what.
struct Plan {
  DomainPair pair;
  bool certificate = false;  ///< there is one of ours to show: EXTERNAL where it is offered
  bool bidi = true;
  bool stream_management = true;
  bool questions_only = false;  ///< for verify(); the pair itself asks for nothing
  std::optional<Lost> lost = {};
  StreamLimits limits = {};
};

/// What was reached, once stanzas may be sent.
struct Established {
  bool external = false;  ///< how we proved our domain; else by dialback
  bool sm = false;        ///< what is sent from now on counts
  std::string sm_id;      ///< for a resumption; empty for none
  std::uint32_t max = 0;  ///< seconds it is kept, where the peer tells
  bool resumed = false;
  /// What the peer handled of the old stream, where it told: release that; send the rest again.
  std::optional<std::uint32_t> h = {};
};

class OutgoingOwner : public StreamOwner {
 public:
  /// The plan's pair may be sent for, after what was negotiated.
  virtual void established(const Established& how) = 0;
  /// A pair of request() may be sent for, or not. If the plan's own is refused, nothing else comes of this stream.
  virtual void pair_accepted(const DomainPair& pair) = 0;
  virtual void pair_refused(const DomainPair& pair, const Verdict& verdict) = 0;
  /// The authoritative server's answer to ask().
  virtual void answered(const Question& question, const Verdict& verdict) = 0;

 protected:
  ~OutgoingOwner() = default;
};

class Outgoing final : public ServerStream {
 public:
  Outgoing(OutgoingOwner& owner, Plan plan);
  /// The connection moved; between two inputs.
  void attach(OutgoingOwner& owner);

  /// The connection is there, with direct TLS (XEP-0368) after on_tls_established().
  void open();
  void on_tls_established();
  Next on_header(const xml::Element& header, std::string_view default_ns) override;
  Next on_element(xml::Document element) override;

  /// Another pair over this stream; one of another domain only where the owner knows that its name leads to this peer,
  /// who could pass the key on. False if it can't be tried here: not established, too many, another domain's
  /// server that knows no dialback errors (XEP-0220 2.5.2), or one that policy wants to see a certificate of.
  bool request(const DomainPair& pair);
  /// Is `question.key` yours? Sent as soon as the stream is ready for it. False if too many are under way.
  bool ask(const Question& question);
  /// The answer is not waited for any longer; one that comes late does no harm.
  void forget(const Question& question);

  bool may_send(const DomainPair& pair) const { return sends_.contains(pair); }
  const std::set<DomainPair>& sends() const { return sends_; }
  bool is_established() const { return established_; }
  /// The plan's lost stream, as long as the peer has not said what became of it.
  const Lost* still_lost() const;

 private:
  struct Asked {
    Question question;
    bool sent = false, forgotten = false;
  };

  bool peer_is_believed();
  void take_features(const xml::Element& features);
  void take_tls(const xml::Element& element);
  void take_sasl(const xml::Element& element);
  void take_sm(const xml::Element& element);
  void take_dialback(const xml::Element& element);
  void take_result(const Dialback& answer);
  void take_answer(const Dialback& answer);
  void begin_dialback();
  void send_request(const DomainPair& pair);
  void ready_for_questions();
  void accept_first();
  void negotiate_sm();
  void establish(Established how);

  OutgoingOwner* outgoing_owner_;
  const Plan plan_;
  StreamRules rules_;
  bool errors_known_ = false;  // dialback errors (XEP-0220 2.4.2)
  bool sm_offered_ = false;
  bool ready_ = false;  // for dialback
  bool established_ = false;
  enum class Sm : std::uint8_t { none, enabling, resuming } sm_ = Sm::none;
  std::optional<std::uint32_t> lost_h_;  // told by a failed resumption
  std::set<DomainPair> requested_, sends_;
  std::vector<Asked> questions_;
};

}  // namespace s2s
