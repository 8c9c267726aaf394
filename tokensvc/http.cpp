#include "tokensvc/http.h"

#include <algorithm>
#include <utility>

#include "base/keyed_hash.h"
#include "base/log.h"
#include "base/random.h"
#include "base/secret.h"
#include "tokensvc/frames.h"
#include "tokensvc/reply.h"
#include "tokensvc/request.h"

namespace tokensvc {
namespace {

using net::HttpResponder;
using net::HttpResponse;

constexpr std::string_view kKeyFolder = "/asap/";
constexpr std::string_view kKeyEnding = ".pem";
constexpr std::string_view kKeysMayBeKept = "public, max-age=300";
constexpr std::string_view kNoCaller = R"(Bearer realm="tokens")";
constexpr std::string_view kWrongCaller = R"(Bearer realm="tokens", error="invalid_token")";
/// How long a store that refused a row counts as broken, unless it takes one before.
constexpr auto kStoreTrouble = std::chrono::seconds(10);

HttpResponse json(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body) + '\n'};
}

int status_of(Code code) {
  switch (code) {
    case Code::forbidden: return 403;
    case Code::rate_limited: return 429;
    case Code::too_large: return 413;
    case Code::unavailable: return 503;
    default: return 400;
  }
}

/// For what the HTTP server itself refuses.
Code code_of(int status) {
  if (status == 413) return Code::too_large;
  return status >= 500 && status != 501 ? Code::unavailable : Code::bad_request;
}

/// Without parameters; `Type/Sub; charset=…`.
bool says_json(const net::HttpRequest& request) {
  if (request.count("Content-Type") == 0) return true;
  const std::string* field = request.field("Content-Type");
  if (field == nullptr) return false;
  std::string_view type = std::string_view(*field).substr(0, field->find(';'));
  type = type.substr(0, type.find_last_not_of(" \t") + 1);
  return net::same_field_name(type, "application/json");
}

/// The secret in `Bearer <secret>` (RFC 6750 2.1); the scheme's case doesn't count.
std::string_view bearer_of(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!net::same_field_name(authorization.substr(0, kScheme.size()), kScheme)) return {};
  authorization.remove_prefix(kScheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

HttpResponse unauthorized(HttpResponse refusal, std::string_view challenge) {
  refusal.fields.push_back({"WWW-Authenticate", std::string(challenge)});
  return refusal;
}

}  // namespace

Http::Http(Office& office, store::Store& store, HttpEntrance entrance, net::HttpLimits limits)
    : office_(office),
      store_(store),
      entrance_(std::move(entrance)),
      compare_key_(base::system_random().token(32)),
      server_(
          office.loop(), routes(),
          [this](int status, std::string_view why) { return refusal(status, {code_of(status), std::string(why)}); },
          limits) {}

std::vector<net::HttpRoute> Http::routes() {
  return {{"POST", "/v1/token", [this](HttpResponder r) { give_token(std::move(r)); }, Frames::kMaxBytes},
          {"GET", "/healthz", [this](HttpResponder r) { tell_health(std::move(r)); }},
          {"GET", "/.well-known/jwks.json", [this](HttpResponder r) { give_keys(std::move(r)); }},
          {"GET", "/jwks.json", [this](HttpResponder r) { give_keys(std::move(r)); }},
          {"GET", std::string(kKeyFolder) + '*', [this](HttpResponder r) { give_key(std::move(r)); }}};
}

void Http::accept(std::unique_ptr<net::Transport> transport) {
  if (entrance_.tls) transport->start_tls(certificates_, {});
  server_.accept(std::move(transport));
}

HttpResponse Http::refusal(int status, const Refusal& why, std::string_view seq) const {
  HttpResponse response = json(status, refusal_reply(why, seq, office_.now().seconds()));
  if (status == 429) {
    const auto wait = std::max(why.retry_after, std::chrono::seconds(1));
    response.fields.push_back({"Retry-After", std::to_string(wait.count())});
  }
  return response;
}

// All are compared, and by hashes: the time it takes tells nothing of any of them.
const CallerSettings* Http::find_secret(std::string_view secret) const {
  const std::string shown = base::keyed_hash(compare_key_, secret);
  const CallerSettings* found = nullptr;
  for (const CallerSettings& each : office_.settings()->callers) {
    if (each.secret.empty()) continue;
    if (base::equal_secrets(base::keyed_hash(compare_key_, each.secret.reveal()), shown)) found = &each;
  }
  return found;
}

