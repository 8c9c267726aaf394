#include "server.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace {

/// Runs `job` on each shard's loop.
template <class Job>
void on_each(std::vector<std::unique_ptr<Shard>>& shards, Job job) {
  for (const auto& shard : shards) {
    shard->router().loop().post([&shard = *shard, job] { job(shard); });
  }
}

/// The answers still missing, on the loop of the one that asked.
struct Counting {
  Counts sum;
  std::size_t missing;
  base::Fn<void(Counts)> done;
};
struct Looking {
  s2s::State all;
  std::size_t missing;
  base::Fn<void(s2s::State)> done;
};
struct Kicking {
  std::size_t sum;
  std::size_t missing;
  base::Fn<void(std::size_t)> done;
};
struct Stopping {
  std::size_t missing;
  base::Fn<void()> done;
};

}  // namespace

Server::Server(std::vector<base::Loop*> loops, const Seams& seams, const router::SettingsRef& settings)
    : board_(std::move(loops)) {
  std::vector<c2s::Clients*> clients;
  for (router::ShardId id = 0; id < board_.shards(); ++id) {
    shards_.push_back(std::make_unique<Shard>(board_.router(id), seams, settings));
    clients.push_back(&shards_.back()->clients());
  }
  for (c2s::Clients* each : clients) each->join(clients);
  std::vector<s2s::Service*> services;
  for (const auto& shard : shards_)
    if (shard->federation() != nullptr) services.push_back(shard->federation());
  for (s2s::Service* each : services) each->join(services);
}

void Server::use(const router::SettingsRef& settings) {
  on_each(shards_, [settings](Shard& shard) { shard.router().use(settings); });
}

void Server::use(const base::Ref<certs::Store>& certificates) {
  on_each(shards_, [certificates](Shard& shard) { shard.clients().use(certificates); });
}

void Server::use(const tokensvc::SettingsRef& tokens) {
  on_each(shards_, [tokens](Shard& shard) {
    if (shard.office() != nullptr) shard.office()->use(tokens);
  });
}

void Server::use(const proxy65::SettingsRef& proxy) {
  on_each(shards_, [proxy](Shard& shard) {
    if (shard.proxy65() != nullptr) shard.proxy65()->use(proxy);
  });
}

void Server::use(const web::SettingsRef& uploads) {
  on_each(shards_, [uploads](Shard& shard) {
    if (shard.uploads() != nullptr) shard.uploads()->use(uploads);
  });
}

Shard& Server::owner(const xmpp::Jid& address) { return *shards_[shards_.front()->router().owner(address)]; }

void Server::federate(const s2s::PolicyRef& policy) {
  on_each(shards_, [policy](Shard& shard) {
    if (shard.federation() != nullptr) shard.federation()->use(policy);
  });
}

void Server::federate(const base::Ref<certs::Store>& certificates) {
  on_each(shards_, [certificates](Shard& shard) {
    if (shard.federation() != nullptr) shard.federation()->use(certificates);
  });
}

void Server::federation_state(const std::string& remote, base::Fn<void(s2s::State)> done) {
  const auto looking =  // shared by the answers of all shards
      std::make_shared<Looking>(Looking{{}, shards_.size(), std::move(done)});
  on_each(shards_, [looking, remote, &home = home()](Shard& shard) {
    home.post([looking, state = shard.federation()->state(remote)]() mutable {
      s2s::State& all = looking->all;
      std::ranges::move(state.streams, std::back_inserter(all.streams));
      std::ranges::move(state.remotes, std::back_inserter(all.remotes));
      if (--looking->missing == 0) looking->done(std::move(all));
    });
  });
}

void Server::kick_remote(const std::string& remote, base::Fn<void(std::size_t)> done) {
  const auto kicking =  // shared by the answers of all shards
      std::make_shared<Kicking>(Kicking{0, shards_.size(), std::move(done)});
  on_each(shards_, [kicking, remote, &home = home()](Shard& shard) {
    home.post([kicking, ended = shard.federation()->kick(remote)] {
      kicking->sum += ended;
      if (--kicking->missing == 0) kicking->done(kicking->sum);
    });
  });
}

void Server::count(base::Fn<void(Counts)> done) {
  const auto counting =  // shared by the answers of all shards
      std::make_shared<Counting>(Counting{{}, shards_.size(), std::move(done)});
  on_each(shards_, [counting, &home = home()](Shard& shard) {
    const proxy65::Service* proxy = shard.proxy65();
    const web::UploadService* web = shard.uploads();
    home.post([counting, counts = shard.clients().counts(), files = proxy ? proxy->counts() : proxy65::Counts(),
               uploads = web ? web->counts() : web::Counts()] {
      c2s::Counts& clients = counting->sum.clients;
      clients.connections += counts.connections;
      clients.sessions += counts.sessions;
      clients.hibernated += counts.hibernated;
      counting->sum.files += files;
      counting->sum.uploads += uploads;
      if (--counting->missing == 0) counting->done(counting->sum);
    });
  });
}

// Rooms first: what they tell has left for the shards of their occupants when those send their clients away.
void Server::stop(base::Fn<void()> done) {
  const auto shutting = std::make_shared<Stopping>(  // shared by the answers of all shards
      Stopping{shards_.size(), [this, done = std::move(done)]() mutable { stop_clients(std::move(done)); }});
  on_each(shards_, [shutting, &home = home()](Shard& shard) {
    shard.shut_rooms();
    shard.router().loop().at_turn_end([shutting, &home] {  // behind the bus, which sends to other shards then
      home.post([shutting] {
        if (--shutting->missing == 0) shutting->done();
      });
    });
  });
}

void Server::stop_clients(base::Fn<void()> done) {
  const auto stopping =  // shared by the answers of all shards
      std::make_shared<Stopping>(
          Stopping{shards_.size(), [this, done = std::move(done)]() mutable { stop_federation(std::move(done)); }});
  on_each(shards_, [stopping, &home = home()](Shard& shard) {
    shard.stop([stopping, &home] {
      home.post([stopping] {
        if (--stopping->missing == 0) stopping->done();
      });
    });
  });
}

// Behind the clients, whose last presences go to other servers too.
void Server::stop_federation(base::Fn<void()> done) {
  if (shards_.front()->federation() == nullptr) return done();
  const auto stopping =  // shared by the answers of all shards
      std::make_shared<Stopping>(Stopping{shards_.size(), std::move(done)});
  on_each(shards_, [stopping, &home = home()](Shard& shard) {
    shard.federation()->stop([stopping, &home] {
      home.post([stopping] {
        if (--stopping->missing == 0) stopping->done();
      });
    });
  });
}
