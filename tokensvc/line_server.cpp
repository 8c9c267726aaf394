#include "tokensvc/line_server.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/secret.h"
#include "net/tls.h"

namespace tokensvc {
namespace {

/// Who shares the tries: an address, or at a Unix socket a user with all its processes.
std::string source_of(const std::string& peer) { return peer.substr(0, peer.find(" pid ")); }

bool same_proof(const CallerSettings& a, const CallerSettings& b) {
  return base::equal_secrets(a.secret.reveal(), b.secret.reveal()) && a.certificate == b.certificate &&
         a.user == b.user;
}

}  // namespace

LineServer::LineServer(Office& office, LineEntrance entrance)
    : office_(office), entrance_(std::move(entrance)), settings_(office.settings()) {}

LineServer::~LineServer() = default;

bool LineServer::may_come(const CallerSettings& caller) const {
  return entrance_.caller.empty() || entrance_.caller == caller.caller.name;
}

bool LineServer::admits(std::uint32_t user) const {
  return std::ranges::any_of(office_.settings()->callers,
                             [&](const CallerSettings& each) { return each.user == user && may_come(each); });
}

// Whose a connection is before it says a word.
std::optional<std::string> LineServer::known(std::optional<std::uint32_t> user) const {
  const Settings& settings = *office_.settings();
  if (user) {
    for (const CallerSettings& each : settings.callers)
      if (each.user == user && may_come(each)) return each.caller.name;
  }
  const CallerSettings* only = settings.caller(entrance_.caller);
  if (only == nullptr || only->has_proof()) return std::nullopt;
  return only->caller.name;
}

std::optional<std::string> LineServer::by_certificate(const net::Transport& connection) {
  const std::string shown = connection.tls() != nullptr ? connection.tls()->client_fingerprint() : std::string();
  if (shown.empty()) return std::nullopt;
  for (const CallerSettings& each : office_.settings()->callers)
    if (each.certificate == shown && may_come(each)) return each.caller.name;
  return std::nullopt;
}

// All are compared, so that the time it takes tells nothing of which one it was.
std::expected<std::string, Refusal> LineServer::by_secret(const net::Transport& connection, std::string_view secret) {
  const std::string peer = source_of(connection.peer());
  const base::MonoTime now = office_.loop().now();
  if (const auto wait = tries_.wait(peer, now))
    return std::unexpected(Refusal{Code::rate_limited, "too many wrong secrets; try again later"});
  const CallerSettings* found = nullptr;
  for (const CallerSettings& each : office_.settings()->callers)
    if (!each.secret.empty() && may_come(each) && base::equal_secrets(each.secret.reveal(), secret)) found = &each;
  if (found != nullptr) return found->caller.name;
  tries_.failed(peer, now);
  base::log::warning("token_caller_refused", {{"peer", connection.peer()}, {"why", "wrong secret"}});
  return std::unexpected(Refusal{Code::forbidden, "wrong secret"});
}

// The oldest that has not said who it is goes first.
bool LineServer::make_room() {
  if (sessions_.size() < kMostConnections) return true;
  const auto stranger =
      std::ranges::find_if(sessions_, [](const auto& session) { return session.second->caller().empty(); });
  if (stranger == sessions_.end()) return false;
  sessions_.erase(stranger);
  return true;
}

void LineServer::accept(std::unique_ptr<net::Transport> transport, std::optional<std::uint32_t> user) {
  if (stopping_) return;
  if (!make_room()) {
    base::log::warning("token_line_full", {{"peer", transport->peer()}, {"connections", sessions_.size()}});
    return;
  }
  const std::uint64_t number = ++last_;
  auto closed = [this, number](const base::Error& why) { drop(number, why); };
  auto caller = known(user);
  Doorkeeper& doorkeeper = *this;
  auto session = caller ? std::make_unique<LineSession>(office_, std::move(*caller), std::move(transport), std::nullopt,
                                                        std::move(closed))
                        : std::make_unique<LineSession>(office_, doorkeeper, std::move(transport), std::move(closed));
  if (entrance_.tls) session->transport().start_tls(certificates_, {});
  sessions_.emplace(number, std::move(session));
}

void LineServer::drop(std::uint64_t number, const base::Error& why) {
  const auto session = sessions_.find(number);
  if (session == sessions_.end()) return;
  const std::string caller = session->second->caller();
  if (!why.what.empty() && !caller.empty())
    base::log::info("token_line_end",
                    {{"caller", caller}, {"peer", session->second->transport().peer()}, {"why", why.what}});
  sessions_.erase(session);
  if (sessions_.empty() && stopped_) office_.loop().post(std::exchange(stopped_, nullptr));
}

void LineServer::reconsider() {
  for (const auto& [number, session] : sessions_) {
    if (session->caller().empty()) continue;
    const CallerSettings* before = settings_->caller(session->caller());
    const CallerSettings* after = office_.settings()->caller(session->caller());
    if (before == nullptr || after == nullptr || !same_proof(*before, *after)) session->close();
  }
  settings_ = office_.settings();
}

void LineServer::stop(base::Fn<void()> done) {
  stopping_ = true;
  if (sessions_.empty()) return office_.loop().post(std::move(done));
  stopped_ = std::move(done);
  for (const auto& [number, session] : sessions_) session->close();
}

}  // namespace tokensvc
