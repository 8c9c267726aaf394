// A transcript: who sends what and who receives what, line by line. docs/transcripts.md explains the language.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace transcript {

/// The script is wrong, or the server did not play its part. `what()` says where and what.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How far a role has got when the first step begins.
enum class Entrance : std::uint8_t {
  absent,      ///< an account, nobody connected
  stranger,    ///< not even an account
  bound,       ///< logged in and bound (what an undecorated role does)
  available,   ///< and initial presence sent
  interested,  ///< and before it the roster asked for (RFC 6121 2.2)
};

struct Role {
  std::string name;
  std::string account;  ///< bare address
  std::string resource;
  Entrance entrance = Entrance::bound;
};

enum class Verb : std::uint8_t {
  sends,         ///< `romeo > XML`
  sends_raw,     ///< `romeo raw > bytes`, with \r \n \t \\ \xHH
  receives,      ///< `romeo < XML`: the next element
  receives_too,  ///< `romeo <* XML`: among what comes, in any order
  silent,        ///< nothing more came, which a round trip proves
  connects,      ///< a TCP connection and no byte
  opens,         ///< the stream header; awaits header and features
  logs_in,       ///< PLAIN and the restarted stream's features
  binds,
  available,    ///< initial presence and its reflection
  cuts,         ///< drops the connection
  closes,       ///< ends the stream and awaits its end
  closed,       ///< awaits that the server ends stream and connection
  clock,        ///< `clock +60s`: virtual time moves
  server_dies,  ///< kill -9 and a new start on the same data
};

struct Step {
  int line = 0;
  Verb verb = Verb::silent;
  std::string role;
  std::string text;  ///< XML, bytes or seconds
};

struct Script {
  std::vector<Role> cast;
  std::vector<std::pair<std::string, std::string>> friends;  ///< subscribed both ways before the first step
  std::vector<Step> steps;

  const Role& role(std::string_view name) const;
  bool uses(Verb verb) const;
};

/// Throws Failure with the line that is wrong.
Script parse_script(std::string_view text);

}  // namespace transcript
