// The replies of a line that are still to be written, in request order. It outlives a connection that was cut: the next
// one to the same game writes what is left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/function.h"
#include "tokensvc/issue.h"
#include "tokensvc/refusal.h"

namespace tokensvc {

/// One thread's. A reply waits for its audit row, then to be written, then for the kernel to have it.
class Outbox {
 public:
  using Ticket = std::uint64_t;

  /// Takes a reply that may go only once settle() or refuse() says so. `seq` is what it echoes.
  Ticket hold(std::string reply, Instant now, std::string seq = {});
  /// It may go. A ticket that was dropped is ignored.
  void settle(Ticket ticket);
  /// A refusal goes in its place.
  void refuse(Ticket ticket, const Refusal& refusal);
  /// A reply that may go at once.
  void add(std::string reply, Instant now) { settle(hold(std::move(reply), now)); }

  /// The next to be written; null while that waits, or nothing is left.
  const std::string* next() const;
  /// next() was given to the connection.
  void pass() { ++passed_; }
  /// Of what was given to the connection, the peer's system has acknowledged all but so many bytes; each reply took
  /// `overhead` besides its own (TLS). What has arrived is over.
  void forget_heard(std::size_t unacknowledged, std::size_t overhead);
  /// The kernel has all that was given: it is over.
  void forget_passed() { forget_heard(0, 0); }
  /// The connection is gone: what was given and not forgotten is next() again.
  void rewind();
  /// On a new connection, what is left of earlier ones waits until it is known whether they were the same peer's: until
  /// release(), or until asked() says so.
  void withhold() { withheld_ = true; }
  bool withheld() const { return withheld_ && carried_ > 0; }
  void release() { withheld_ = false; }
  /// Before a request's reply is put in: its `seq`. One that counts and begins anew has forgotten who asked before, and
  /// an old reply would be taken for one to somebody else: what is withheld is dropped.
  void asked(std::string_view seq);
  /// What was asked before then is not answered any more: whoever asked has given up.
  void drop_before(base::MonoTime then);

  /// Of all replies in here.
  std::size_t bytes() const { return bytes_; }
  bool empty() const { return replies_.empty(); }
  /// Something was not given to the connection yet.
  bool owes() const { return passed_ < replies_.size(); }

  /// Called whenever next() may have changed from null.
  base::Fn<void()> on_ready;

 private:
  struct Reply {
    std::string bytes;
    Instant asked;
    std::string seq;
    bool ready = false;
  };
  void drop_first();

  std::deque<Reply> replies_;
  Ticket first_ = 0;         ///< of the first in here
  std::size_t passed_ = 0;   ///< how many from the front were given to the connection
  std::size_t carried_ = 0;  ///< how many from the front were asked for on earlier connections
  std::size_t bytes_ = 0;
  std::optional<std::int64_t> number_;  ///< of the last request
  bool first_number_ = true;            ///< the next one is the connection's first
  bool counts_ = true;                  ///< numbers grew on each connection
  bool withheld_ = false;
};

}  // namespace tokensvc
