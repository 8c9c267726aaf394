// The connections to games that listen: dialled, kept one to a game, and dialled again when they are lost.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "net/dialer.h"
#include "tokensvc/line_session.h"
#include "tokensvc/office.h"
#include "tokensvc/outbox.h"
#include "tokensvc/settings.h"

namespace tokensvc {

/// What all links use. Outlives them.
struct Exchange {
  Office& office;
  net::Dialer& dialer;
  base::Random& random;
  base::Ref<const net::TlsTrust> trust;  ///< for games behind TLS; null: those are not dialled
};

/// One game's connection, for as long as the game is configured. The office's thread only.
class GameLink {
 public:
  /// Between two calls: this long, then twice as long each time, up to the longest; each a quarter more or less.
  static constexpr base::Duration kFirstPause = std::chrono::seconds(1), kLongestPause = std::chrono::seconds(30);
  /// A connection that lived for so long was a good one: the next pause is the first again.
  static constexpr base::Duration kGoodLife = std::chrono::seconds(60);
  /// After that a game has given up on a request, so a reply is carried over a cut no longer.
  static constexpr base::Duration kPatience = std::chrono::seconds(60);

  /// Dials at once.
  GameLink(Exchange& exchange, Game game);
  ~GameLink();

  const Game& game() const { return game_; }
  bool connected() const { return session_ != nullptr; }
  /// Dials no more; what is owed is written, within some seconds, and the connection ended. Then `done`, later.
  void stop(base::Fn<void()> done);

 private:
  void dial();
  void on_answer(base::Result<std::unique_ptr<net::Transport>> answer);
  void on_lost(const base::Error& why);
  void tell_failure(const base::Error& why);
  base::Duration next_pause();

  Exchange& exchange_;
  Game game_;
  std::shared_ptr<Outbox> outbox_;  ///< shared with the session and with the audit's answers
  std::unique_ptr<net::Dialer::Call> call_;
  std::unique_ptr<LineSession> session_;
  base::Timer retry_;
  base::Duration pause_{0};
  base::MonoTime connected_at_;
  std::size_t failures_ = 0;  ///< calls since the last connection
  std::string last_failure_;
  base::Fn<void()> stopped_;  ///< what stop() has to tell
};

/// All games of the settings.
class GameLinks {
 public:
  explicit GameLinks(Exchange exchange) : exchange_(std::move(exchange)) {}

  /// For calls from now on.
  void trust(base::Ref<const net::TlsTrust> authorities) { exchange_.trust = std::move(authorities); }

  /// A reload: a game that is the same as before keeps its connection, what changed is dialled anew.
  void use(const std::vector<Game>& games);
  /// `done` once all have stopped.
  void stop(base::Fn<void()> done);

  struct State {
    const Game& game;
    bool connected;
  };
  std::vector<State> states() const;

 private:
  Exchange exchange_;
  std::vector<std::unique_ptr<GameLink>> links_;
};

}  // namespace tokensvc
