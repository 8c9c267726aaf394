#include "stream/features.h"

#include <gtest/gtest.h>

#include "connection.h"

namespace stream {
namespace {

const std::string kStarttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'";
const LocalHost kHost{.domain = "example.org"};

std::string wrapped(const std::string& features) { return "<stream:features>" + features + "</stream:features>"; }

std::string mechanisms(const std::string& names, const std::string& inner) {
  return "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" + names +
         "</mechanisms><authentication xmlns='urn:xmpp:sasl:2'>" + names + "<inline>" + inner +
         "</inline></authentication>";
}

const std::string kPlain = "<mechanism>PLAIN</mechanism>";
const std::string kScram =
    "<mechanism>SCRAM-SHA-512</mechanism><mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-1</mechanism>";
const std::string kPlus =
    "<mechanism>SCRAM-SHA-512-PLUS</mechanism><mechanism>SCRAM-SHA-256-PLUS</mechanism>"
    "<mechanism>SCRAM-SHA-1-PLUS</mechanism>";
const std::string kInline =
    "<bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:carbons:2'/><feature var='urn:xmpp:sm:3'/>"
    "</inline></bind><sm xmlns='urn:xmpp:sm:3'/>";

TEST(Features, WithoutTlsOnlyStarttls) {
  auto offer = Connection::standard_offer();
  EXPECT_EQ(login_features(*offer, {.domain = "example.org", .registration = true}, {}),
            wrapped(kStarttls + "><required/></starttls>"));
  offer->login_max_bytes = 16384;
  EXPECT_EQ(login_features(*offer, kHost, {}), wrapped(kStarttls + "><required/></starttls>"));
  EXPECT_EQ(login_features(*offer, kHost, {.tls = true, .scram = false, .plain = false}),
            wrapped("<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>16384</max-bytes></limits>"));
  offer->starttls = false;
  EXPECT_EQ(login_features(*offer, kHost, {}), wrapped(""));
}

TEST(Features, MechanismsInBothProfiles) {
  const auto offer = Connection::standard_offer();
  EXPECT_EQ(login_features(*offer, kHost, {.tls = true}), wrapped(mechanisms(kScram + kPlain, kInline)));
  EXPECT_EQ(login_features(*offer, kHost, {.tls = true, .scram = false}), wrapped(mechanisms(kPlain, kInline)));
  EXPECT_EQ(login_features(*offer, kHost, {.tls = true, .scram = false, .plain = false}), wrapped(""));
  EXPECT_EQ(login_features(*offer, kHost, {.loopback_plaintext_allowed = true}),
            wrapped(kStarttls + "/>" + mechanisms(kScram + kPlain, kInline)));
}

TEST(Features, ChannelBindingsWherePlusIsOffered) {
  const auto offer = Connection::standard_offer();
  const ChannelBinding binding{.tls_exporter = "a", .tls_server_end_point = "b"};
  EXPECT_EQ(login_features(*offer, kHost, {.tls = true, .binding = binding}),
            wrapped(mechanisms(kPlus + kScram + kPlain, kInline) +
                    "<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>"
                    "<channel-binding type='tls-server-end-point'/></sasl-channel-binding>"));
  EXPECT_FALSE(announced_bindings({.tls = true, .binding = binding, .scram = false}));
  EXPECT_FALSE(announced_bindings({.tls = true}));
}

TEST(Features, WhatTheListenerDoesNotDoIsNotOffered) {
  auto offer = Connection::standard_offer();
  offer->stream_management = false;
  EXPECT_EQ(login_features(*offer, {.domain = "example.org", .registration = true}, {.tls = true, .scram = false}),
            wrapped(mechanisms(kPlain,
                               "<bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:carbons:2'/>"
                               "</inline></bind>") +
                    "<register xmlns='http://jabber.org/features/iq-register'/>"));
  offer->bind2_features.clear();
  EXPECT_EQ(login_features(*offer, kHost, {.tls = true, .scram = false}),
            wrapped(mechanisms(kPlain, "<bind xmlns='urn:xmpp:bind:0'/>")));
}

TEST(Features, AfterLogin) {
  auto offer = Connection::standard_offer();
  const std::string bind =
      "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><required/></bind>"
      "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>";
  const std::string sm = "<sm xmlns='urn:xmpp:sm:3'/>";
  const std::string rest = "<csi xmlns='urn:xmpp:csi:0'/><ver xmlns='urn:xmpp:features:rosterver'/>";
  EXPECT_EQ(session_features(*offer, {}), wrapped(bind + sm + rest));
  EXPECT_EQ(session_features(*offer, {.bound = true}), wrapped(sm + rest));
  EXPECT_EQ(session_features(*offer, {.bound = true, .sm_enabled = true}), wrapped(rest));
  offer->stream_management = false;
  offer->max_bytes = 262144;
  offer->idle_seconds = 600;
  EXPECT_EQ(session_features(*offer, {.bound = true}),
            wrapped("<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>262144</max-bytes>"
                    "<idle-seconds>600</idle-seconds></limits>" +
                    rest));
}

}  // namespace
}  // namespace stream
