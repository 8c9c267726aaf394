// The SOCKS5 handshake under any bytes: the same outcome however they are split, a hash that is one, a bounded memory.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proxy65/socks5.h"

namespace {

using proxy65::Socks5;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  Socks5::State state = Socks5::State::greeting;
  std::string replies, hash;
  std::size_t left = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome play(std::string_view bytes, std::size_t piece) {
  Socks5 socks;
  Outcome outcome;
  while (!bytes.empty() && outcome.state != Socks5::State::asked && outcome.state != Socks5::State::over) {
    std::string_view part = bytes.substr(0, piece);
    const std::size_t size = part.size();
    outcome.state = socks.take(part);
    outcome.replies += socks.reply();
    bytes.remove_prefix(size - part.size());
  }
  outcome.hash = socks.hash();
  outcome.left = bytes.size();
  if (outcome.state == Socks5::State::asked) outcome.replies += socks.grant();
  return outcome;
}

bool is_hash(std::string_view text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = play(bytes, size + 1);
  require(play(bytes, 1) == whole);
  require(play(bytes, 3) == whole);
  require((whole.state == Socks5::State::asked) == is_hash(whole.hash));
  require(whole.replies.size() <= 2 + 4 + 1 + 255 + 2);
  return 0;
}
