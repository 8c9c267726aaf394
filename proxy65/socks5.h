// The server's side of a SOCKS5 handshake (RFC 1928) as XEP-0065 uses it: no authentication, CONNECT, and a hash where
// the domain name would be. No socket: bytes in, bytes out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace proxy65 {

/// One connection's.
class Socks5 {
 public:
  enum class State : std::uint8_t {
    greeting,  ///< more bytes are needed
    request,   ///< the same
    asked,     ///< the hash is there; grant() or refuse() is due
    over,      ///< refused: what reply() gives is to be sent, and the connection to be closed
  };
  /// RFC 1928 6.
  enum class Refusal : std::uint8_t { general = 1, not_allowed = 2, command = 7, address_type = 8 };

  /// Takes bytes from the front of `input` until the state is asked or over; what follows is left in it.
  State take(std::string_view& input);
  State state() const { return state_; }
  /// The SHA-1 of stream id, requester and target (XEP-0065 8.2), 40 digits in lower case; once it is asked.
  const std::string& hash() const { return hash_; }

  /// What is to be sent now; empty if nothing is.
  std::string reply();
  /// The connection is made, as far as the client is concerned: address and port are its own (XEP-0065 6.3.2).
  std::string grant() const { return answer(0); }
  std::string refuse(Refusal why);

 private:
  void take_greeting();
  void take_request();
  void end(Refusal why) { reply_ += refuse(why); }
  std::string answer(std::uint8_t code) const;

  State state_ = State::greeting;
  std::string held_;     ///< of the message that is not whole yet
  std::string address_;  ///< length, name and port, as they came
  std::string hash_, reply_;
};

}  // namespace proxy65
