#include "tokensvc/game_link.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <utility>

#include "base/log.h"

namespace tokensvc {
namespace {

constexpr std::size_t kTellEvery = 120;  // failures of one kind: an hour at the longest pause

auto values(const Game& game) { return std::tie(game.name, game.host, game.port, game.tls, game.caller, game.pace); }

/// From 0 to 1.
double draw(base::Random& random) {
  std::array<std::byte, 4> bytes{};
  random.fill(bytes);
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number / 4294967296.0;
}

std::int64_t whole_seconds(base::Duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

}  // namespace

GameLink::GameLink(Exchange& exchange, Game game)
    : exchange_(exchange), game_(std::move(game)), outbox_(std::make_shared<Outbox>()) {
  dial();
}

GameLink::~GameLink() = default;

void GameLink::dial() {
  outbox_->drop_before(exchange_.office.loop().now() - kPatience);
  net::DialOptions options;
  if (game_.tls) {
    if (!exchange_.trust) return on_answer(base::failure("no certificate authority is known to judge its TLS by"));
    options.tls = exchange_.trust;
  }
  call_ = exchange_.dialer.dial(game_.host, game_.port, options, [this](auto answer) { on_answer(std::move(answer)); });
}

void GameLink::on_answer(base::Result<std::unique_ptr<net::Transport>> answer) {
  call_.reset();
  if (!answer) {
    tell_failure(answer.error());
    retry_ = base::Timer(exchange_.office.loop(), next_pause(), [this] { dial(); });
    return;
  }
  base::log::info("game_connected", {{"game", game_.name}, {"address", (*answer)->peer()}});
  failures_ = 0;
  last_failure_.clear();
  connected_at_ = exchange_.office.loop().now();
  outbox_->drop_before(connected_at_ - kPatience);
  session_ = std::make_unique<LineSession>(
      exchange_.office, game_.caller, std::move(*answer), game_.pace, [this](const base::Error& why) { on_lost(why); },
      outbox_);
}

/// The old socket is closed by now; only then the next call.
void GameLink::on_lost(const base::Error& why) {
  session_.reset();
  const base::Duration life = exchange_.office.loop().now() - connected_at_;
  const std::string reason = why.what.empty() ? "the game ended the connection" : why.what;
  if (stopped_) return exchange_.office.loop().post(std::exchange(stopped_, nullptr));
  if (life >= kGoodLife) pause_ = {};
  const base::Duration pause = next_pause();
  base::log::warning("game_lost", {{"game", game_.name}, {"after_seconds", whole_seconds(life)}, {"why", reason}});
  retry_ = base::Timer(exchange_.office.loop(), pause, [this] { dial(); });
}

/// A game that is down for a day is worth a line now and then.
void GameLink::tell_failure(const base::Error& why) {
  if (failures_++ % kTellEvery != 0 && why.what == last_failure_) return;
  last_failure_ = why.what;
  base::log::warning("game_not_reached", {{"game", game_.name}, {"why", why.what}, {"calls", failures_}});
}

base::Duration GameLink::next_pause() {
  pause_ = pause_ == base::Duration{} ? kFirstPause : std::min(2 * pause_, kLongestPause);
  const double share = 0.75 + 0.5 * draw(exchange_.random);
  return std::chrono::duration_cast<base::Duration>(pause_ * share);
}

void GameLink::stop(base::Fn<void()> done) {
  call_.reset();
  retry_.cancel();
  if (session_ == nullptr) return exchange_.office.loop().post(std::move(done));
  stopped_ = std::move(done);
  session_->close();
}

void GameLinks::use(const std::vector<Game>& games) {
  std::vector<std::unique_ptr<GameLink>> next;
  std::vector<const Game*> fresh;
  for (const Game& game : games) {
    const auto same = std::ranges::find_if(
        links_, [&](const auto& link) { return link != nullptr && values(link->game()) == values(game); });
    if (same == links_.end()) {
      fresh.push_back(&game);
    } else {
      next.push_back(std::move(*same));
    }
  }
  links_ = std::move(next);  // what is over goes first: a game never sees two connections
  for (const Game* game : fresh) links_.push_back(std::make_unique<GameLink>(exchange_, *game));
}

void GameLinks::stop(base::Fn<void()> done) {
  if (links_.empty()) return exchange_.office.loop().post(std::move(done));
  struct Stopping {
    std::size_t missing;
    base::Fn<void()> done;
  };
  const auto stopping = std::make_shared<Stopping>(Stopping{links_.size(), std::move(done)});  // shared by the answers
  for (const auto& link : links_) {
    link->stop([stopping] {
      if (--stopping->missing == 0) stopping->done();
    });
  }
}

std::vector<GameLinks::State> GameLinks::states() const {
  std::vector<State> all;
  all.reserve(links_.size());
  for (const auto& link : links_) all.push_back({link->game(), link->connected()});
  return all;
}

}  // namespace tokensvc
