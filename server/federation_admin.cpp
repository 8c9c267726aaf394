#include "federation_admin.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/random.h"
#include "xmpp/domain.h"

namespace {

using nlohmann::json;

std::string unknown(const std::string& domain) { return "'" + domain + "' is no domain"; }

json to_json(const s2s::StreamState& stream) {
  json proved = json::array();
  for (const s2s::DomainPair& pair : stream.proved) proved.push_back({{"local", pair.local}, {"remote", pair.remote}});
  json all{{"direction", stream.dialled ? "out" : "in"},
           {"local", stream.pair.local},
           {"remote", stream.pair.remote},
           {"proved", std::move(proved)},
           {"peer", stream.peer},
           {"tls", stream.tls},
           {"cipher", stream.cipher},
           {"proof", stream.proved.empty() ? ""
                     : stream.external     ? "certificate"
                                           : "dialback"},
           {"both_ways", stream.bidi},
           {"acknowledges", stream.acknowledges},
           {"resumable", stream.resumable},
           {"issuer", stream.issuer},
           {"age_seconds", stream.age.count()}};
  if (stream.expires)
    all["expires"] = std::chrono::duration_cast<std::chrono::seconds>(stream.expires->time_since_epoch()).count();
  return all;
}

json to_json(const std::string& remote, const s2s::PairState& pair) {
  return {{"local", pair.local},
          {"remote", remote},
          {"up", pair.up},
          {"waiting", pair.waiting},
          {"unacknowledged", pair.unacknowledged},
          {"bytes", pair.bytes},
          {"failure", pair.failure}};
}

}  // namespace

json to_json(const s2s::State& state) {
  json streams = json::array(), queues = json::array();
  for (const s2s::StreamState& stream : state.streams) streams.push_back(to_json(stream));
  for (const s2s::RemoteState& each : state.remotes)
    for (const s2s::PairState& pair : each.pairs) queues.push_back(to_json(each.remote, pair));
  return {{"streams", std::move(streams)}, {"queues", std::move(queues)}};
}

FederationAdmin::FederationAdmin(Server& server, const Federation& federation)
    : server_(server),
      seams_(federation.seams()),
      connector_(server.shard(0).router().loop(), seams_.shards.front().dns, seams_.shards.front().dialer) {}

void FederationAdmin::list(const std::string& domain, admin::Done done) {
  const auto remote = domain.empty() ? std::optional(domain) : xmpp::prepare_domain(domain);
  if (!remote) return done(base::failure(unknown(domain)));
  server_.federation_state(*remote,
                           [done = std::move(done)](const s2s::State& state) mutable { done(to_json(state)); });
}

void FederationAdmin::kick(const std::string& domain, admin::Done done) {
  const auto remote = xmpp::prepare_domain(domain);
  if (!remote) return done(base::failure(unknown(domain)));
  server_.kick_remote(*remote, [done = std::move(done)](std::size_t ended) mutable { done(json{{"ended", ended}}); });
}

void FederationAdmin::unpin(const std::string& domain, admin::Done done) {
  const auto remote = xmpp::prepare_domain(domain);
  if (!remote) return done(base::failure(unknown(domain)));
  if (!server_.shard(0).federation()->unpin(*remote)) return done(base::failure("no key is pinned for " + *remote));
  done(json::object());
}

// The configuration has the first word: whoever may not be spoken with is not asked.
void FederationAdmin::check(const std::string& domain, admin::Done done) {
  const auto remote = xmpp::prepare_domain(domain);
  if (!remote) return done(base::failure(unknown(domain)));
  s2s::Service& here = *server_.shard(0).federation();
  const std::string from = here.default_domain();
  const s2s::PairRules rules = here.policy().rules(from, *remote);
  const auto refuse = [&](const std::string& text) {
    done(json{{"good", false}, {"steps", {{{"name", "policy"}, {"good", false}, {"text", text}}}}});
  };
  if (here.is_local(*remote)) return refuse(*remote + " is served here");
  if (!here.policy().allows(from, *remote))
    return refuse("the configuration does not let " + from + " speak with " + *remote);
  if (!rules.may_open()) return refuse("the configuration lets " + from + " open no streams to " + *remote);
  const s2s::Limits& limits = here.policy().limits();
  admin::CheckOptions options{.from = from,
                              .trust = seams_.trust,
                              .certificate_needed = rules.certificate == s2s::Certificate::valid,
                              .connect = {.private_addresses = rules.private_addresses}};
  options.connect.deadline = limits.dns + limits.connect;
  options.connect.dial.deadline = limits.connect;
  if (const auto& certificates = here.certificates()) options.own = certificates->choose(from);
  if (const auto& forced = rules.address)
    options.address = net::Target{.host = forced->host, .port = forced->port, .direct_tls = forced->direct_tls};
  checks_.start({here.loop(), seams_.shards.front().dns, connector_, base::system_random()}, *remote,
                std::move(options), std::move(done));
}
