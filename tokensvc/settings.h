// What an administrator says of the token service, as one immutable value that a reload exchanges as a whole
// (docs/config.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ref.h"
#include "tokensvc/key_ring.h"
#include "tokensvc/locked.h"
#include "tokensvc/policy.h"

namespace tokensvc {

/// A caller and how it shows that it is this one. Without any proof it is known by the entrance it comes through, which
/// is then on loopback or a Unix socket.
struct CallerSettings {
  Caller caller;
  Locked secret;                      ///< 16 bytes or more: a bearer token, or the first frame of a line
  std::string certificate;            ///< SHA-256 of its TLS client certificate, in lower-case hexadecimal
  std::optional<std::uint32_t> user;  ///< of the process at the Unix socket

  bool has_proof() const { return !secret.empty() || !certificate.empty() || user; }
};

/// Where games, or anybody, connect to speak the line protocol.
struct LineEntrance {
  std::string address = "127.0.0.1";  ///< in numbers
  std::uint16_t port = 0;
  std::string socket;  ///< a file of the data folder instead of address and port
  bool tls = false;
  std::string caller;  ///< whose requests these are; empty: callers show a secret, a certificate or their user
};

/// A game that listens; the service dials it and keeps one connection.
struct Game {
  std::string name;  ///< for the log
  std::string host = "127.0.0.1";
  std::uint16_t port = 11091;
  bool tls = false;  ///< required beyond loopback
  std::string caller;
  /// Between two replies: a game in raw mode takes each read for one reply.
  base::Duration pace = std::chrono::milliseconds(20);
};

struct HttpEntrance {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  bool tls = false;
};

/// How a room's address becomes the name of a Jitsi room.
enum class Mapping : std::uint8_t {
  same,    ///< the name that the room gives
  prefix,  ///< `text` and that name
  hash,    ///< unguessable: HMAC-SHA-256 of the room's address under a secret of the server
  fixed,   ///< `text`, for every room
};

/// Meetings of one room service, or of one host for XEP-0483 outside rooms.
struct MeetingRule {
  std::string domain;  ///< prepared; whose rooms or accounts
  std::string caller;  ///< on whose behalf; its channels must allow the mapped names
  std::string url;     ///< of Jitsi Meet, ends in '/'
  std::string tenant;  ///< put between url and room; empty: none
  Mapping mapping = Mapping::same;
  std::string text;  ///< of prefix and fixed
};

class Settings final : public base::RefCounted {
 public:
  explicit Settings(KeyRing ring) : keys(std::move(ring)) {}

  /// By its name; null if there is none (any more).
  const CallerSettings* caller(std::string_view name) const;
  /// By the domain of a room or an account; null: it has no meetings.
  const MeetingRule* meetings(std::string_view domain) const;

  KeyRing keys;
  std::vector<CallerSettings> callers;
  std::vector<LineEntrance> lines;
  std::vector<Game> games;
  std::vector<HttpEntrance> https;
  std::vector<MeetingRule> rules;
  std::chrono::days audit_days{90};  ///< how long the record of what was issued is kept; 0: for ever
};
using SettingsRef = base::Ref<const Settings>;

}  // namespace tokensvc
