// An evening of a SkotOS game and the token service: ten thousand logins, connections cut at any byte, either side
// killed and started again. The game is as JITSI.md 2.2 has it: it listens, sends on the first connection of its table,
// takes each read for one reply, never repeats a request and gives up on it after a minute.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <iostream>
#include <set>

#include "base/base64.h"
#include "game_town.h"

namespace tokensvc {
namespace {

using namespace std::chrono_literals;

/// What became of one login.
struct Login {
  std::string name;
  int seq = 0;
  int game_life = 0;
  std::size_t connection = 0;  ///< of all there ever were; kNone: nobody was connected
  std::size_t end = 0;         ///< where the request ends among the bytes of its connection
  int answers = 0;
  bool timed_out = false;

  static constexpr std::size_t kNone = std::size_t(-1);
};

class SkotosGame {
 public:
  explicit SkotosGame(GameTown& town) : town_(town) {}

  void boot() {
    ++life;
    running_ = true;
    seq_ = 0;
    town_.dialer.listen("game.example.org", kGamePort, [this](sim::Peer peer) { accept(std::move(peer)); });
  }
  /// Everything the process knew is gone; its system ends its connections.
  void kill() {
    running_ = false;
    town_.dialer.close("game.example.org", kGamePort);
    waiting_.clear();
    while (!table_.empty()) drop(table_.front());
  }
  bool running() const { return running_; }
  /// Logins in this life.
  int count() const { return seq_; }
  bool connected() const { return !table_.empty(); }
  void cut() { drop(table_.front()); }
  /// The service begins with short pauses again: two long ones in a row would be more than a game waits.
  bool settled() const { return connected() && town_.world.loop().now() - accepted_ > 65s; }

  void log_in() {
    Login login{.name = name_of(logins.size()), .seq = seq_++, .game_life = life, .connection = Login::kNone};
    if (connected()) {
      Connection& first = connections_[table_.front()];
      const std::string request = game_request(login.name, login.seq);
      login.connection = table_.front();
      login.end = first.sent += request.size();
      first.peer.send(request);
    }
    const std::size_t index = logins.size();
    waiting_[login.seq] = {index, base::Timer(town_.world.loop(), 60s, [this, index] { time_out(index); })};
    logins.push_back(std::move(login));
  }

  /// The service has taken every byte of it.
  bool received(const Login& login) const {
    return login.connection != Login::kNone && connections_[login.connection].peer.bytes_to_server() >= login.end;
  }
  int service_life(const Login& login) const { return connections_[login.connection].service_life; }

  std::vector<Login> logins;
  int life = 0;
  std::size_t merged = 0;   ///< reads with more than one reply
  std::size_t strange = 0;  ///< replies that nobody waits for
  std::size_t wrong = 0;    ///< tokens for somebody else
  std::size_t unsolicited = 0;

 private:
  struct Connection {
    sim::Peer peer;
    int service_life = 0;
    std::size_t sent = 0;
  };
  struct Waiting {
    std::size_t login = 0;
    base::Timer timer;
  };

  /// Some are such that the request is no JSON: those get a failure for an answer, at once.
  static std::string name_of(std::size_t number) {
    return (number % 97 == 5 ? "Mercu\"tio" : number % 7 == 3 ? "Zo\xc3\xab" : "Romeo") + std::to_string(number);
  }

  void accept(sim::Peer peer) {
    EXPECT_TRUE(table_.empty() || connections_[table_.front()].peer.ended()) << "two connections at a time";
    town_.dialer.link = {};  // what was in store was for this one: the next has to come within the minute
    accepted_ = town_.world.loop().now();
    const std::size_t number = connections_.size();
    connections_.push_back({std::move(peer), town_.lives});
    table_.push_back(number);
    connections_[number].peer.on_arrival([this, number] { arrived(number); });
  }

  void arrived(std::size_t number) {
    Connection& connection = connections_[number];
    if (std::ranges::find(table_, number) == table_.end()) return;
    const std::string read = connection.peer.take();
    if (!read.empty()) take(read);
    if (connection.peer.ended()) drop(number);
  }

