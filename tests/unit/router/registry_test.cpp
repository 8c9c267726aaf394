#include "router/registry.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "sim/sim_loop.h"

namespace router {
namespace {

/// Keeps what is sent back to the asker.
class Mailbox final : public Component {
 public:
  void receive(PacketRef packet) override { got.push_back(std::move(packet)); }
  std::vector<PacketRef> got;
};

class RegistryTest : public testing::Test {
 protected:
  RegistryTest() { router().claim("example.org", mailbox_); }
  Router& router() { return board_.router(0); }
  PacketRef request(xmpp::Type type, std::string_view ns, std::string_view name) {
    xml::Document iq = xmpp::make_iq(type, "q1");
    iq.root().add(name, ns);
    return base::make_ref<const Packet>(xmpp::share(std::move(iq)), xmpp::Jid::parse("a@example.org/r").value(),
                                        xmpp::Jid::parse("example.org").value(), Origin::session);
  }
  /// The one answer: "result" or the error condition.
  std::string answer() {
    world_.settle();
    if (mailbox_.got.size() != 1) return std::to_string(mailbox_.got.size()) + " answers";
    const xmpp::Stanza& stanza = mailbox_.got[0]->stanza();
    EXPECT_EQ(stanza.id(), "q1");
    if (stanza.type() == xmpp::Type::result) return "result";
    const xml::Element* error = stanza.root().child("jabber:client", "error");
    return error == nullptr ? "no error child" : std::string(error->first_child()->name());
  }

  sim::World world_{1};
  Switchboard board_{world_.loops()};
  Mailbox mailbox_;
  Registry registry_;
};

constexpr std::string_view kPing = "urn:xmpp:ping";

TEST_F(RegistryTest, HandsARequestToItsOwner) {
  registry_.iq(xmpp::Type::get, Target::server | Target::account, kPing, "ping", [](Responder r) { r.result(); });
  registry_.freeze();
  registry_.handle(router(), Target::server, request(xmpp::Type::get, kPing, "ping"));
  EXPECT_EQ(answer(), "result");
  EXPECT_TRUE(registry_.owns(xmpp::Type::get, Target::account, kPing, "ping"));
}

TEST_F(RegistryTest, AnswersForWhatNobodyOwns) {
  registry_.iq(xmpp::Type::get, Target::account, kPing, "ping", [](Responder r) { r.result(); });
  registry_.freeze();
  registry_.handle(router(), Target::server, request(xmpp::Type::get, kPing, "ping"));
  EXPECT_EQ(answer(), "service-unavailable");
}

TEST_F(RegistryTest, ComparesNamespaceAndNameAsAPair) {
  registry_.iq(xmpp::Type::get, Target::server, "urn:a", "bc", [](Responder r) { r.result(); });
  registry_.freeze();
  EXPECT_FALSE(registry_.owns(xmpp::Type::get, Target::server, "urn:ab", "c"));
  EXPECT_FALSE(registry_.owns(xmpp::Type::set, Target::server, "urn:a", "bc"));
}

TEST_F(RegistryTest, AHandlerMayAnswerLater) {
  std::optional<Responder> kept;
  registry_.iq(xmpp::Type::get, Target::server, kPing, "ping", [&](Responder r) { kept.emplace(std::move(r)); });
  registry_.freeze();
  registry_.handle(router(), Target::server, request(xmpp::Type::get, kPing, "ping"));
  EXPECT_EQ(answer(), "0 answers");
  kept->error(xmpp::StanzaError(xmpp::Condition::item_not_found));
  kept.reset();
  EXPECT_EQ(answer(), "item-not-found");
}

TEST_F(RegistryTest, AForgottenRequestIsStillAnswered) {
  registry_.iq(xmpp::Type::set, Target::server, kPing, "ping", [](const Responder&) {});
  registry_.freeze();
  registry_.handle(router(), Target::server, request(xmpp::Type::set, kPing, "ping"));
  EXPECT_EQ(answer(), "internal-server-error");
}

TEST_F(RegistryTest, FeaturesAreThoseOfTheTargetSortedOnce) {
  registry_.feature(Target::server | Target::account, "urn:b");
  registry_.feature(Target::server, "urn:a");
  registry_.feature(Target::server, "urn:a");
  registry_.freeze();
  EXPECT_EQ(registry_.features(Target::server), (std::vector<std::string_view>{"urn:a", "urn:b"}));
  EXPECT_EQ(registry_.features(Target::account), std::vector<std::string_view>{"urn:b"});
}

using RegistryDeathTest = RegistryTest;
TEST_F(RegistryDeathTest, AKeyWithTwoOwnersAborts) {
  registry_.iq(xmpp::Type::get, Target::server, kPing, "ping", [](Responder r) { r.result(); });
  registry_.iq(xmpp::Type::get, Target::server | Target::account, kPing, "ping", [](Responder r) { r.result(); });
  EXPECT_DEATH(registry_.freeze(), "exactly one owner");
}

TEST_F(RegistryTest, KeepsStreamFeaturesInOrder) {
  registry_.stream_feature("<csi xmlns='urn:xmpp:csi:0'/>");
  registry_.stream_feature("<ver xmlns='urn:xmpp:features:rosterver'/>");
  registry_.bind2_feature("urn:xmpp:carbons:2");
  registry_.freeze();
  EXPECT_EQ(registry_.stream_features().size(), 2U);
  EXPECT_EQ(registry_.stream_features()[0], "<csi xmlns='urn:xmpp:csi:0'/>");
  EXPECT_EQ(registry_.bind2_features().at(0), "urn:xmpp:carbons:2");
}

TEST_F(RegistryTest, WhatDependsOnTheHostIsAskedForEachHost) {
  registry_.feature(Target::account, "urn:kept", [](const HostSettings& host) { return host.archive; });
  registry_.stream_feature("<a/>");
  registry_.stream_feature([](const HostSettings& host) { return std::string(host.archive ? "<b/>" : ""); });
  registry_.disco_form([](const HostSettings& host, xml::Element& query) { query.add(host.archive ? "on" : "off"); });
  registry_.freeze();
  HostSettings host{.domain = xmpp::Jid::parse("example.org").value()};
  EXPECT_EQ(registry_.features(Target::account, host).size(), 1U);
  EXPECT_EQ(registry_.stream_features(host), "<a/><b/>");
  host.archive = false;
  EXPECT_TRUE(registry_.features(Target::account, host).empty());
  EXPECT_EQ(registry_.stream_features(host), "<a/>");
  xml::Document query("urn:q", "query");
  registry_.add_disco_forms(host, query.root());
  EXPECT_EQ(query.root().first_child()->name(), "off");
}

}  // namespace
}  // namespace router
