// A token service that dials games, in a world of virtual time with a store of its own.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "sim/sim_dialer.h"
#include "store/store.h"
#include "tokensvc/game_link.h"
#include "town.h"

namespace tokensvc {

inline constexpr std::uint16_t kGamePort = 11091;

inline Game verona() { return {.name = "verona", .host = "game.example.org", .port = kGamePort, .caller = "skotos"}; }

class GameTown {
 public:
  explicit GameTown(std::uint64_t seed) : world(seed), random_(seed) {
    std::string name = std::filesystem::temp_directory_path() / "exedra-games-XXXXXX";
    base::check(mkdtemp(name.data()) != nullptr, "a temporary directory");
    folder_ = name;
    store_ = store::Store::open(folder_ / "exedra.db", {}, disk, disk).value();
  }
  GameTown(const GameTown&) = delete;
  GameTown& operator=(const GameTown&) = delete;
  ~GameTown() {
    end();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// The service, with one game or those given.
  void start(const std::vector<Game>& games = {verona()}) {
    auto settings = base::make_ref<Settings>(ring_of(secret_key()));
    settings->callers.emplace_back().caller = skotos();
    office_ = std::make_unique<Office>(world.loop(), *store_, settings);
    links_ = std::make_unique<GameLinks>(Exchange{*office_, dialer, random_, {}});
    links_->use(games);
    ++lives;
  }
  /// As by a signal that can't be caught: what it had in memory is gone. Between two steps of the world.
  void kill() {
    links_.reset();
    office_.reset();
  }
  /// Before those go who listen: nothing is on its way to them any more.
  void end() {
    kill();
    world.advance(std::chrono::minutes(1));
  }
  bool running() const { return office_ != nullptr; }
  GameLinks& links() { return *links_; }

  sim::World world;
  sim::SimDialer dialer{world.loop()};
  sim::SimExecutor disk{world, std::chrono::milliseconds(3)};
  int lives = 0;  ///< of the service, so far

 private:
  sim::SeededRandom random_;
  std::filesystem::path folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Office> office_;
  std::unique_ptr<GameLinks> links_;
};

/// As a SkotOS game words it: strings put together, nothing escaped.
inline std::string game_request(const std::string& name, int seq) {
  return "{ \"cmd\": \"jwt_token\", \"displayName\": \"" + name +
         "\", \"channel\": \"jitsi_chat_default\", \"moderator\": false, \"validFor\": 600, \"seq\": " +
         std::to_string(seq) + " }" + std::string(1, '\0');
}

/// What such a game finds in one read: the first number, whether it went well, the token.
struct GameReply {
  int seq = -1;  ///< none
  bool success = false;
  std::string token;

  explicit GameReply(const std::string& read) {
    const std::size_t at = read.find("\"seq\":");
    if (at == std::string::npos || at + 6 >= read.size() || read[at + 6] < '0' || read[at + 6] > '9') return;
    // A number at the very end may be half of one. TCP brings so small a write whole or not at all; here it is cut
    // anywhere.
    if (read.find_first_not_of("0123456789", at + 6) == std::string::npos) return;
    seq = std::stoi(read.substr(at + 6));
    success = read.find("\"success\":true") != std::string::npos;
    const std::size_t begin = read.find("\"token\":\"");
    if (begin == std::string::npos) return;
    token = read.substr(begin + 9, read.find('"', begin + 9) - begin - 9);
  }
};

}  // namespace tokensvc
