#include "proxy65/streamhost.h"

#include <sodium.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/secret.h"
#include "net/peer_address.h"
#include "proxy65/socks5.h"

namespace proxy65 {
namespace {

constexpr std::chrono::minutes kTold{1};  // between two lines about the same

std::string new_secret() {
  std::string secret(crypto_shorthash_KEYBYTES, '\0');
  randombytes_buf(secret.data(), secret.size());
  return secret;
}

}  // namespace

/// One connection before its activation.
class Streamhost::Session final : private net::TransportHandler {
 public:
  Session(Streamhost& owner, std::uint64_t number, std::unique_ptr<net::Transport> transport)
      : owner_(owner),
        number_(number),
        address_(net::read_peer(transport->peer()).key),
        transport_(std::move(transport)) {
    deadline_ = base::Timer(owner_.loop_, kHandshake, [this] { owner_.drop(number_); });
    transport_->start(*this);
  }

  std::uint64_t number() const { return number_; }
  const std::string& address() const { return address_; }
  const std::string& hash() const { return socks_.hash(); }
  bool waits() const { return socks_.state() == Socks5::State::asked; }
  bool is_gone() const { return transport_->peer_ended(); }
  std::unique_ptr<net::Transport> take_transport() { return std::move(transport_); }

 private:
  std::size_t on_bytes(std::span<const std::byte> bytes) override {
    std::string_view input(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const Socks5::State state = socks_.take(input);
    if (const std::string reply = socks_.reply(); !reply.empty()) transport_->send(reply);
    if (state == Socks5::State::asked) {
      // What comes before the answer is no SOCKS, and what comes before activation is nobody's yet.
      if (!input.empty() || !owner_.pair(*this)) {
        transport_->send(socks_.refuse(Socks5::Refusal::not_allowed));
      } else {
        transport_->send(socks_.grant());
        transport_->pause();
        deadline_ = base::Timer(owner_.loop_, kWait, [this] { owner_.drop(number_); });
        return bytes.size();
      }
    }
    if (socks_.state() == Socks5::State::over) transport_->close();
    return bytes.size();
  }

  void on_closed(const base::Error&) override { owner_.drop(number_); }

  Streamhost& owner_;
  const std::uint64_t number_;
  const std::string address_;
  Socks5 socks_;
  base::Timer deadline_;
  std::unique_ptr<net::Transport> transport_;
};

Streamhost::Streamhost(base::Loop& loop, Carry carry) : loop_(loop), carry_(std::move(carry)), secret_(new_secret()) {}

Streamhost::~Streamhost() = default;

void Streamhost::accept(std::unique_ptr<net::Transport> transport) {
  const std::string address = net::read_peer(transport->peer()).key;
  if (!make_room(address)) return tell_refused(transport->peer());
  const std::uint64_t number = ++last_;
  ++by_address_[address];
  sessions_.emplace(number, std::make_unique<Session>(*this, number, std::move(transport)));
}

/// False for whoever has enough already. Of all others, who has not asked goes before who has, and the oldest first.
bool Streamhost::make_room(const std::string& address) {
  const auto known = by_address_.find(address);
  if (known != by_address_.end() && known->second >= kMostPerAddress) return false;
  if (sessions_.size() < kMostWaiting) return true;
  const auto silent = std::ranges::find_if(sessions_, [](const auto& one) { return !one.second->waits(); });
  drop((silent != sessions_.end() ? silent : sessions_.begin())->first);
  return true;
}

void Streamhost::tell_refused(const std::string& peer) {
  if (loop_.now() < tell_at_) return;
  tell_at_ = loop_.now() + kTold;
  base::log::warning("proxy65_refused", {{"peer", peer}, {"why", "too many connections from its address"}});
}

/// Where nobody can tell by the time it takes how much of a hash was right.
std::uint64_t Streamhost::key_of(std::string_view hash) const {
  std::uint64_t key = 0;
  static_assert(sizeof key == crypto_shorthash_BYTES);
  crypto_shorthash(reinterpret_cast<unsigned char*>(&key), reinterpret_cast<const unsigned char*>(hash.data()),
                   hash.size(), reinterpret_cast<const unsigned char*>(secret_.data()));
  return key;
}

std::vector<Streamhost::Session*> Streamhost::find(std::string_view hash) const {
  std::vector<Session*> found;
  const auto [begin, end] = by_hash_.equal_range(key_of(hash));
  for (auto at = begin; at != end; ++at)
    if (base::equal_secrets(at->second->hash(), hash)) found.push_back(at->second);
  return found;
}

/// A third is none of the two, unless one of those has left.
bool Streamhost::pair(Session& session) {
  for (const Session* other : find(session.hash()))
    if (other->is_gone()) drop(other->number());
  if (find(session.hash()).size() >= 2) return false;
  by_hash_.emplace(key_of(session.hash()), &session);
  return true;
}

void Streamhost::drop(std::uint64_t number) {
  const auto found = sessions_.find(number);
  if (found == sessions_.end()) return;
  const auto [begin, end] = by_hash_.equal_range(key_of(found->second->hash()));
  const auto own = std::find_if(begin, end, [&](const auto& one) { return one.second == found->second.get(); });
  if (own != end) by_hash_.erase(own);
  const auto count = by_address_.find(found->second->address());
  if (--count->second == 0) by_address_.erase(count);
  sessions_.erase(found);
}

Streamhost::Activation Streamhost::activate(std::string_view hash, const net::RelayLimits& limits,
                                            net::Relay::Done ended) {
  const std::vector<Session*> parties = find(hash);
  if (parties.empty()) return Activation::unknown;
  if (parties.size() == 1) return Activation::alone;
  auto first = parties[0]->take_transport();
  auto second = parties[1]->take_transport();
  for (const Session* party : {parties[0], parties[1]}) drop(party->number());
  const std::uint64_t number = ++last_;
  auto done = [this, number, ended = std::move(ended)](const net::Relay::Outcome& outcome) mutable {
    const auto stream = streams_.extract(number);
    ended(outcome);
  };
  auto joined = carry_(std::move(first), std::move(second), limits, std::move(done));
  if (joined == nullptr) return Activation::failed;
  streams_.emplace(number, std::move(joined));
  return Activation::done;
}

}  // namespace proxy65