  void drop(std::size_t number) {
    std::erase(table_, number);
    connections_[number].peer.cut();
  }

  void take(const std::string& read) {
    const GameReply reply(read);
    if (read.find("\"seq\":", read.find("\"seq\":") + 1) != std::string::npos) ++merged;
    const auto found = waiting_.find(reply.seq);
    if (found == waiting_.end()) return void(++strange);
    Login& login = logins[found->second.login];
    ++login.answers;
    if (reply.success != (login.name.find('"') == std::string::npos)) ++wrong;
    if (reply.success && name_in(reply.token) != login.name) ++wrong;
    waiting_.erase(found);
  }

  static std::string name_in(const std::string& token) {
    const std::size_t first = token.find('.'), second = token.rfind('.');
    std::string padded = token.substr(first + 1, second - first - 1);
    for (char& c : padded) c = c == '-' ? '+' : c == '_' ? '/' : c;
    padded.append((4 - padded.size() % 4) % 4, '=');
    const std::string payload = base::from_base64(padded).value_or("");
    const std::size_t begin = payload.find("\"name\":\"") + 8;
    return payload.substr(begin, payload.find('"', begin) - begin);
  }

  void time_out(std::size_t index) {
    logins[index].timed_out = true;
    waiting_.erase(logins[index].seq);
  }

  GameTown& town_;
  std::deque<Connection> connections_;  ///< all there ever were
  std::vector<std::size_t> table_;      ///< those that are open, as the game knows
  std::map<int, Waiting> waiting_;
  base::MonoTime accepted_;
  int seq_ = 0;
  bool running_ = false;
};

/// Things that happen to both of them, drawn from the seed.
class Evening {
 public:
  explicit Evening(std::uint64_t seed) : town_(seed), game_(town_) {
    game_.boot();
    town_.start();
  }

  Evening(const Evening&) = delete;
  Evening& operator=(const Evening&) = delete;
  ~Evening() { town_.end(); }

  void run(std::size_t logins) {
    while (game_.logins.size() < logins) {
      if (game_.running()) {
        const std::uint64_t crowd = draw(100) == 0 ? 20 : 1;
        for (std::uint64_t i = 0; i < crowd; ++i) game_.log_in();
      }
      if (draw(60) == 0) disturb();
      if (draw(2) == 0) town_.dialer.link.chunk = 1 + draw(60);
      pass(base::Duration(std::chrono::milliseconds(draw(6000))));
    }
    repair();
    pass(3min);
  }

  void judge() const {
    std::size_t answered = 0, timed_out = 0, not_received = 0, died = 0;
    for (const Login& login : game_.logins) {
      SCOPED_TRACE(login.name);
      ASSERT_LE(login.answers, 1);
      ASSERT_FALSE(login.answers == 1 && login.timed_out);
      answered += login.answers;
      timed_out += login.timed_out ? 1 : 0;
      const bool ended = login.answers == 1 || login.timed_out;
      if (!ended) {
        ++died;
        ASSERT_TRUE(killed_games_.contains(login.game_life)) << "neither answered nor timed out";
      } else if (!game_.received(login)) {
        ++not_received;
        ASSERT_TRUE(login.timed_out) << "answered, though it never came whole";
      } else {
        ASSERT_EQ(login.timed_out, lost_.contains(&login - game_.logins.data()))
            << "received in life " << game_.service_life(login);
      }
    }
    EXPECT_EQ(timed_out, not_received + lost_.size() - lost_with_their_game_);
    EXPECT_EQ(answered + timed_out + died, game_.logins.size());
    EXPECT_EQ(game_.wrong, 0U);
    EXPECT_EQ(game_.merged, 0U);
    std::cout << game_.logins.size() << " logins: " << answered << " answered; " << timed_out << " timed out, of these "
              << not_received << " never received whole and " << lost_.size() - lost_with_their_game_
              << " lost with a killed service; " << died << " died with the game; " << game_.strange
              << " replies to games of before; " << cuts_ << " cuts, " << town_.lives << " lives of the service, "
              << game_.life << " of the game\n";
    EXPECT_GT(cuts_, 20U);
    EXPECT_GT(town_.lives, 5);
    EXPECT_GT(game_.life, 5);
    EXPECT_GT(lost_.size(), 0U);
    EXPECT_GT(not_received, 0U);
  }

