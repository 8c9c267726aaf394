// Two whole servers on virtual time that other servers can find, joined by wires; clients are strings.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "c2s/key_maker.h"
#include "certs/pair.h"
#include "server.h"
#include "sim/sim_bridge.h"
#include "sim/sim_dialer.h"
#include "sim/sim_dns.h"
#include "sim/sim_loop.h"
#include "transcript/process.h"

namespace server_test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;

inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// Wires between all servers of a world.
using Wires = std::list<std::unique_ptr<sim::Bridge>>;

/// One server with its own disk, DNS and dialers; its shards are those of the world from `first` on.
class House {
 public:
  House(sim::World& world, std::size_t first, std::size_t shards, std::string domain, s2s::Policy::Parts policy,
        std::uint64_t seed)
      : world_(world),
        first_(first),
        domain_(std::move(domain)),
        random_(seed),
        disk_(world, 2ms),
        keys_(disk_, random_, kIterations),
        dialback_(base::Secret("secret of " + domain_)),
        federation_{{}, dialback_, {}, base::make_ref<const s2s::Policy>(std::move(policy))} {
    for (std::size_t i = 0; i < shards; ++i) {
      dns_.push_back(std::make_unique<sim::SimDns>(world.loop(first + i)));
      dialers_.push_back(std::make_unique<sim::SimDialer>(world.loop(first + i)));
      federation_.shards.push_back({*dns_.back(), *dialers_.back()});
    }
    start();
  }
  ~House() { stop(); }

  const std::string& domain() const { return domain_; }
  std::vector<std::unique_ptr<sim::SimDns>>& dns() { return dns_; }
  std::vector<std::unique_ptr<sim::SimDialer>>& dialers() { return dialers_; }
  /// What an operator would change by a reload.
  void use(s2s::Policy::Parts policy) {
    server_->federate(base::make_ref<const s2s::Policy>(std::move(policy)));
    world_.advance(1s);
  }
  bool runs() const { return server_ != nullptr; }
  Server& server() { return *server_; }

  void start() {
    auto opened = store::Store::open(folder_.path() / "exedra.db", {}, disk_, disk_);
    EXPECT_TRUE(opened);
    store_ = std::move(*opened);
    std::vector<base::Loop*> loops;
    for (std::size_t i = 0; i < dns_.size(); ++i) loops.push_back(&world_.loop(first_ + i));
    const Seams seams{*store_, keys_, disk_, random_, {.secret = "fake", .iterations = kIterations}, {}, &federation_};
    router::HostSettings host{.domain = xmpp::Jid::from_prepared(domain_)};
    host.rooms = xmpp::Jid::from_prepared("conference." + domain_);
    std::vector<router::RoomService> rooms{{.domain = host.rooms}};
    server_ = std::make_unique<Server>(
        std::move(loops), seams,
        base::make_ref<const router::Settings>(std::vector{host}, router::Limits{}, std::move(rooms)));
    server_->federate(certificates());
  }
  void stop() {
    if (!server_) return;
    bool stopped = false;
    server_->stop([&] { stopped = true; });
    world_.advance(10s);
    EXPECT_TRUE(stopped);
    server_.reset();
    world_.advance(10s);
    store_.reset();
  }

  void add_account(std::string_view name) {
    const auto account = xmpp::Jid::make(name, domain_).value();
    server_->shard(0).router().run_on_owner(account, [&](router::Router& owner) {
      owner.accounts().create(account, base::Secret(std::string("wherefore")),
                              [](const base::Result<void, xmpp::StanzaError>& result) { EXPECT_TRUE(result); });
    });
    world_.advance(1s);
  }

