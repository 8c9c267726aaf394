#include "fixture.h"

#include <utility>

namespace c2s_test {

using namespace std::chrono_literals;

// ---- accounts ----

void RecordingService::bind(router::BindRequest request,
                            base::Fn<void(base::Result<router::Bound, xmpp::StanzaError>)> done) {
  auto answer = [this, account = request.account, resource = request.resource, link = request.link,
                 bind2 = request.bind2 != nullptr, done = std::move(done)]() mutable {
    if (resource == "refused") return done(std::unexpected(xmpp::StanzaError(xmpp::Condition::conflict)));
    auto jid = account.with_resource(resource.empty() ? "made" : resource);
    if (!jid) return done(std::unexpected(xmpp::StanzaError(xmpp::Condition::bad_request)));
    sessions.push_back({.jid = *jid, .link = link});
    router::Bound bound{.id = static_cast<router::SessionId>(sessions.size()), .jid = *jid};
    if (bind2) bound.bound = xml::Document("urn:xmpp:bind:0", "bound");
    done(std::move(bound));
  };
  if (hold_bind) {
    held_bind = std::move(answer);
  } else {
    answer();
  }
}

void RecordingService::submit(router::SessionId id, xml::Document element) {
  Session& session = of(id);
  session.submitted.emplace_back(element.root().attr("id"));
  session.lang.emplace_back(element.root().attr("lang", xml::kXmlNamespace));
  ++session.open;
  if (!closes_at.empty() && session.submitted.back() == closes_at) {
    session.unacknowledged = ids(session.link->close({xmpp::StreamCondition::invalid_from, ""}));
    session.bound = false;
    return;
  }
  if (!slow) complete(session, 1);
}

void RecordingService::complete(Session& session, std::uint32_t count) {
  session.open -= count;
  session.link->completed(count);
}

void RecordingService::unbind(router::SessionId id, std::vector<router::Delivery> unacknowledged, bool forget_mark) {
  Session& session = of(id);
  EXPECT_TRUE(session.bound) << "unbound twice";
  session.bound = false;
  session.link = nullptr;
  session.forget_mark = forget_mark;
  session.unacknowledged = ids(unacknowledged);
}

void RecordingService::deliver(Session& session, std::string_view id) {
  xml::Document stanza = xmpp::make_message(xmpp::Type::chat, id);
  stanza.root().add_text_child("body", "But, soft!");
  session.link->deliver({.stanza = xmpp::share(std::move(stanza)),
                         .from = xmpp::Jid::from_prepared("juliet@example.org/balcony"),
                         .to = session.jid,
                         .receipt = base::make_ref<NotedReceipt>(acknowledged)});
}

std::vector<std::string> RecordingService::ids(const std::vector<router::Delivery>& deliveries) {
  std::vector<std::string> all;
  for (const router::Delivery& delivery : deliveries) all.emplace_back(delivery.stanza->id());
  return all;
}

// ---- clients ----

std::string Client::ask(std::string_view bytes) {
  peer_.send(bytes);
  return hear();
}

std::string Client::hear() {
  world_->advance(100ms);
  std::string came = peer_.take();
  seen += came;
  return came;
}

std::string Client::log_in(std::string_view user, std::string_view password) {
  ask(stream_header());
  const std::string answer = ask(plain_auth(user, password));
  EXPECT_TRUE(contains(answer, "<success")) << answer;
  return ask(stream_header());
}

std::string Client::bind(std::string_view user, std::string_view resource) {
  log_in(user);
  const std::string bound = ask("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>" +
                                std::string(resource) + "</resource></bind></iq>");
  EXPECT_TRUE(contains(bound, "<jid>" + std::string(user) + "@example.org/" + std::string(resource))) << bound;
  return bound;
}

// ---- the house ----

void C2sTest::SetUp() {
  std::string name = std::filesystem::temp_directory_path() / "exedra-c2s-XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  directory = name;
  world = std::make_unique<sim::World>(7, shards_);
  random = std::make_unique<sim::SeededRandom>(11);
  disk = std::make_unique<sim::SimExecutor>(*world, 1ms);
  cpu = std::make_unique<sim::SimExecutor>(*world, 1ms);
  auto opened = store::Store::open(directory / "exedra.db", {}, *disk, *disk);
  ASSERT_TRUE(opened) << opened.error().what;
  store = std::move(*opened);
  board = std::make_unique<router::Switchboard>(world->loops());
  use(limits);
  registry = std::make_unique<router::Registry>();
  registry->stream_feature("<csi xmlns='urn:xmpp:csi:0'/>");
  registry->stream_feature([](const router::HostSettings& host) {
    return "<of-host xmlns='urn:example:" + std::string(host.domain.str()) + "'/>";
  });
  registry->bind2_feature("urn:xmpp:carbons:2");
  registry->freeze();
  std::vector<c2s::Clients*> all;
  for (std::size_t s = 0; s < shards_; ++s) {
    services.push_back(std::make_unique<RecordingService>());
    clients.push_back(std::make_unique<c2s::Clients>(c2s::Services{board->router(static_cast<router::ShardId>(s)),
                                                                   *services[s],
                                                                   *registry,
                                                                   *store,
                                                                   *random,
                                                                   *cpu,
                                                                   {.secret = "fake", .iterations = 4}}));
    all.push_back(clients.back().get());
  }
  for (const auto& each : clients) each->join(all);
  for (const char* local : {"romeo", "juliet", "mercutio", "tybalt", "nurse"}) add_account(local);
}

void C2sTest::TearDown() {
  clients.clear();
  settle();
  store.reset();
  std::filesystem::remove_all(directory);
}

void C2sTest::use(const router::Limits& now) {
  limits = now;
  const auto settings = base::make_ref<const router::Settings>(
      std::vector<router::HostSettings>{
          {.domain = xmpp::Jid::from_prepared("example.org"), .registration = registration}},
      limits);
  for (router::ShardId s = 0; s < shards_; ++s) {
    board->router(s).use(settings);
    board->router(s).use(registered);
  }
}

void C2sTest::add_account(const std::string& local, const std::string& password, bool disabled) {
  c2s::ScramKeyMaker maker(*cpu, *random, 4);
  std::vector<store::ScramKeys> keys;
  maker.make_keys(base::Secret(password), world->loop(), [&](base::Result<std::vector<store::ScramKeys>> made) {
    ASSERT_TRUE(made);
    keys = std::move(*made);
  });
  settle();
  ASSERT_EQ(keys.size(), 3U);
  write(store::AccountPut{{.local = local, .host = "example.org", .disabled = disabled, .keys = std::move(keys)}});
}

Client C2sTest::connect(const sim::LinkOptions& options, std::size_t shard, const c2s::Entrance& entrance) {
  sim::LinkOptions local = options;
  if (local.peer == sim::LinkOptions().peer) local.peer = kLocalPeer;
  auto [transport, peer] = sim::make_link(world->loop(shard), local);
  clients[shard]->accept(std::move(transport), entrance);
  return {*world, std::move(peer)};
}

c2s::Counts C2sTest::counts() const {
  c2s::Counts sum;
  for (const auto& each : clients) {
    const c2s::Counts one = each->counts();
    sum.connections += one.connections;
    sum.sessions += one.sessions;
    sum.hibernated += one.hibernated;
  }
  return sum;
}

std::string attribute(const std::string& xml, std::string_view name) {
  const std::string start = " " + std::string(name) + "='";
  const std::size_t at = xml.rfind(start);
  if (at == xml.npos) return {};
  const std::size_t value = at + start.size();
  return xml.substr(value, xml.find('\'', value) - value);
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace c2s_test
