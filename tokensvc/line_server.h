// One entrance where games connect to speak the line protocol: who they are, how many there may be. Whoever has the
// listener hands over the connections, so that tests bring simulated ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "certs/store.h"
#include "tokensvc/line_session.h"
#include "tokensvc/tries.h"

namespace tokensvc {

/// The office's thread only.
class LineServer final : private Doorkeeper {
 public:
  static constexpr std::size_t kMostConnections = 1000;

  LineServer(Office& office, LineEntrance entrance);
  ~LineServer() override;

  /// For connections from now on; needed where the entrance has TLS.
  void use(base::Ref<certs::Store> certificates) { certificates_ = std::move(certificates); }
  /// The office has new settings: who is not known any more, or would have to show something else, is sent away.
  void reconsider();

  /// `user`: whose process it is, at a Unix socket.
  void accept(std::unique_ptr<net::Transport> transport, std::optional<std::uint32_t> user = std::nullopt);
  /// Whether a process of this user may come at all.
  bool admits(std::uint32_t user) const;

  const LineEntrance& entrance() const { return entrance_; }
  std::size_t connections() const { return sessions_.size(); }
  /// Answers what was asked, and ends; `done` once nobody is left.
  void stop(base::Fn<void()> done);

 private:
  using Sessions = std::map<std::uint64_t, std::unique_ptr<LineSession>>;

  std::optional<std::string> by_certificate(const net::Transport& connection) override;
  std::expected<std::string, Refusal> by_secret(const net::Transport& connection, std::string_view secret) override;
  std::optional<std::string> known(std::optional<std::uint32_t> user) const;
  bool may_come(const CallerSettings& caller) const;
  bool make_room();
  void drop(std::uint64_t number, const base::Error& why);

  Office& office_;
  LineEntrance entrance_;
  SettingsRef settings_;  ///< by which the present callers were judged
  base::Ref<certs::Store> certificates_;
  Tries tries_;
  Sessions sessions_;
  std::uint64_t last_ = 0;
  base::Fn<void()> stopped_;
  bool stopping_ = false;
};

}  // namespace tokensvc
