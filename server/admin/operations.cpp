#include "admin/operations.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "admin/account_operations.h"
#include "admin/token_operations.h"
#include "base/log.h"
#include "router/router.h"
#include "store/store.h"

namespace admin {
namespace {

constexpr const char* kAlone = "this server does not federate; add <federation> to its configuration";

using nlohmann::json;

bool has_text(const json& object, std::string_view key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string();
}

void status(const Environment& environment, const json&, Done done) { environment.process.status(std::move(done)); }
void reload(const Environment& environment, const json&, Done done) { environment.process.reload(std::move(done)); }
void certificates(const Environment& environment, const json&, Done done) {
  environment.process.certificates(std::move(done));
}

void check_domain(const Environment& environment, const json& arguments, Done done) {
  environment.process.check_domain(arguments.at("domain"), std::move(done));
}

void list_federation(const Environment& environment, const json& arguments, Done done) {
  environment.process.federation(has_text(arguments, "domain") ? arguments.at("domain") : json(""), std::move(done));
}

void kick_domain(const Environment& environment, const json& arguments, Done done) {
  environment.process.kick_domain(arguments.at("domain"), std::move(done));
}

void unpin_domain(const Environment& environment, const json& arguments, Done done) {
  environment.process.unpin_domain(arguments.at("domain"), std::move(done));
}

void stop(const Environment& environment, const json&, Done done) {
  done(json::object());
  environment.process.stop();
}

void backup(const Environment& environment, const json& arguments, Done done) {
  const std::string file = arguments.at("file");
  if (!file.starts_with('/')) return done(base::failure("the file must be an absolute path"));
  environment.store.backup(file, environment.router.loop(),
                           [done = std::move(done), file](const base::Result<void>& result) mutable {
                             if (!result) return done(std::unexpected(result.error()));
                             done(json{{"file", file}});
                           });
}

constexpr Operation table[] = {
    {"account add", "jid", add_account},
    {"account del", "jid", delete_account},
    {"account passwd", "jid", set_password},
    {"account enable", "jid", enable_account},
    {"account disable", "jid", disable_account},
    {"account list", "", list_accounts},
    {"sessions", "", list_sessions},
    {"kick", "jid", kick},
    {"status", "", status},
    {"reload", "", reload},
    {"certs list", "", certificates},
    {"s2s list", "", list_federation},
    {"s2s kick", "domain", kick_domain},
    {"s2s unpin", "domain", unpin_domain},
    {"s2s check", "domain", check_domain},
    {"stop", "", stop},
    {"backup", "file", backup},
    {"tokensvc audit", "", audit_tokens},
    {"tokensvc keys", "", list_token_keys},
};

}  // namespace

void Process::token_keys(Done done) { done(base::failure("there is no token service")); }

void Process::certificates(Done done) { done(base::failure("this server does not tell its certificates")); }

void Process::check_domain(const std::string&, Done done) { done(base::failure(kAlone)); }
void Process::federation(const std::string&, Done done) { done(base::failure(kAlone)); }
void Process::unpin_domain(const std::string&, Done done) { done(base::failure(kAlone)); }
void Process::kick_domain(const std::string&, Done done) { done(base::failure(kAlone)); }

std::span<const Operation> operations() { return table; }

void perform(const Environment& environment, const json& request, Done done) {
  if (!request.is_object() || !has_text(request, "op")) return done(base::failure("the request names no \"op\""));
  const std::string name = request.at("op");
  const auto found = std::ranges::find(table, name, &Operation::name);
  if (found == std::end(table)) return done(base::failure("unknown operation '" + name + "'"));
  if (!found->needs.empty() && !has_text(request, found->needs)) {
    return done(base::failure("'" + name + "' needs \"" + std::string(found->needs) + "\""));
  }
  found->run(environment, request, std::move(done));
}

}  // namespace admin
