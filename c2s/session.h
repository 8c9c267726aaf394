// The client's end of one bound resource: what was sent to it and not acknowledged, what it sent and is not complete
// (XEP-0198), with a connection or, for a while, without one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/lazy.h"
#include "base/loop.h"
#include "router/session.h"
#include "stream/sm.h"

namespace c2s {

class Shard;

/// The connection as its session sees it. After let_go() it calls the session no more.
class Wire {
 public:
  virtual void write(std::string_view bytes) = 0;
  virtual std::size_t queued_bytes() const = 0;
  virtual const std::string& peer() const = 0;
  /// The session can take more again, or can't.
  virtual void update_reading() = 0;
  /// Answers to bind and resume.
  virtual void bound(const xmpp::Jid& jid, xml::Document bound) = 0;
  virtual void bind_failed(const xmpp::StanzaError& error) = 0;
  virtual void resumed(const xmpp::Jid& jid, std::uint32_t h) = 0;
  virtual void let_go() = 0;
  /// Ends the stream with an error.
  virtual void fail(const xmpp::StreamError& why) = 0;
  /// Breaks the connection; it reports the loss in a later step.
  virtual void cut(std::string_view why) = 0;

 protected:
  ~Wire() = default;
};

/// Owned by its Shard; ends by finish(), lost(), close() of accounts, expiry or overflow, each of which gives what was
/// not acknowledged back to accounts.
class Session final : public router::SessionLink {
 public:
  Session(Shard& shard, std::uint64_t number, xmpp::Jid account, Wire& wire);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // ---- accounts ----
  void deliver(router::Delivery delivery) override;
  void completed(std::uint32_t count) override;
  void weigh(std::size_t copies) override;
  std::vector<router::Delivery> close(const xmpp::StreamError& why) override;
  std::string peer() const override;
  bool hibernated() const override { return wire_ == nullptr; }

  // ---- the connection ----
  void on_bind_answer(base::Result<router::Bound, xmpp::StanzaError> answer);
  /// The client knows its address: what waits is sent, after a resumption also what it may not have got.
  void go_live();
  void submit(xml::Document element);
  /// True while no more should be read: too much is not complete.
  bool window_full() const;
  /// The socket took all that was written.
  void drained();
  void client_state(bool active);
  /// The connection is gone without the end of the stream.
  void lost();
  /// The stream ended. `forget_mark`: the client wanted it so.
  void finish(bool forget_mark);

  // ---- stream management ----
  void enable_sm(std::string id, base::Duration resumable_for);
  void answer_ack_request() { tell_h(); }
  base::Result<void, stream::HandledCountTooHigh> acknowledge(std::uint32_t h);
  /// A new connection takes over; whoever had the session gets conflict. Wire::resumed follows, when the window is
  /// empty. An error changes nothing.
  base::Result<void, stream::HandledCountTooHigh> resume(Wire& wire, std::uint32_t h);
  /// Nobody came back in time, or others need the room.
  void expire();
  /// At the server's stop: system-shutdown as soon as the window is empty, or at once.
  void shut_down(bool at_once);

  std::uint64_t number() const { return number_; }
  router::SessionId id() const { return id_; }
  const xmpp::Jid& account() const { return account_; }
  const std::string& sm_id() const;
  base::Duration resumable_for() const { return sm_ ? sm_->resumable_for : base::Duration::zero(); }

 private:
  struct Managed {
    explicit Managed(const stream::SmLimits& limits) : queue(limits) {}
    stream::OutboundQueue<router::Delivery> queue;
    stream::InboundCounter in;
    std::string id;  ///< empty where nothing can be resumed
    base::Duration resumable_for{};
    std::uint32_t uncounted = 0;  ///< open slots from before it was enabled
    std::uint32_t told = 0;       ///< the h sent last
    std::uint32_t unasked = 0;    ///< stanzas sent since the last <r/>
    std::string last_peer;        ///< while hibernated
    bool asked = false;
    bool telling = false;  ///< an <a/> follows at the end of the turn
  };

  bool keep(router::Delivery& delivery);
  void overflow(router::Delivery delivery);
  void after_writing();
  void ask();
  void ask_later();
  void expect_answer();
  void tell_h();
  void tell_h_later();
  void send_kept();
  void continue_resumption();
  std::vector<router::Delivery> detach(const xmpp::StreamError* why);
  void end(const xmpp::StreamError* why, bool forget_mark);
  /// Ends in a later step, because accounts is being answered.
  void end_later(const xmpp::StreamError& why);

  Shard& shard_;
  std::uint64_t number_;
  xmpp::Jid account_;  // bare
  Wire* wire_;         // null while hibernated
  router::SessionId id_ = router::SessionId::none;
  xmpp::Jid jid_;                      // full, once bound
  std::vector<std::uint32_t> window_;  // sizes of what was submitted and is not complete, oldest first
  std::size_t window_bytes_ = 0;
  std::vector<router::Delivery> unwritten_;  // without stream management: not known to be in the socket
  base::Lazy<std::vector<router::Delivery>> overflowed_;
  std::unique_ptr<Managed> sm_;
  base::Timer timer_;  // for <r/> and its answer
  bool live_ = false;  // may be written to
  bool active_ = true;
  bool resuming_ = false;
  bool resumed_ = false;  // at least once
  bool ending_ = false;
};

}  // namespace c2s
