// Where the two parties of a bytestream connect (XEP-0065 6.3): finds out which connections belong together, and joins
// them once it is told to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/function.h"
#include "base/loop.h"
#include "net/relay.h"
#include "net/transport.h"

namespace proxy65 {

/// Joins two connections: what it gives keeps them joined, null if it can't be. `done` as net::Relay has it.
using Carry = std::function<std::shared_ptr<void>(std::unique_ptr<net::Transport>, std::unique_ptr<net::Transport>,
                                                  const net::RelayLimits&, net::Relay::Done)>;

/// One loop's; everything on its thread. Nothing of a connection is read between its handshake and its activation.
class Streamhost {
 public:
  static constexpr base::Duration kHandshake = std::chrono::seconds(10);
  static constexpr base::Duration kWait = std::chrono::seconds(30);  ///< for the other party and for activation
  static constexpr std::size_t kMostWaiting = 1000;   ///< of them the oldest that has not asked makes room
  static constexpr std::size_t kMostPerAddress = 50;  ///< from one IPv4 address or one /64 of IPv6

  Streamhost(base::Loop& loop, Carry carry);
  Streamhost(const Streamhost&) = delete;
  Streamhost& operator=(const Streamhost&) = delete;
  /// Drops every connection; no `ended` is called.
  ~Streamhost();

  void accept(std::unique_ptr<net::Transport> transport);

  enum class Activation : std::uint8_t {
    done,
    unknown,  ///< nobody has connected for this hash
    alone,    ///< only one party has
    failed,   ///< they could not be joined, and are dropped
  };
  /// Joins the two who connected for `hash`; `ended` follows, once and later, if that is done.
  Activation activate(std::string_view hash, const net::RelayLimits& limits, net::Relay::Done ended);

  std::size_t waiting() const { return sessions_.size(); }
  std::size_t active() const { return streams_.size(); }

 private:
  class Session;

  bool make_room(const std::string& address);
  void tell_refused(const std::string& peer);
  bool pair(Session& session);
  void drop(std::uint64_t number);
  std::vector<Session*> find(std::string_view hash) const;
  std::uint64_t key_of(std::string_view hash) const;

  base::Loop& loop_;
  const Carry carry_;
  const std::string secret_;  ///< of key_of()
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Session>> sessions_;  ///< the oldest first
  std::unordered_map<std::string, std::size_t> by_address_;     ///< how many of them
  base::MonoTime tell_at_ = base::MonoTime::min();              ///< the next line about a refusal
  std::unordered_multimap<std::uint64_t, Session*> by_hash_;    ///< who has asked, by key_of()
  std::unordered_map<std::uint64_t, std::shared_ptr<void>> streams_;
};

}  // namespace proxy65
