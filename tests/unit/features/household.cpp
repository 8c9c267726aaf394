#include "unit/features/household.h"

#include "store/unit.h"

namespace features_test {

void Session::send(router::Delivery delivery) {
  if (!house_.keeps_back(*this, delivery)) send_now(std::move(delivery));
}

void Session::send_now(router::Delivery delivery) {
  std::string text;
  xmpp::write(*delivery.stanza, delivery.from, delivery.to, delivery.overlay, xmpp::ns::client, text);
  got_.push_back(std::move(text));
  if (delivery.receipt) receipts_.push_back(std::move(delivery.receipt));
}

const router::HostSettings& Account::host() const { return *house_.settings().host(jid_.domain()); }
router::Router& Account::router() { return house_.router(); }

std::unique_ptr<router::AccountHold> Account::hold() {
  struct Hold final : router::AccountHold {
    explicit Hold(Account& a) : account(a) { ++account.holds; }
    ~Hold() override {
      if (--account.holds > 0) return;
      for (router::PacketRef& packet : std::exchange(account.held, {})) account.house_.receive(std::move(packet));
    }
    Account& account;
  };
  return std::make_unique<Hold>(*this);
}

Session& Account::bind(const std::string& resource) {
  const xmpp::Jid full = jid_.with_resource(resource).value();
  auto& session = sessions_[full];
  session = std::make_unique<Session>(house_, full);
  views_.push_back(session.get());
  for (const auto& step : house_.points.session_bound) step(*this, *session, nullptr, nullptr);
  return *session;
}

void Account::unbind(Session& session) {
  for (const auto& step : house_.points.session_closed) step(*this, session);
  std::erase(views_, &session);
  sessions_.erase(xmpp::Jid(session.jid()));
}

void Household::open_store() {
  auto opened = store::Store::open(directory_ / "exedra.db", {}, writing_, reading_);
  ASSERT_TRUE(opened) << opened.error().what;
  store = std::move(*opened);
}

Account& Household::open(std::string_view address) {
  const xmpp::Jid bare = jid(address);
  auto account = std::make_unique<Account>(*this, bare);
  account->slots.resize(points.loaders.size());
  for (std::size_t i = 0; i < points.loaders.size(); ++i) {
    store->read(
        world.loop(), [&, i](store::Reader& reader) { return points.loaders[i](reader, bare); },
        [&account, i](base::Result<std::unique_ptr<router::FeatureState>> state) {
          ASSERT_TRUE(state) << state.error().what;
          account->slots[i] = std::move(*state);
        });
  }
  settle();
  return *(accounts_[bare] = std::move(account));
}

bool Household::run(const std::vector<router::DeliveryPoints::StanzaStep>& steps, router::Passage& passage) {
  for (const auto& step : steps) {
    const router::Verdict verdict = step(passage);
    if (verdict.error()) router().bounce(*passage.packet, *verdict.error());
    if (verdict.ends()) return false;
  }
  return true;
}

void Household::write(const router::Passage& passage) {
  const store::UnitRef unit(&static_cast<store::Unit&>(*passage.rows));
  if (unit->empty()) return;
  store->write(unit, world.loop(), [](const base::Result<void>& done) { EXPECT_TRUE(done) << done.error().what; });
}

void Household::submit(Session& session, const std::string& xml) {
  const xmpp::StanzaRef sent = stanza(xml);
  const std::string_view to = sent->root().attr("to");
  const auto packet = base::make_ref<const router::Packet>(
      sent, session.jid(), to.empty() ? session.jid().bare() : jid(to), router::Origin::session);
  Account& own = *accounts_.at(session.jid().bare());
  router::Passage passage{.packet = packet, .account = own, .session = &session, .rows = base::make_ref<store::Unit>()};
  const bool goes = run(points.outbound, passage);
  write(passage);
  if (goes) {
    router().post(packet);
    for (const auto& step : points.delivered) step(passage, {});
  }
  settle();
}

void Household::arrive(std::string_view from, std::string_view to, const std::string& xml) {
  router().post(base::make_ref<const router::Packet>(stanza(xml), jid(from), jid(to), router::Origin::remote));
  settle();
}

void Household::receive(router::PacketRef packet) {
  const auto found = accounts_.find(packet->to().bare());
  Account* const owner = found == accounts_.end() ? nullptr : found->second.get();
  if (owner != nullptr && owner->holds > 0) return owner->held.push_back(std::move(packet));
  if (packet->stanza().kind() == xmpp::Kind::iq) return handle_iq(packet);
  if (owner != nullptr) return handle_message(*owner, packet);
  router().bounce(*packet, xmpp::Condition::service_unavailable);
}

void Household::handle_iq(const router::PacketRef& packet) {
  if (packet->stanza().is_request() && packet->to().is_bare()) {
    const auto target = packet->to().is_domain() ? router::Target::server : router::Target::account;
    return registry.handle(router(), target, packet);
  }
  router::AccountView* owner = account(packet->to().bare());
  router::SessionView* session = owner == nullptr ? nullptr : owner->session(packet->to());
  if (session != nullptr) session->send({.stanza = packet->share(), .from = packet->from(), .to = packet->to()});
}

void Household::handle_message(Account& account, const router::PacketRef& packet) {
  router::Passage passage{.packet = packet, .account = account, .rows = base::make_ref<store::Unit>()};
  if (!run(points.inbound, passage)) return write(passage);
  std::vector<router::SessionView*> chosen;
  for (router::SessionView* session : account.sessions()) {
    const bool fits =
        packet->to().is_bare() ? session->available() && session->priority() >= 0 : session->jid() == packet->to();
    if (fits) chosen.push_back(session);
  }
  for (router::SessionView* session : chosen) {
    session->send({.stanza = packet->share(), .from = packet->from(), .to = packet->to(), .overlay = passage.overlay});
  }
  for (const auto& step : points.delivered) step(passage, chosen);
  if (chosen.empty() && run(points.undelivered, passage)) {
    router().bounce(*packet, xmpp::Condition::service_unavailable);
  }
  write(passage);
}

bool Household::keeps_back(router::SessionView& session, router::Delivery& delivery) {
  return std::ranges::any_of(points.delivering, [&](auto& step) { return step(session, delivery); });
}

}  // namespace features_test
