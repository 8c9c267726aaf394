#include "c2s/clients.h"

#include <utility>

#include "c2s/connection.h"
#include "c2s/session.h"
#include "c2s/shard.h"

namespace c2s {

Clients::Clients(Services services) : shard_(std::make_unique<Shard>(std::move(services))) {}
Clients::~Clients() = default;

void Clients::join(const std::vector<Clients*>& all) {
  std::vector<Shard*> shards;
  shards.reserve(all.size());
  for (const Clients* each : all) shards.push_back(each->shard_.get());
  shard_->join(shards);
}

void Clients::use(base::Ref<certs::Store> certificates) { shard_->use(std::move(certificates)); }

void Clients::accept(std::unique_ptr<net::Transport> transport, const Entrance& entrance) {
  shard_->accept(std::move(transport), entrance);
}

void Clients::stop(base::Fn<void()> done) { shard_->stop(std::move(done)); }

Counts Clients::counts() const { return shard_->counts(); }

}  // namespace c2s