// Who guesses from elsewhere waits, whether he guesses right or not. On this machine a program with a wrong secret must
// not keep the others out, nor those behind one reverse proxy each other: there only wrong ones are refused.
std::expected<std::string, HttpResponse> Http::caller_by_secret(const std::string& peer, std::string_view secret) {
  const base::MonoTime now = office_.loop().now();
  const auto wait = tries_.wait(peer, now);
  const CallerSettings* found = wait && !is_loopback_peer(peer) ? nullptr : find_secret(secret);
  if (found != nullptr) return found->caller.name;
  if (wait)
    return std::unexpected(refusal(429, {Code::rate_limited, "too many wrong secrets; try again later",
                                         std::chrono::ceil<std::chrono::seconds>(*wait)}));
  tries_.failed(peer, now);
  base::log::warning("token_caller_refused", {{"peer", peer}, {"why", "wrong secret"}});
  return std::unexpected(unauthorized(refusal(401, {Code::forbidden, "wrong secret"}), kWrongCaller));
}

std::expected<std::string, HttpResponse> Http::caller_of(const net::HttpRequest& request) {
  if (const std::string* authorization = request.field("Authorization")) {
    const std::string_view secret = bearer_of(*authorization);
    if (!secret.empty()) return caller_by_secret(request.peer, secret);
  }
  if (request.count("Authorization") == 0 && !request.certificate.empty()) {
    for (const CallerSettings& each : office_.settings()->callers)
      if (each.certificate == request.certificate) return each.caller.name;
  }
  return std::unexpected(
      unauthorized(refusal(401, {Code::forbidden, "a secret is needed as Authorization: Bearer"}), kNoCaller));
}

void Http::give_token(HttpResponder responder) {
  const net::HttpRequest& http = responder.request();
  const auto caller = caller_of(http);
  if (!caller) return responder.send(caller.error());
  if (!says_json(http))
    return responder.send(refusal(415, {Code::bad_request, "the Content-Type must be application/json"}));
  const Parsed parsed = parse_request(http.body);
  if (!parsed.request)
    return responder.send(refusal(status_of(parsed.request.error().code), parsed.request.error(), parsed.seq));
  const auto now = office_.now().seconds();
  if (parsed.request->command == Request::Command::ping) return responder.send(json(200, pong_reply(parsed.seq, now)));
  office_.issue(*caller, Way::http, *parsed.request,
                [this, responder = std::move(responder), seq = parsed.seq,
                 now](const std::expected<Issued, Refusal>& issued) mutable {
                  if (issued) {
                    unrecorded_ = base::MonoTime::min();
                    return responder.send(json(200, success_reply(*issued, seq, now)));
                  }
                  const Refusal& why = issued.error();
                  if (why.code == Code::unavailable) unrecorded_ = office_.loop().now();
                  responder.send(refusal(status_of(why.code), why, seq));
                });
}

// A transaction without rows shows that the store answers; that it has room, the last token showed.
void Http::tell_health(HttpResponder responder) {
  const bool signs = office_.settings()->keys.signer() != nullptr;
  store_.write(
      base::make_ref<store::Unit>(), office_.loop(),
      [this, responder = std::move(responder), signs](const base::Result<void>& done) mutable {
        const bool trouble = unrecorded_ != base::MonoTime::min() && office_.loop().now() - unrecorded_ < kStoreTrouble;
        const bool keeps = done.has_value() && !trouble, well = signs && keeps;
        const auto word = [](bool yes) { return std::string(yes ? "true" : "false"); };
        responder.send(json(well ? 200 : 503, R"({"status":")" + std::string(well ? "ok" : "unavailable") +
                                                  R"(","signs":)" + word(signs) + R"(,"store":)" + word(keeps) + '}'));
      });
}

void Http::give_keys(HttpResponder responder) {
  responder.send({200,
                  {{"Content-Type", "application/jwk-set+json"}, {"Cache-Control", std::string(kKeysMayBeKept)}},
                  office_.settings()->keys.jwks() + '\n'});
}

/// Jitsi's key server protocol: the public key whose id has this SHA-256.
void Http::give_key(HttpResponder responder) {
  std::string_view name = responder.request().path;
  name.remove_prefix(kKeyFolder.size());
  std::optional<std::string> pem;
  if (name.ends_with(kKeyEnding)) pem = office_.settings()->keys.asap(name.substr(0, name.size() - kKeyEnding.size()));
  if (!pem) return responder.send(refusal(404, {Code::bad_request, "there is no such key"}));
  responder.send({200,
                  {{"Content-Type", "application/x-pem-file"}, {"Cache-Control", std::string(kKeysMayBeKept)}},
                  std::move(*pem)});
}

}  // namespace tokensvc
