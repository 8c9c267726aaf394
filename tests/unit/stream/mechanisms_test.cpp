#include "stream/mechanisms.h"

#include <gtest/gtest.h>

#include "stream/plain.h"

namespace stream {
namespace {

/// Counts up, so that every nonce differs and runs repeat.
class CountingRandom final : public base::Random {
 public:
  void fill(std::span<std::byte> bytes) override {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(next_++);
  }

 private:
  unsigned next_ = 0;
};

std::string names(const Circumstances& at) {
  std::string text;
  for (const MechanismName name : offered_mechanisms(at)) text.append(to_string(name)).push_back(' ');
  return text;
}

const std::string kPlus = "SCRAM-SHA-512-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS ";
const std::string kScram = "SCRAM-SHA-512 SCRAM-SHA-256 SCRAM-SHA-1 ";
const ChannelBinding kBinding{.tls_exporter = "data"};

TEST(Mechanisms, OffersByCircumstances) {
  const struct {
    Circumstances at;
    std::string offered;
  } table[] = {
      {{}, ""},
      {{.binding = kBinding}, ""},
      {{.tls = true}, kScram + "PLAIN "},
      {{.tls = true, .binding = kBinding}, kPlus + kScram + "PLAIN "},
      {{.tls = true, .binding = {.tls_server_end_point = "data"}}, kPlus + kScram + "PLAIN "},
      {{.loopback_plaintext_allowed = true}, kScram + "PLAIN "},
      {{.binding = kBinding, .loopback_plaintext_allowed = true}, kScram + "PLAIN "},
      {{.tls = true, .binding = kBinding, .plain = false}, kPlus + kScram},
      {{.tls = true, .binding = kBinding, .scram = false}, "PLAIN "},
  };
  for (const auto& row : table) EXPECT_EQ(names(row.at), row.offered);
}

TEST(Mechanisms, OnlyOfferedOnesStart) {
  CountingRandom random;
  const char* all[] = {"SCRAM-SHA-512-PLUS",
                       "SCRAM-SHA-256-PLUS",
                       "SCRAM-SHA-1-PLUS",
                       "SCRAM-SHA-512",
                       "SCRAM-SHA-256",
                       "SCRAM-SHA-1",
                       "PLAIN",
                       "ANONYMOUS",
                       "plain",
                       "",
                       "SCRAM-SHA-1-"};
  for (const Circumstances& at :
       {Circumstances{}, Circumstances{.tls = true}, Circumstances{.tls = true, .binding = kBinding},
        Circumstances{.tls = true, .plain = false}, Circumstances{.loopback_plaintext_allowed = true}}) {
    const std::string offered = " " + names(at);
    for (const std::string name : all) {
      const auto made = make_mechanism(name, at, {"secret", 16}, {}, random);
      EXPECT_EQ(made.has_value(), !name.empty() && offered.contains(" " + name + " ")) << name;
      if (!made) {
        EXPECT_EQ(made.error().condition, SaslCondition::invalid_mechanism);
      }
    }
  }
}

TEST(Mechanisms, EachExchangeHasItsOwnNonce) {
  CountingRandom random;
  const auto first = [&] {
    auto made = make_mechanism("SCRAM-SHA-256", {.tls = true}, {"secret", 16}, {}, random);
    (void)(*made)->start("n,,n=user,r=abc");
    return std::get<Challenge>((*made)->on_credentials("user", std::nullopt)).data;
  };
  const std::string one = first(), two = first();
  EXPECT_NE(one, two);
  EXPECT_TRUE(one.starts_with("r=abcAAECAwQFBgcICQoLDA0ODxAREhMUFRYX,s=")) << one;
}

TEST(Mechanisms, FlagYIsRefusedOnlyWherePlusIsOffered) {
  CountingRandom random;
  const auto start = [&](const Circumstances& at) {
    auto made = make_mechanism("SCRAM-SHA-256", at, {"secret", 16}, {}, random);
    return (*made)->start("y,,n=user,r=abc");
  };
  EXPECT_TRUE(std::holds_alternative<NeedCredentials>(start({.tls = true})));
  EXPECT_TRUE(std::holds_alternative<Failure>(start({.tls = true, .binding = kBinding})));
}

TEST(Mechanisms, DowngradeTextIsSortedAsXep0474Says) {
  const MechanismName offered[] = {MechanismName::scram_sha_256, MechanismName::scram_sha_1, MechanismName::plain};
  EXPECT_EQ(downgrade_text(offered, std::nullopt), "PLAIN\x1eSCRAM-SHA-1\x1eSCRAM-SHA-256");
  EXPECT_EQ(downgrade_text(offered, {{"tls-server-end-point", "tls-exporter"}}),
            "PLAIN\x1eSCRAM-SHA-1\x1eSCRAM-SHA-256\x1ftls-exporter\x1etls-server-end-point");
  EXPECT_EQ(ChannelBinding({"a", "b"}).types(),
            (std::vector<std::string_view>{"tls-exporter", "tls-server-end-point"}));
}

TEST(Sasl, DecodesStrictly) {
  EXPECT_EQ(*decode_message("="), "");
  EXPECT_EQ(*decode_message(""), "");
  EXPECT_EQ(*decode_message("biws"), "n,,");
  for (const char* bad : {"biw", "bi ws", "biws\n", "==", "%%%%", "biws="}) {
    const auto decoded = decode_message(bad);
    ASSERT_FALSE(decoded) << bad;
    EXPECT_EQ(decoded.error().condition, SaslCondition::incorrect_encoding);
  }
}

TEST(Plain, YieldsAPasswordCheck) {
  Plain plain;
  const Step step = plain.start(std::string_view("me@a.example\0juliet\0r0m30", 25));
  const auto* need = std::get_if<NeedPasswordCheck>(&step);
  ASSERT_NE(need, nullptr);
  EXPECT_EQ(need->username, "juliet");
  EXPECT_EQ(need->authzid, "me@a.example");
  EXPECT_EQ(need->password.reveal(), "r0m30");
  const Step last = plain.on_password_checked("Juliet prepared", true);
  ASSERT_TRUE(std::holds_alternative<Success>(last));
  EXPECT_EQ(std::get<Success>(last).account, "Juliet prepared");
  EXPECT_EQ(std::get<Success>(last).authzid, "me@a.example");
}

TEST(Plain, RefusalsOfTheCaller) {
  Plain wrong, down;
  (void)wrong.start(std::string_view("\0juliet\0x", 9));
  EXPECT_EQ(std::get<Failure>(wrong.on_password_checked("juliet", false)).condition, SaslCondition::not_authorized);
  (void)down.start(std::string_view("\0juliet\0x", 9));
  EXPECT_EQ(std::get<Failure>(down.on_unavailable()).condition, SaslCondition::temporary_auth_failure);
}

TEST(Plain, MalformedMessages) {
  for (const std::string_view bad :
       {std::string_view(), std::string_view("juliet"), std::string_view("\0juliet", 7), std::string_view("\0\0x", 3),
        std::string_view("\0juliet\0", 8), std::string_view("\0juliet\0x\0y", 11), std::string_view("\0\0", 2)}) {
    Plain plain;
    EXPECT_EQ(std::get<Failure>(plain.start(bad)).condition, SaslCondition::malformed_request);
  }
}

}  // namespace
}  // namespace stream