 private:
  std::uint64_t draw(std::uint64_t below) { return town_.world.draw(below); }
  void pass(base::Duration time) { town_.world.advance(time); }

  void disturb() {
    switch (draw(7)) {
      case 0: return storm(sim::kNever, sim::kNever);
      case 1: return game_.count() < 200 ? crowd_and_cut() : restart_game();
      case 2: return restart_service();
      case 3: return town_.disk.stall(std::chrono::milliseconds(draw(8000)));
      case 4: return storm(3000 + draw(20000), sim::kNever);
      case 5: return storm(sim::kNever, 3000 + draw(10000));
      default: return crowd_and_cut();
    }
  }

  void cut() {
    if (!game_.connected()) return;
    ++cuts_;
    game_.cut();
  }

  /// One to three cuts, each soon after the connection came back; the first that comes back breaks by itself at some
  /// byte.
  void storm(std::size_t cut_to_client, std::size_t cut_to_server) {
    if (!game_.settled()) return;
    town_.dialer.link.cut_to_client = cut_to_client;
    town_.dialer.link.cut_to_server = cut_to_server;
    for (std::uint64_t left = 1 + draw(3); left > 0; --left) {
      cut();
      for (int i = 0; i < 40 && !game_.connected(); ++i) {
        pass(250ms);
        if (draw(8) == 0) game_.log_in();
      }
      game_.log_in();
      pass(std::chrono::microseconds(draw(60000)));
    }
  }

  /// Many ask at once; the connection breaks while their replies wait for rows and pace.
  void crowd_and_cut() {
    for (int i = 0; i < 25; ++i) game_.log_in();
    pass(std::chrono::microseconds(draw(400'000)));
    if (game_.settled()) cut();
  }

  /// Not early in its life: a game that has been asked again as often as in its whole life before, while nobody was
  /// connected, looks like one that counts on.
  void restart_game() {
    for (int i = 0; i < 3; ++i) game_.log_in();
    pass(std::chrono::microseconds(draw(30000)));
    killed_games_.insert(game_.life);
    for (const std::size_t index : lost_) {
      const Login& login = game_.logins[index];
      lost_with_their_game_ += login.game_life == game_.life && login.answers == 0 && !login.timed_out ? 1 : 0;
    }
    game_.kill();
    pass(std::chrono::milliseconds(500 + draw(40000)));
    game_.boot();
  }

  void restart_service() {
    for (std::uint64_t i = 0; i < 1 + draw(10); ++i) game_.log_in();
    pass(std::chrono::microseconds(draw(100'000)));
    town_.kill();
    pass(0s);  // what had left it arrives
    for (std::size_t index = 0; index < game_.logins.size(); ++index) {
      const Login& login = game_.logins[index];
      if (login.game_life == game_.life && login.answers == 0 && !login.timed_out && game_.received(login))
        lost_.insert(static_cast<std::ptrdiff_t>(index));
    }
    for (std::uint64_t seconds = draw(20); seconds > 0; --seconds) {
      pass(1s);
      game_.log_in();
    }
    town_.start();
  }

  void repair() {
    if (!game_.running()) game_.boot();
    if (!town_.running()) town_.start();
  }

  GameTown town_;
  SkotosGame game_;
  std::set<int> killed_games_;
  std::set<std::ptrdiff_t> lost_;  ///< logins whose request a service had that was killed before it had answered
  std::size_t lost_with_their_game_ = 0;
  std::size_t cuts_ = 0;
};

class GameEvening : public testing::TestWithParam<std::uint64_t> {};

TEST_P(GameEvening, EveryRequestReceivedIsAnsweredOnce) {
  Evening evening(GetParam());
  evening.run(10'000);
  evening.judge();
}

INSTANTIATE_TEST_SUITE_P(Seeds, GameEvening, testing::Range<std::uint64_t>(1, 6));

}  // namespace
}  // namespace tokensvc