  /// A client that is logged in and available.
  sim::Peer login(const std::string& name) {
    const std::size_t shard = next_++ % dns_.size();
    auto [transport, peer] = sim::make_link(world_.loop(first_ + shard), {.peer = "127.0.0.1:40000"});
    server_->shard(shard).clients().accept(std::move(transport), {.plaintext_login = true});
    const std::string header =
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='" + domain_ +
        "' version='1.0'>";
    const auto say = [&](const std::string& bytes) {
      peer.send(bytes);
      world_.advance(300ms);
    };
    say(header);
    say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" +
        base::base64(std::string(1, '\0') + name + std::string(1, '\0') + "wherefore") + "</auth>");
    say(header);
    say("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>x</resource></bind></iq>");
    say("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>");
    EXPECT_TRUE(peer.peek().contains("jabber:iq:roster"));
    return std::move(peer);
  }

  /// A wire from another server.
  sim::Peer answer(bool direct_tls = false) {
    const std::size_t shard = next_++ % dns_.size();
    auto [transport, peer] = sim::make_link(world_.loop(first_ + shard));
    server_->shard(shard).federation()->accept(std::move(transport), direct_tls);
    return std::move(peer);
  }

 private:
  static constexpr std::uint32_t kIterations = 4;

  base::Ref<certs::Store> certificates() {
    const certs::Files files{folder_.path() / "a.crt", folder_.path() / "a.key"};
    const base::WallTime now = world_.loop().wall();
    EXPECT_TRUE(certs::create_self_signed(domain_, files, now, 3650, {"conference." + domain_}));
    std::vector<certs::Problem> problems;
    auto loaded = certs::Store::load({{domain_, files}}, {}, now, problems, certs::Clients::judged);
    EXPECT_TRUE(loaded);
    return *loaded;
  }

  sim::World& world_;
  const std::size_t first_;
  const std::string domain_;
  transcript::TemporaryFolder folder_;
  sim::SeededRandom random_;
  sim::SimExecutor disk_;
  c2s::ScramKeyMaker keys_;
  s2s::DialbackKeys dialback_;
  std::vector<std::unique_ptr<sim::SimDns>> dns_;
  std::vector<std::unique_ptr<sim::SimDialer>> dialers_;
  FederationSeams federation_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Server> server_;
  std::size_t next_ = 0;
};

/// example.org and example.net; the certificates of neither are believed by the other.
class Federated : public testing::Test {
 protected:
  static constexpr std::size_t kShards = 2;

  static s2s::Policy::Parts policy() {
    s2s::Policy::Parts parts;
    parts.rules.certificate = s2s::Certificate::dialback;
    return parts;
  }

  Federated() : Federated(policy(), policy()) {}
  Federated(s2s::Policy::Parts of_org, s2s::Policy::Parts of_net, std::uint64_t seed = 5)
      : world(seed, 2 * kShards),
        org(world, 0, kShards, "example.org", std::move(of_org), 1),
        net(world, kShards, kShards, "example.net", std::move(of_net), 2) {
    join(org, net, "198.51.100.2");
    join(net, org, "198.51.100.1");
  }

  ~Federated() override {
    org.stop();
    net.stop();
  }

  /// `from` finds `to` there.
  void join(House& from, House& to, const std::string& address) {
    for (const auto& dns : from.dns())
      for (const std::string& domain : {to.domain(), "conference." + to.domain()})
        dns->add_server(domain, "xmpp." + to.domain(), address);
    listen(from, to, address);
  }
  void listen(House& from, House& to, const std::string& address) {
    for (const auto& dialer : from.dialers())
      dialer->listen(address, 5269, [this, &to](sim::Peer peer) {
        ++dialled;
        if (!to.runs()) return;
        wires.push_back(std::make_unique<sim::Bridge>(std::move(peer), to.answer()));
      });
  }
  static void silence(House& from, const std::string& address) {
    for (const auto& dialer : from.dialers()) dialer->close(address, 5269);
  }
  /// What a client sends, and what all get after a while is for them to take().
  void say(sim::Peer& client, std::string_view bytes, base::Duration patience = 3s) {
    client.send(bytes);
    world.advance(patience);
  }
  static std::string chat(std::string_view to, std::string_view id) {
    return "<message type='chat' id='" + std::string(id) + "' to='" + std::string(to) + "'><body>" + std::string(id) +
           "</body></message>";
  }

  sim::World world;
  House org, net;
  Wires wires;
  std::size_t dialled = 0;
};

}  // namespace server_test
