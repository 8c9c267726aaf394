#include "tokens.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "entrance.h"

namespace {

constexpr net::KeepAlive kKeepAlive{.idle_seconds = 30, .probe_seconds = 10, .probes = 3};

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
  for (const tokensvc::HttpEntrance& each : home.office.settings()->https) {
    const auto opened = tokens->open_http(each, certificates);
    if (!opened) return std::unexpected(opened.error());
  }
  tokens->dial_games();
  return tokens;
}

base::Result<std::unique_ptr<net::Listener>> Tokens::listen(const std::string& address, std::uint16_t port,
                                                            Accept accept) const {
  const auto moved = shifted_port(port, home_.port_offset);
  if (!moved) return std::unexpected(moved.error());
  return net::Listener::open(
      home_.loop, address, *moved, [&loop = home_.loop]() -> net::AsioLoop& { return loop; },
      [accept = std::move(accept)](net::AsioLoop&, std::unique_ptr<net::Transport> transport) {
        accept(std::move(transport));
      },
      home_.limits);
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
    auto opened = listen(entrance.address, entrance.port,
                         [&server](std::unique_ptr<net::Transport> transport) { server.accept(std::move(transport)); });
    if (!opened) return std::unexpected(opened.error());
    line.port = std::move(*opened);
  }
  base::log::info("listening_for_games", {{"where", line.where()}, {"tls", entrance.tls ? "yes" : "no"}});
  lines_.push_back(std::move(line));
  return {};
}

base::Result<void> Tokens::open_http(const tokensvc::HttpEntrance& entrance, const CertificatesRef& certificates) {
  Web web{
      .server = std::make_unique<tokensvc::Http>(home_.office, home_.store, entrance), .port = nullptr, .where = {}};
  tokensvc::Http& server = *web.server;
  server.use(certificates);
  auto opened = listen(entrance.address, entrance.port,
                       [&server](std::unique_ptr<net::Transport> transport) { server.accept(std::move(transport)); });
  if (!opened) return std::unexpected(opened.error());
  web.port = std::move(*opened);
  web.where = place(entrance.address, web.port->port());
  base::log::info("listening_for_http", {{"where", web.where}, {"tls", entrance.tls ? "yes" : "no"}});
  webs_.push_back(std::move(web));
  return {};
}

Tokens::Games::Games(const Home& home)
    : dialer(home.loop, resolver), links({home.office, dialer, base::system_random(), {}}) {}

void Tokens::dial_games() {
  const std::vector<tokensvc::Game>& games = home_.office.settings()->games;
  if (games_ == nullptr && games.empty()) return;
  if (games_ == nullptr) games_ = std::make_unique<Games>(home_);
  if (!games_->trusts && std::ranges::any_of(games, &tokensvc::Game::tls)) {
    auto trust = net::TlsTrust::system();
    if (!trust) base::log::error("no_certificate_authorities", {{"why", trust.error().what}});
    if (trust) games_->links.trust(std::move(*trust));
    games_->trusts = trust.has_value();
  }
  games_->links.use(games);
}

void Tokens::reconsider() {
  for (const Line& line : lines_) line.server->reconsider();
  dial_games();
}

void Tokens::use(const CertificatesRef& certificates) {
  for (const Line& line : lines_) line.server->use(certificates);
  for (const Web& web : webs_) web.server->use(certificates);
}

std::string Tokens::greeting() const {
  std::string text;
  for (const Line& line : lines_)
    text += "  tokens for games: " + line.where() + (line.server->entrance().tls ? " (TLS)\n" : "\n");
  for (const Web& web : webs_)
    text +=
        std::string("  tokens over HTTP: ") + (web.server->entrance().tls ? "https://" : "http://") + web.where + '\n';
  for (const tokensvc::Game& game : home_.office.settings()->games)
    text += "  tokens for the game " + game.name + ": dials " + place(game.host, game.port) +
            (game.tls ? " (TLS)\n" : "\n");
  return text;
}

nlohmann::json Tokens::status() const {
  auto all = nlohmann::json::array();
  for (const Line& line : lines_)
    all.push_back({{"kind", "line"},
                   {"where", line.where()},
                   {"connections", line.server->connections()},
                   {"paused", line.port && line.port->paused()}});
  for (const Web& web : webs_)
    all.push_back({{"kind", "http"},
                   {"where", web.where},
                   {"connections", web.server->connections()},
                   {"paused", web.port && web.port->paused()}});
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
  const std::size_t parts = lines_.size() + webs_.size() + (games_ != nullptr ? 1 : 0);
  if (parts == 0) return home_.loop.post(std::move(done));
  const auto stopping = std::make_shared<Stopping>(Stopping{parts, std::move(done)});  // shared by the answers
  const auto stopped = [stopping] {
    if (--stopping->missing == 0) stopping->done();
  };
  if (games_ != nullptr) games_->links.stop(stopped);
  for (Line& line : lines_) {
    line.port.reset();
    line.socket.reset();
    line.server->stop(stopped);
  }
  for (Web& web : webs_) {
    web.port.reset();
    web.server->stop(stopped);
  }
}
