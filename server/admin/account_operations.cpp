#include "admin/account_operations.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "router/account_service.h"
#include "router/router.h"
#include "store/store.h"

namespace admin {
namespace {

using nlohmann::json;
using router::AccountService;
using router::Router;
using xmpp::Condition;

constexpr std::size_t kPage = 1000;        // accounts in one answer
constexpr std::size_t kSessions = 10'000;  // sessions in one answer
constexpr std::size_t kPasswordBytes = 15;

std::string text_of(const json& arguments, const char* key) {
  const auto found = arguments.find(key);
  return found != arguments.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A local account's bare address.
base::Result<xmpp::Jid> account_of(const Environment& environment, const json& arguments) {
  const std::string text = text_of(arguments, "jid");
  const auto jid = xmpp::Jid::parse(text);
  if (!jid) return base::failure("'" + text + "' is no address: " + jid.error().why);
  if (jid->local().empty() || !jid->resource().empty()) {
    return base::failure("'" + text + "' is no account; write name@domain");
  }
  if (environment.router.settings().host(jid->domain()) == nullptr) {
    return base::failure("the domain '" + std::string(jid->domain()) + "' is not served here");
  }
  return *jid;
}

base::Error worded(const xmpp::StanzaError& error) {
  if (!error.text.empty()) return {error.text};
  switch (error.condition) {
    case Condition::conflict: return {"the account exists already"};
    case Condition::item_not_found: return {"there is no such account"};
    case Condition::not_acceptable:
      return {"the password is not acceptable (empty, or characters that are not allowed)"};
    case Condition::resource_constraint: return {"the server is too busy; try again"};
    default: return {"failed: " + std::string(to_string(error.condition))};
  }
}

/// Runs `change` on the account's shard and answers on ours with `result`.
template <class Change>
void on_account(const Environment& environment, const xmpp::Jid& jid, json result, Done done, Change change) {
  base::Loop& home = environment.router.loop();
  auto finish = [&home, result = std::move(result),
                 done = std::move(done)](const base::Result<void, xmpp::StanzaError>& outcome) mutable {
    base::Result<json> answer(std::move(result));
    if (!outcome) answer = std::unexpected(worded(outcome.error()));
    auto held = std::make_unique<base::Result<json>>(std::move(answer));
    home.post([done = std::move(done), held = std::move(held)]() mutable { done(std::move(*held)); });
  };
  environment.router.run_on_owner(jid, [change = std::move(change), finish = std::move(finish)](Router& owner) mutable {
    change(owner.accounts(), AccountService::Done(std::move(finish)));
  });
}

/// The password of a request, or a made one, which the answer then tells.
base::Secret password_of(const Environment& environment, const json& arguments, json& result) {
  if (arguments.contains("password")) return base::Secret(text_of(arguments, "password"));
  std::string made = environment.random.token(kPasswordBytes);
  result["password"] = made;
  return base::Secret(std::move(made));
}

void set_disabled(const Environment& environment, const json& arguments, bool disabled, Done done) {
  const auto jid = account_of(environment, arguments);
  if (!jid) return done(std::unexpected(jid.error()));
  base::log::info("admin_account", {{"op", disabled ? "disable" : "enable"}, {"account", jid->str()}});
  on_account(environment, *jid, {{"jid", jid->str()}}, std::move(done),
             [jid = *jid, disabled](AccountService& accounts, AccountService::Done then) {
               accounts.set_disabled(jid, disabled, std::move(then));
             });
}

json to_json(const router::SessionInfo& session) {
  return {{"jid", session.jid.str()},
          {"peer", session.peer},
          {"priority", session.priority},
          {"available", session.available},
          {"hibernated", session.hibernated}};
}

/// What is collected from all shards, on the loop of the one that asked.
struct Gathering {
  std::vector<json> sessions;
  std::size_t total = 0;
  std::size_t missing = 0;  // shards that have not answered
  Done done;
};

/// A shard's sessions as JSON, at most kSessions, and how many there are.
std::pair<std::vector<json>, std::size_t> sessions_of(Router& shard, const std::string& account) {
  std::pair<std::vector<json>, std::size_t> found;
  for (const auto& session : shard.accounts().sessions()) {
    if (!account.empty() && session.jid.bare().str() != account) continue;
    if (++found.second <= kSessions) found.first.push_back(to_json(session));
  }
  return found;
}

base::Result<json> read_page(store::Reader& reader, const std::vector<std::string>& hosts, const std::string& host,
                             std::string after) {
  json accounts = json::array();
  bool started = host.empty();
  for (const std::string& each : hosts) {
    if (!started && each != host) continue;
    started = true;
    const auto rows = reader.accounts(each, after, kPage - accounts.size());
    if (!rows) return std::unexpected(rows.error());
    for (const auto& row : *rows) accounts.push_back({{"jid", row.local + "@" + each}, {"disabled", row.disabled}});
    if (accounts.size() >= kPage) return json{{"accounts", std::move(accounts)}, {"more", true}};
    after.clear();
  }
  return json{{"accounts", std::move(accounts)}, {"more", false}};
}

}  // namespace

void add_account(const Environment& environment, const json& arguments, Done done) {
  const auto jid = account_of(environment, arguments);
  if (!jid) return done(std::unexpected(jid.error()));
  json result{{"jid", jid->str()}};
  base::Secret password = password_of(environment, arguments, result);
  base::log::info("admin_account", {{"op", "add"}, {"account", jid->str()}});
  on_account(environment, *jid, std::move(result), std::move(done),
             [jid = *jid, password = std::move(password)](AccountService& accounts, AccountService::Done then) mutable {
               accounts.create(jid, std::move(password), std::move(then));
             });
}

void set_password(const Environment& environment, const json& arguments, Done done) {
  const auto jid = account_of(environment, arguments);
  if (!jid) return done(std::unexpected(jid.error()));
  json result{{"jid", jid->str()}};
  base::Secret password = password_of(environment, arguments, result);
  base::log::info("admin_account", {{"op", "passwd"}, {"account", jid->str()}});
  on_account(environment, *jid, std::move(result), std::move(done),
             [jid = *jid, password = std::move(password)](AccountService& accounts, AccountService::Done then) mutable {
               accounts.set_password(jid, std::move(password), std::move(then));
             });
}

void delete_account(const Environment& environment, const json& arguments, Done done) {
  const auto jid = account_of(environment, arguments);
  if (!jid) return done(std::unexpected(jid.error()));
  base::log::info("admin_account", {{"op", "del"}, {"account", jid->str()}});
  on_account(
      environment, *jid, {{"jid", jid->str()}}, std::move(done),
      [jid = *jid](AccountService& accounts, AccountService::Done then) { accounts.remove(jid, std::move(then)); });
}

void enable_account(const Environment& environment, const json& arguments, Done done) {
  set_disabled(environment, arguments, false, std::move(done));
}

void disable_account(const Environment& environment, const json& arguments, Done done) {
  set_disabled(environment, arguments, true, std::move(done));
}

void list_accounts(const Environment& environment, const json& arguments, Done done) {
  std::vector<std::string> hosts;
  for (const auto& host : environment.router.settings().hosts()) hosts.emplace_back(host.domain.str());
  std::string host, after;
  if (arguments.contains("after")) {
    const auto jid = xmpp::Jid::parse(text_of(arguments, "after"));
    if (!jid) return done(base::failure("\"after\" is no address"));
    host = jid->domain();
    after = jid->local();
  }
  environment.store.read(
      environment.router.loop(),
      [hosts = std::move(hosts), host, after](store::Reader& reader) { return read_page(reader, hosts, host, after); },
      [done = std::move(done)](base::Result<json> page) mutable { done(std::move(page)); });
}

void list_sessions(const Environment& environment, const json& arguments, Done done) {
  const router::Switchboard& board = environment.router.board();
  base::Loop& home = environment.router.loop();
  const auto gathering = std::make_shared<Gathering>();  // shared by the answers of all shards
  gathering->missing = board.shards();
  gathering->done = std::move(done);
  for (router::ShardId id = 0; id < board.shards(); ++id) {
    Router& shard = board.router(id);
    shard.loop().post([&shard, &home, gathering, account = text_of(arguments, "jid")] {
      home.post([gathering, found = sessions_of(shard, account)]() mutable {
        gathering->total += found.second;
        for (auto& session : found.first)
          if (gathering->sessions.size() < kSessions) gathering->sessions.push_back(std::move(session));
        if (--gathering->missing > 0) return;
        gathering->done(json{{"sessions", std::move(gathering->sessions)}, {"total", gathering->total}});
      });
    });
  }
}

void kick(const Environment& environment, const json& arguments, Done done) {
  const auto jid = xmpp::Jid::parse(text_of(arguments, "jid"));
  if (!jid || jid->local().empty())
    return done(base::failure("'" + text_of(arguments, "jid") + "' is no account's address"));
  base::log::info("admin_kick", {{"address", jid->str()}});
  base::Loop& home = environment.router.loop();
  environment.router.run_on_owner(
      *jid, [&home, jid = *jid, why = text_of(arguments, "why"), done = std::move(done)](Router& owner) mutable {
        const std::size_t ended = owner.accounts().kick(jid, why.empty() ? "ended by an administrator" : why);
        home.post([ended, done = std::move(done)]() mutable { done(json{{"ended", ended}}); });
      });
}

}  // namespace admin
