#include "features/csi.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/features/household.h"

namespace features {
namespace {

using features_test::Account;
using features_test::jid;
using features_test::Session;

class CsiTest : public features_test::Household {
 protected:
  void SetUp() override {
    Household::SetUp();
    add_csi({router(), registry, points, *this, *store, random});
    registry.freeze();
    romeo_ = &open("romeo@example.org");
    phone_ = &romeo_->bind("phone");
  }
  void tell(bool active) {
    for (const auto& step : points.client_state) step(*romeo_, *phone_, active);
  }
  void send(const std::string& xml, const std::string& from = "juliet@example.net/balcony") {
    phone_->send({.stanza = features_test::stanza(xml), .from = jid(from), .to = phone_->jid()});
  }
  static std::string presence(const std::string& show) { return "<presence><show>" + show + "</show></presence>"; }
  static std::string state(const std::string& name) {
    return "<message type='chat'><" + name + " xmlns='http://jabber.org/protocol/chatstates'/></message>";
  }
  /// The shows, states and bodies it got, in order.
  std::string got() {
    std::string all;
    for (const std::string& text : phone_->take()) {
      for (const char* word : {"away", "dnd", "chat<", "composing", "paused", "body", "subscribe", "<iq", "110"}) {
        if (text.find(word) != std::string::npos) all += std::string(word) + " ";
      }
    }
    return all;
  }

  Account* romeo_ = nullptr;
  Session* phone_ = nullptr;
};

TEST_F(CsiTest, AnActiveClientGetsEverythingAtOnce) {
  send(presence("away"));
  send(state("composing"));
  EXPECT_EQ(got(), "away composing ");
}

TEST_F(CsiTest, WhatCanWaitWaitsNewestOnlyUntilTheClientIsActive) {
  tell(false);
  send(presence("away"));
  send(presence("dnd"), "nurse@example.net");
  send(state("composing"));
  send(presence("chat"));
  send(state("paused"));
  EXPECT_EQ(got(), "");
  tell(true);
  EXPECT_EQ(got(), "dnd chat< paused ");
  send(presence("away"));
  EXPECT_EQ(got(), "away ");
}

struct Row {
  const char* xml;
  const char* got;
};
class Important : public CsiTest, public testing::WithParamInterface<Row> {};
TEST_P(Important, SendsWhatWaitedFirst) {
  tell(false);
  send(presence("away"));
  send(GetParam().xml);
  EXPECT_EQ(got(), GetParam().got);
  send(presence("dnd"));
  EXPECT_EQ(got(), "") << "and then waiting goes on";
}
INSTANTIATE_TEST_SUITE_P(
    Rows, Important,
    testing::Values(Row{"<message type='chat'><body>b</body></message>", "away body "},
                    Row{"<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", "away <iq "},
                    Row{"<presence type='subscribe'/>", "away subscribe "},
                    Row{"<presence><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>",
                        "away 110 "}));

TEST_F(CsiTest, WaitingIsBounded) {
  router::Limits limits;
  limits.csi_stanzas = 3;
  use({.domain = jid("example.org")}, limits);
  tell(false);
  for (int i = 0; i < 7; ++i) send(presence("away"), "contact" + std::to_string(i) + "@example.net");
  EXPECT_EQ(phone_->take().size(), 6u);
  tell(true);
  EXPECT_EQ(phone_->take().size(), 1u);
}

TEST_F(CsiTest, Bind2MayBeginInactive) {
  const auto request = xml::parse_element("<bind xmlns='urn:xmpp:bind:0'><inactive xmlns='urn:xmpp:csi:0'/></bind>");
  for (const auto& step : points.session_bound) step(*romeo_, *phone_, &request->root(), nullptr);
  send(presence("away"));
  EXPECT_EQ(got(), "");
}

TEST_F(CsiTest, IsOffered) {
  EXPECT_EQ(registry.stream_features(settings().first()), "<csi xmlns='urn:xmpp:csi:0'/>");
  EXPECT_EQ(registry.bind2_features().at(0), "urn:xmpp:csi:0");
}

}  // namespace
}  // namespace features
