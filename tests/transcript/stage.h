// Where a transcript is played: a server somewhere that roles connect to. The same file runs on all of them.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace transcript {

/// One client's connection.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual void send(std::string_view bytes) = 0;
  /// Appends what arrived, waiting for it up to the stage's deadline. False when nothing came and nothing will: the
  /// connection ended (see ended()) or the deadline passed.
  virtual bool receive(std::string& into) = 0;
  virtual bool ended() const = 0;
  /// Drops the connection as a lost network does.
  virtual void cut() = 0;
};

class Stage {
 public:
  virtual ~Stage() = default;
  virtual void add_account(std::string_view bare, std::string_view password) = 0;
  /// All accounts are there: serve.
  virtual void start() = 0;
  /// To the entrance that takes PLAIN without TLS.
  virtual std::unique_ptr<Wire> connect() = 0;

  /// Stages on real time cannot move the clock, and some cannot be killed: transcripts that need it are skipped.
  virtual bool has_clock() const { return false; }
  virtual void advance(std::chrono::seconds) {}
  virtual bool can_die() const { return false; }
  virtual void die_and_restart() {}

  /// The end, after the last line went well: a server that does not end in order is a Failure.
  virtual void finish() {}
};

}  // namespace transcript
