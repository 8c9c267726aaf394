#include "tokens.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"

namespace {

constexpr net::KeepAlive kKeepAlive{.idle_seconds = 30, .probe_seconds = 10, .probes = 3};

std::string place(const std::string& address, std::uint16_t port) {
  return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" + std::to_string(port);
}

}  // namespace

std::string Tokens::Line::where() const {
  return port ? place(server->entrance().address, port->port()) : server->entrance().socket;
}

base::Result<std::unique_ptr<Tokens>> Tokens::open(const Home& home, const CertificatesRef& certificates) {
  std::unique_ptr<Tokens> tokens(new Tokens(home));
  tokens->home_.limits.keep_alive = kKeepAlive;
  for (const tokensvc::LineEntrance& each : home.office.settings()->lines) {
    const auto opened = tokens->open_line(each, certificates);
    if (!opened) return std::unexpected(opened.error());
  }
  tokens->dial_games();
  return tokens;
}

base::Result<void> Tokens::open_line(const tokensvc::LineEntrance& entrance, const CertificatesRef& certificates) {
  Line line{.server = std::make_unique<tokensvc::LineServer>(home_.office, entrance)};
  tokensvc::LineServer& server = *line.server;
  server.use(certificates);
  if (!entrance.socket.empty()) {
    auto socket = net::UnixListener::open_to(
        home_.loop, entrance.socket, [&server](std::uint32_t user) { return server.admits(user); },
        [&server](std::unique_ptr<net::Transport> transport, std::uint32_t user) {
          server.accept(std::move(transport), user);
        },
        home_.limits);
    if (!socket) return std::unexpected(socket.error());
    line.socket = std::move(*socket);
  } else {
    const unsigned port = entrance.port == 0 ? 0U : unsigned{entrance.port} + home_.port_offset;
    if (port > 65535) return base::failure("port " + std::to_string(port) + " is too high; choose a smaller port offset");
    auto opened = net::Listener::open(
        home_.loop, entrance.address, static_cast<std::uint16_t>(port),
        [&loop = home_.loop]() -> net::AsioLoop& { return loop; },
        [&server](net::AsioLoop&, std::unique_ptr<net::Transport> transport) { server.accept(std::move(transport)); },
        home_.limits);
    if (!opened) return std::unexpected(opened.error());
    line.port = std::move(*opened);
  }
  base::log::info("listening_for_games", {{"where", line.where()}, {"tls", entrance.tls ? "yes" : "no"}});
  lines_.push_back(std::move(line));
  return {};
}

Tokens::Games::Games(const Home& home, base::Ref<const net::TlsTrust> trust)
    : dialer(home.loop, resolver), links({home.office, dialer, base::system_random(), std::move(trust)}) {}

void Tokens::dial_games() {
  const std::vector<tokensvc::Game>& games = home_.office.settings()->games;
  if (games_ == nullptr && games.empty()) return;
  if (games_ == nullptr) {
    auto trust = net::TlsTrust::system();
    if (!trust) base::log::error("no_certificate_authorities", {{"why", trust.error().what}});
    games_ = std::make_unique<Games>(home_, trust ? std::move(*trust) : nullptr);
  }
  games_->links.use(games);
}

void Tokens::reconsider() {
  for (const Line& line : lines_) line.server->reconsider();
  dial_games();
}

void Tokens::use(const CertificatesRef& certificates) {
  for (const Line& line : lines_) line.server->use(certificates);
}

std::string Tokens::greeting() const {
  std::string text;
  for (const Line& line : lines_)
    text += "  tokens for games: " + line.where() + (line.server->entrance().tls ? " (TLS)\n" : "\n");
  for (const tokensvc::Game& game : home_.office.settings()->games)
    text += "  tokens for the game " + game.name + ": dials " + place(game.host, game.port) + (game.tls ? " (TLS)\n" : "\n");
  return text;
}

nlohmann::json Tokens::status() const {
  auto all = nlohmann::json::array();
  for (const Line& line : lines_)
    all.push_back({{"kind", "line"},
                   {"where", line.where()},
                   {"connections", line.server->connections()},
                   {"paused", line.port && line.port->paused()}});
  if (games_ == nullptr) return all;
  for (const auto& [game, connected] : games_->links.states())
    all.push_back({{"kind", "game"},
                   {"where", game.name + " at " + place(game.host, game.port)},
                   {"connections", connected ? 1 : 0},
                   {"paused", false}});
  return all;
}

namespace {

/// The entrances that are not done yet.
struct Stopping {
  std::size_t missing;
  base::Fn<void()> done;
};

}  // namespace

void Tokens::stop(base::Fn<void()> done) {
  const std::size_t games = games_ != nullptr ? 1 : 0;
  if (lines_.size() + games == 0) return home_.loop.post(std::move(done));
  const auto stopping = std::make_shared<Stopping>(Stopping{lines_.size() + games, std::move(done)});  // shared by the answers
  const auto stopped = [stopping] {
    if (--stopping->missing == 0) stopping->done();
  };
  if (games_ != nullptr) games_->links.stop(stopped);
  for (Line& line : lines_) {
    line.port.reset();
    line.socket.reset();
    line.server->stop(stopped);
  }
}
