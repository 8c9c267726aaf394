#include "admin/token_operations.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "router/router.h"
#include "store/store.h"

namespace admin {
namespace {

using nlohmann::json;

constexpr std::int64_t kUsual = 50, kMost = 10'000;  // tokens in one answer
constexpr std::array kWays{"line", "http", "xmpp"};

std::int64_t seconds(base::WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

json to_json(const store::TokenRecord& record) {
  return {{"time", seconds(record.time)},
          {"caller", record.caller},
          {"way", record.way < kWays.size() ? kWays[record.way] : "?"},
          {"user", record.user},
          {"name", record.name},
          {"room", record.room},
          {"subject", record.subject},
          {"moderator", record.moderator},
          {"expires", seconds(record.expires)}};
}

base::Result<json> worded(base::Result<std::vector<store::TokenRecord>> found) {
  if (!found) return std::unexpected(found.error());
  json tokens = json::array();
  for (const store::TokenRecord& record : *found) tokens.push_back(to_json(record));
  return json{{"tokens", std::move(tokens)}};
}

}  // namespace

void audit_tokens(const Environment& environment, const json& arguments, Done done) {
  store::TokenQuery query;
  const auto caller = arguments.find("caller");
  if (caller != arguments.end() && caller->is_string()) query.caller = caller->get<std::string>();
  const auto last = arguments.find("last");
  const std::int64_t asked = last != arguments.end() && last->is_number_integer() ? last->get<std::int64_t>() : kUsual;
  query.max = static_cast<std::size_t>(std::clamp(asked, std::int64_t{1}, kMost));
  environment.store.read(
      environment.router.loop(), [query = std::move(query)](store::Reader& reader) { return reader.tokens(query); },
      [done = std::move(done)](base::Result<std::vector<store::TokenRecord>> found) mutable {
        done(worded(std::move(found)));
      });
}

void list_token_keys(const Environment& environment, const json&, Done done) {
  environment.process.token_keys(std::move(done));
}

}  // namespace admin
