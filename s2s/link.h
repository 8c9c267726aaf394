// A stream to a remote domain as its Domain sees it, whatever carries it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "xmpp/error.h"
#include "xmpp/stanza.h"

namespace s2s {

/// Why stanzas don't go out, worded for their senders.
struct Failure {
  xmpp::Condition condition = xmpp::Condition::remote_server_timeout;  ///< RFC 6120 8.3.3.16, .17
  std::string text = {};
  bool final = false;      ///< another attempt soon is useless: what waits is answered at once
  bool elsewhere = false;  ///< another attempt at once leads to another of the domain's machines
};

class Link;

/// Called on the shard's thread, never from inside a call of the link.
class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  /// First of all events. Where it resumes an earlier stream, or the peer told with its refusal how far that one had
  /// come (XEP-0198 5): so many of what had not been reported had arrived.
  virtual void link_open(Link& link, std::optional<std::uint32_t> resumed) = 0;
  /// The peer takes stanzas of this local domain.
  virtual void link_authorised(Link& link, const std::string& local) = 0;
  virtual void link_refused(Link& link, const std::string& local, const Failure& failure) = 0;
  /// Takes stanzas again.
  virtual void link_writable(Link& link) = 0;
  /// The first `count` of what it was given and has not reported have arrived (XEP-0198); where the peer doesn't say
  /// so, they are written.
  virtual void link_done(Link& link, std::uint32_t count) = 0;
  /// Last of all events. `resume` is for LinkMaker::dial; empty if it can't be resumed. One that was dialled with a
  /// `resume` and lost before link_open gives what takes its place.
  virtual void link_lost(Link& link, const Failure& failure, const std::string& resume) = 0;
};

class Link {
 public:
  virtual ~Link() = default;
  /// Other local domains can be authorised over it as well (XEP-0220 2.5).
  virtual bool multiplexes() const = 0;
  /// The peer sends over it as well (XEP-0288), and so waits for its resumption when it is lost.
  virtual bool two_way() const { return false; }
  virtual void authorise(const std::string& local) = 0;
  virtual bool writable() const = 0;
  /// Only of domains that are authorised, and while it is writable().
  virtual void send(const xmpp::StanzaRef& stanza, const xmpp::Jid& from, const xmpp::Jid& to) = 0;
  /// Ends the stream in order; link_lost follows.
  virtual void close() = 0;
};

class LinkMaker {
 public:
  virtual ~LinkMaker() = default;
  /// Opens a stream and authorises `local`. Never null: what goes wrong is told by link_lost. `resume`: as link_lost
  /// gave it, or empty.
  virtual std::unique_ptr<Link> dial(const std::string& local, const std::string& remote, const std::string& resume,
                                     LinkOwner& owner) = 0;
};

}  // namespace s2s
