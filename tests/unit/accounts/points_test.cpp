// The delivery points (router/delivery.h): when they are called, in which order, and what their verdicts do.
#include "fixture.h"

namespace accounts_test {
namespace {

class PointsTest : public HouseTest {
 protected:
  router::DeliveryPoints& points(std::string_view account) { return house.part(jid(account)).points; }
  static std::string message(std::string_view to, std::string_view id) {
    return "<message type='chat' to='" + std::string(to) + "' id='" + std::string(id) + "'><body>x</body></message>";
  }
  static bool is_message(const router::Passage& passage) {
    const xmpp::Stanza& stanza = passage.packet->stanza();
    return stanza.kind() == xmpp::Kind::message && stanza.type() != xmpp::Type::error;
  }
  Texts log_;
};

TEST_P(PointsTest, StepsRunInListOrderUntilOneEndsTheWay) {
  const auto note = [this](const char* name, router::Verdict verdict) {
    return [this, name, verdict](router::Passage& passage) {
      if (!is_message(passage)) return router::Verdict::pass();
      log_.push_back(std::string(name) + (passage.session != nullptr ? " sender" : ""));
      return passage.packet->stanza().id() == "ends" ? verdict : router::Verdict::pass();
    };
  };
  points("romeo@example.org").outbound.push_back(note("out1", router::Verdict::pass()));
  points("romeo@example.org").outbound.push_back(note("out2", xmpp::StanzaError(xmpp::Condition::not_acceptable)));
  points("juliet@example.org").inbound.push_back(note("in1", router::Verdict::done()));
  points("juliet@example.org").inbound.push_back(note("in2", router::Verdict::pass()));
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto juliet = house.login("juliet@example.org/balcony");
  house.send(*romeo, message("juliet@example.org", "passes"));
  EXPECT_EQ(juliet->take().size(), 1u);
  EXPECT_EQ(log_.front(), "out1 sender");
  EXPECT_EQ(log_.back(), "in2");
  house.send(*romeo, message("juliet@example.org", "ends"));
  EXPECT_EQ(count_with(romeo->take(), "not-acceptable"), 1u);
  EXPECT_EQ(juliet->take(), Texts{});
}

TEST_P(PointsTest, DeliveredSaysWhoHasIt) {
  for (auto& part : house.parts) {
    part->points.delivered.push_back([this](router::Passage& passage, std::span<router::SessionView* const> chosen) {
      std::string line(passage.account.jid().local());
      if (passage.session != nullptr) line += " sent";
      for (const router::SessionView* session : chosen) line += " /" + std::string(session->jid().resource());
      log_.push_back(line);
    });
    part->points.undelivered.push_back([this](router::Passage& passage) {
      log_.push_back(std::string(passage.account.jid().local()) + " has nobody");
      return router::Verdict::done();
    });
  }
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto a = house.login("juliet@example.org/a");
  const auto b = house.login("juliet@example.org/b");
  house.send(*romeo, message("juliet@example.org", "1"));
  house.send(*romeo, message("mercutio@example.org", "2"));
  EXPECT_EQ(log_, (Texts{"romeo sent", "juliet /a /b", "romeo sent", "mercutio has nobody"}));
  EXPECT_EQ(count_with(romeo->got, "error"), 0u);
}

TEST_P(PointsTest, WhatAStepHeldBackIsRedeliveredWhenItsSessionEnds) {
  std::vector<router::Delivery> held;
  auto& mine = points("juliet@example.org");
  mine.delivering.push_back([&](router::SessionView& session, router::Delivery& delivery) {
    if (session.jid().resource() != "sleepy" || delivery.stanza->kind() != xmpp::Kind::message) return false;
    held.push_back(std::move(delivery));
    return true;
  });
  mine.session_closed.push_back([&](router::AccountView&, router::SessionView& session) {
    if (session.jid().resource() != "sleepy") return;
    for (router::Delivery& each : held) session.send_now(std::move(each));
  });
  const auto romeo = house.login("romeo@example.org/orchard");
  const auto sleepy = house.login("juliet@example.org/sleepy", 5);
  const auto awake = house.login("juliet@example.org/awake", 1);
  house.send(*romeo, message("juliet@example.org", "m1"));
  EXPECT_EQ(count_with(sleepy->got, "m1"), 0u);
  house.unbind(*sleepy);
  EXPECT_EQ(count_with(awake->got, "id='m1'"), 1u);
}

TEST_P(PointsTest, SessionsAreFollowedFromBindToEnd) {
  auto& mine = points("romeo@example.org");
  const router::SessionSlot slot = mine.session_slot();
  struct State final : router::FeatureState {};
  mine.session_bound.push_back(
      [&, slot](router::AccountView&, router::SessionView& session, const xml::Element* request, xml::Element* bound) {
        session.slot(slot) = std::make_unique<State>();
        log_.push_back("bound");
        EXPECT_EQ(request, nullptr);
        EXPECT_EQ(bound, nullptr);
      });
  mine.session_available.push_back([&](router::AccountView&, router::SessionView& session) {
    log_.push_back(session.available() ? "available" : "?");
  });
  mine.client_state.push_back(
      [&](router::AccountView&, router::SessionView&, bool active) { log_.push_back(active ? "active" : "inactive"); });
  mine.session_closed.push_back([&, slot](router::AccountView& account, router::SessionView& session) {
    EXPECT_TRUE(session.slot(slot));
    EXPECT_EQ(account.sessions().size(), 1u);
    log_.push_back("closed");
  });
  const auto romeo = house.bind("romeo@example.org/orchard");
  house.send(*romeo, "<presence/>");
  house.send(*romeo, "<presence><show>dnd</show></presence>");
  house.owner(romeo->jid).client_state(romeo->id, false);
  house.unbind(*romeo);
  EXPECT_EQ(log_, (Texts{"bound", "available", "inactive", "closed"}));
}

TEST_P(PointsTest, AFeaturesStateIsLoadedWithTheAccount) {
  struct Name final : router::FeatureState {
    std::string text;
  };
  auto& mine = points("romeo@example.org");
  const router::AccountSlot slot = mine.account_slot(
      [](store::Reader&, const xmpp::Jid& account) -> base::Result<std::unique_ptr<router::FeatureState>> {
        auto name = std::make_unique<Name>();
        name->text = account.local();
        return name;
      });
  const auto romeo = house.bind("romeo@example.org/orchard");
  auto* account = house.owner(romeo->jid).account(romeo->jid.bare());
  EXPECT_EQ(static_cast<Name*>(account->slot(slot).get())->text, "romeo");
}

TEST_P(PointsTest, ALoaderThatFailsMakesEverybodyWait) {
  points("juliet@example.org")
      .account_slot(
          [](store::Reader&, const xmpp::Jid& account) -> base::Result<std::unique_ptr<router::FeatureState>> {
            if (account.local() == "juliet") return base::failure("damaged");
            return std::unique_ptr<router::FeatureState>();
          });
  const auto romeo = house.login("romeo@example.org/orchard");
  house.send(*romeo, message("juliet@example.org", "m1"));
  EXPECT_EQ(count_with(romeo->got, "resource-constraint"), 1u);
  EXPECT_EQ(house.bind("juliet@example.org/balcony")->refused, "internal-server-error");
}

EXEDRA_BOTH_SIZES(PointsTest);

}  // namespace
}  // namespace accounts_test
