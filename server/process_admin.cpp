// What `exedractl` asks of the process.
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "process.h"

using nlohmann::json;

namespace {

json to_json(const web::Counts& uploads) {
  return {{"connections", uploads.connections}, {"put", uploads.put}, {"bytes", uploads.bytes}, {"got", uploads.got}};
}

json to_json(const proxy65::Counts& files) {
  return {{"waiting", files.waiting}, {"active", files.active}, {"streams", files.streams}, {"bytes", files.bytes}};
}

}  // namespace

void Process::status(admin::Done done) {
  server_->count([this, done = std::move(done)](const Counts& counts) mutable {
    json hosts = json::array();
    for (const HostConfig& host : config_.hosts) {
      const std::string name(host.domain.str());
      const auto expires = certificates_->choose(name)->expires().time_since_epoch();
      hosts.push_back({{"domain", name},
                       {"certificate_expires", std::chrono::duration_cast<std::chrono::seconds>(expires).count()}});
    }
    json ports = json::array(), paused = json::array();
    for (const auto& listener : listeners_) {
      ports.push_back(listener->port());
      if (listener->paused()) paused.push_back(listener->port());
    }
    const auto up = std::chrono::duration_cast<std::chrono::seconds>(home().now() - started_).count();
    done(json{{"version", EXEDRA_VERSION},
              {"uptime_seconds", up},
              {"pid", getpid()},
              {"shards", loops_.size()},
              {"hosts", std::move(hosts)},
              {"ports", std::move(ports)},
              {"paused_ports", std::move(paused)},
              {"tokens", tokens_ ? tokens_->status() : json::array()},
              {"files", config_.proxy65 ? to_json(counts.files) : json()},
              {"uploads", config_.upload ? to_json(counts.uploads) : json()},
              {"connections", counts.clients.connections},
              {"sessions", counts.clients.sessions},
              {"hibernated", counts.clients.hibernated}});
  });
}

void Process::certificates(admin::Done done) {
  if (!certificates_) return done(json{{"certificates", json::array()}});
  done(list_certificates(*certificates_, config_, data_));
}

void Process::federation(const std::string& domain, admin::Done done) {
  if (!federation_admin_) return admin::Process::federation(domain, std::move(done));
  federation_admin_->list(domain, std::move(done));
}

void Process::kick_domain(const std::string& domain, admin::Done done) {
  if (!federation_admin_) return admin::Process::kick_domain(domain, std::move(done));
  federation_admin_->kick(domain, std::move(done));
}

void Process::unpin_domain(const std::string& domain, admin::Done done) {
  if (!federation_admin_) return admin::Process::unpin_domain(domain, std::move(done));
  federation_admin_->unpin(domain, std::move(done));
}

void Process::check_domain(const std::string& domain, admin::Done done) {
  if (!federation_admin_) return admin::Process::check_domain(domain, std::move(done));
  federation_admin_->check(domain, std::move(done));
}

/// Ids and algorithms only.
void Process::token_keys(admin::Done done) {
  tokensvc::Office* office = server_->shard(0).office();
  if (office == nullptr)
    return done(base::failure("this server has no token service; add <tokens> to its configuration"));
  const tokensvc::KeyRing& ring = office->settings()->keys;
  json keys = json::array();
  for (const tokensvc::Key& key : ring.keys())
    keys.push_back({{"id", key.id()},
                    {"algorithm", tokensvc::to_string(key.algorithm())},
                    {"signs", &key == ring.signer()},
                    {"can_sign", key.can_sign()}});
  done(json{{"keys", std::move(keys)}});
}
