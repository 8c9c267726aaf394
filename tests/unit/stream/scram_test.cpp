#include "stream/scram.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace stream {
namespace {

constexpr std::string_view kClientNonce = "fyko+d2lbbFgONRv9qkxdawL";
constexpr std::string_view kServerNonce = "3rfcNHYJY1ZVvWVs7j";
constexpr std::uint32_t kIterations = 64;  // low, so that the tests stay fast

ScramSettings settings(Hash hash = Hash::sha256) {
  return {.hash = hash,
          .server_nonce = std::string(kServerNonce),
          .fake_secret = "secret of the server",
          .fake_iterations = kIterations};
}

ScramSettings plus_settings() {
  ScramSettings plus = settings();
  plus.plus = plus.plus_offered = true;
  plus.binding = {.tls_exporter = "exporter bytes \x01\xff", .tls_server_end_point = "hash of the certificate"};
  return plus;
}

const Failure& failure(const Step& step) {
  static const Failure none{SaslCondition::aborted, "no failure"};
  const auto* failed = std::get_if<Failure>(&step);
  EXPECT_NE(failed, nullptr);
  return failed != nullptr ? *failed : none;
}

std::string challenge(const Step& step) {
  const auto* data = std::get_if<Challenge>(&step);
  EXPECT_NE(data, nullptr);
  return data != nullptr ? data->data : std::string();
}

/// What a client that knows the password answers to `server_first`.
std::string client_final(Hash hash, std::string_view password, std::string_view salt, std::string_view bare,
                         std::string_view server_first, std::string_view bound, std::string_view extension = {}) {
  const std::string nonce(server_first.substr(2, server_first.find(',') - 2));
  const std::string without = "c=" + base::base64(bound) + ",r=" + nonce + std::string(extension);
  const base::Secret salted = pbkdf2(hash, password, salt, kIterations);
  std::string proof = hmac(hash, salted.reveal(), "Client Key");
  const std::string signature =
      hmac(hash, digest(hash, proof), std::string(bare) + "," + std::string(server_first) + "," + without);
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
  return without + ",p=" + base::base64(proof);
}

/// Runs a whole exchange with the right password; `bound` is what the client binds to.
Step run(ScramSettings with, const std::string& gs2, const std::string& bound, std::string_view password = "pencil") {
  const Hash hash = with.hash;
  Scram scram(std::move(with));
  const std::string bare = "n=user,r=" + std::string(kClientNonce);
  Step step = scram.start(gs2 + bare);
  if (!std::holds_alternative<NeedCredentials>(step)) return step;
  step = scram.on_credentials("user", derive_keys(hash, "pencil", "salt", kIterations));
  return scram.respond(client_final(hash, password, "salt", bare, challenge(step), bound));
}

struct Vector {
  Hash hash;
  std::string client_nonce, server_nonce, salt, proof, signature;
};

void check_vector(const Vector& vector) {
  ScramSettings with = settings(vector.hash);
  with.server_nonce = vector.server_nonce;
  Scram scram(std::move(with));
  const Step first = scram.start("n,,n=user,r=" + vector.client_nonce);
  const auto* need = std::get_if<NeedCredentials>(&first);
  ASSERT_NE(need, nullptr);
  EXPECT_EQ(need->username, "user");
  EXPECT_EQ(need->authzid, "");
  EXPECT_EQ(need->hash, vector.hash);
  const std::string salt = *base::from_base64(vector.salt);
  const Step second = scram.on_credentials("user", derive_keys(vector.hash, "pencil", salt, 4096));
  const std::string nonce = vector.client_nonce + vector.server_nonce;
  EXPECT_EQ(challenge(second), "r=" + nonce + ",s=" + vector.salt + ",i=4096");
  const Step last = scram.respond("c=biws,r=" + nonce + ",p=" + vector.proof);
  const auto* success = std::get_if<Success>(&last);
  ASSERT_NE(success, nullptr) << failure(last).text;
  EXPECT_EQ(success->data, "v=" + vector.signature);
  EXPECT_EQ(success->account, "user");
}

TEST(Scram, Rfc5802Section5) {
  check_vector({Hash::sha1, "fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92",
                "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="});
}

TEST(Scram, Rfc7677Section3) {
  check_vector({Hash::sha256, "rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "W22ZaJ0SNY7soEsUEjb6gQ==",
                "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="});
}

TEST(Scram, EveryHashLogsIn) {
  for (const Hash hash : {Hash::sha1, Hash::sha256, Hash::sha512}) {
    EXPECT_TRUE(std::holds_alternative<Success>(run(settings(hash), "n,,", "n,,"))) << to_string(hash);
    EXPECT_EQ(failure(run(settings(hash), "n,,", "n,,", "pencils")).condition, SaslCondition::not_authorized);
  }
}

TEST(Scram, NamesAreUnescapedAndGivenToTheCaller) {
  Scram scram(settings());
  const Step step = scram.start("y,a=other=2Cone@a.example,n=a=3Db=2Cc,r=abc,x=ignored");
  const auto* need = std::get_if<NeedCredentials>(&step);
  ASSERT_NE(need, nullptr);
  EXPECT_EQ(need->username, "a=b,c");
  EXPECT_EQ(need->authzid, "other,one@a.example");
}

TEST(Scram, SuccessCarriesAuthzidAndThePreparedAccount) {
  Scram scram(settings());
  const std::string bare = "n=USER,r=abc";
  (void)scram.start("n,a=romeo@a.example," + bare);
  const Step step = scram.on_credentials("user", derive_keys(Hash::sha256, "pencil", "salt", kIterations));
  const Step last = scram.respond(
      client_final(Hash::sha256, "pencil", "salt", bare, challenge(step), "n,a=romeo@a.example,", ",x=extension"));
  ASSERT_TRUE(std::holds_alternative<Success>(last));
  EXPECT_EQ(std::get<Success>(last).authzid, "romeo@a.example");
  EXPECT_EQ(std::get<Success>(last).account, "user");
}

TEST(Scram, PlusBindsByBothTypes) {
  const ChannelBinding binding = plus_settings().binding;
  const std::string exporter = "p=tls-exporter,,", end_point = "p=tls-server-end-point,,";
  EXPECT_TRUE(std::holds_alternative<Success>(run(plus_settings(), exporter, exporter + binding.tls_exporter)));
  EXPECT_TRUE(
      std::holds_alternative<Success>(run(plus_settings(), end_point, end_point + binding.tls_server_end_point)));
  for (const std::string& wrong :
       {exporter + binding.tls_server_end_point, exporter, std::string("n,,"), end_point + binding.tls_exporter,
        exporter + binding.tls_exporter + "x", std::string()}) {
    const auto condition = failure(run(plus_settings(), exporter, wrong)).condition;
    // an empty value is no attribute at all
    EXPECT_EQ(condition, wrong.empty() ? SaslCondition::malformed_request : SaslCondition::not_authorized) << wrong;
  }
}

TEST(Scram, FlagsThatDoNotFitTheMechanism) {
  const auto first = [](ScramSettings with, const std::string& gs2) {
    Scram scram(std::move(with));
    return failure(scram.start(gs2 + "n=user,r=abc")).condition;
  };
  ScramSettings offered = plus_settings();
  offered.plus = false;
  EXPECT_EQ(first(offered, "y,,"), SaslCondition::not_authorized);
  EXPECT_EQ(first(offered, "p=tls-exporter,,"), SaslCondition::malformed_request);
  EXPECT_EQ(first(plus_settings(), "n,,"), SaslCondition::malformed_request);
  EXPECT_EQ(first(plus_settings(), "y,,"), SaslCondition::malformed_request);
  EXPECT_EQ(first(plus_settings(), "p=tls-unique,,"), SaslCondition::not_authorized);
  ScramSettings no_exporter = plus_settings();
  no_exporter.binding.tls_exporter.clear();
  EXPECT_EQ(first(no_exporter, "p=tls-exporter,,"), SaslCondition::not_authorized);
  EXPECT_TRUE(std::holds_alternative<Success>(run(offered, "n,,", "n,,")));
  EXPECT_TRUE(std::holds_alternative<Success>(run(settings(), "y,,", "y,,")));
}

TEST(Scram, MalformedFirstMessages) {
  const std::string nul("n,,n=a\0b,r=abc", 14);
  for (const std::string& bad : {std::string(),
                                 std::string("n"),
                                 std::string("n,"),
                                 std::string("n,,"),
                                 std::string("x,,n=user,r=abc"),
                                 std::string("p=,,n=user,r=abc"),
                                 std::string("n,user,n=user,r=abc"),
                                 std::string("n,a=,n=user,r=abc"),
                                 std::string("n,a=x=,n=user,r=abc"),
                                 std::string("n,,n=,r=abc"),
                                 std::string("n,,n=us=er,r=abc"),
                                 std::string("n,,n=user=2,r=abc"),
                                 std::string("n,,n=user=2c,r=abc"),
                                 std::string("n,,r=abc,n=user"),
                                 std::string("n,,n=user"),
                                 std::string("n,,n=user,r="),
                                 std::string("n,,n=user,r=a b"),
                                 std::string("n,,n=user,r=a\x80"),
                                 std::string("n,,m=ext,n=user,r=abc"),
                                 std::string("n,,n=user,r=abc,m=ext"),
                                 std::string("n,,n=user,r=abc,"),
                                 std::string("n,,n=user,r=abc,,x=y"),
                                 std::string("n,,n=user,r=abc,1=y"),
                                 nul,
                                 "n,,n=user,r=" + std::string(Mechanism::kMaxMessage, 'a')}) {
    Scram scram(settings());
    EXPECT_EQ(failure(scram.start(bad)).condition, SaslCondition::malformed_request) << bad.substr(0, 80);
  }
}

SaslCondition answer_final(const std::string& message) {
  Scram scram(settings());
  (void)scram.start("n,,n=user,r=abc");
  (void)scram.on_credentials("user", derive_keys(Hash::sha256, "pencil", "salt", kIterations));
  return failure(scram.respond(message)).condition;
}

TEST(Scram, RefusedFinalMessages) {
  const std::string nonce = "abc" + std::string(kServerNonce);
  const std::string proof = ",p=" + base::base64(std::string(32, 'x'));
  EXPECT_EQ(answer_final("c=biws,r=" + nonce + proof), SaslCondition::not_authorized);
  EXPECT_EQ(answer_final("c=biws,r=" + nonce + "x" + proof), SaslCondition::not_authorized);
  EXPECT_EQ(answer_final("c=biws,r=abc" + proof), SaslCondition::not_authorized);
  EXPECT_EQ(answer_final("c=eSws,r=" + nonce + proof), SaslCondition::not_authorized);  // "y,,"
  for (const std::string& bad :
       {std::string(), "c=biws,r=" + nonce,
        "c=biws,r=" + nonce + ",p=", "c=biws,r=" + nonce + ",p=" + base::base64("short"),
        "c=biws,r=" + nonce + ",p=" + base::base64(std::string(33, 'x')), "c=biws,r=" + nonce + ",p=%%%",
        "c=biws,r=" + nonce + proof + ",x=y", "c=biw,r=" + nonce + proof, "r=" + nonce + ",c=biws" + proof,
        "c=biws" + proof, "c=biws,r=" + nonce + ",m=x" + proof, "c=biws,r=" + nonce + "," + proof}) {
    EXPECT_EQ(answer_final(bad), SaslCondition::malformed_request) << bad;
  }
}

TEST(Scram, UnknownUserSeesTheSameStepsAndASteadySalt) {
  const auto ask = [](const std::string& account) {
    Scram scram(settings());
    (void)scram.start("n,,n=nobody,r=abc");
    const std::string first = challenge(scram.on_credentials(account, std::nullopt));
    const ScramKeys fake = fake_keys("secret of the server", account, Hash::sha256, kIterations);
    const Step last = scram.respond(client_final(Hash::sha256, "any", fake.salt, "n=nobody,r=abc", first, "n,,"));
    EXPECT_EQ(failure(last).condition, SaslCondition::not_authorized);
    EXPECT_EQ(failure(last).text, failure(run(settings(), "n,,", "n,,", "wrong")).text);
    return first;
  };
  EXPECT_EQ(ask("nobody"), ask("nobody"));
  EXPECT_NE(ask("nobody"), ask("noone"));
}

TEST(Scram, DowngradeProtectionIsAnnouncedAndSigned) {
  ScramSettings with = settings();
  with.downgrade_protection = "PLAIN\x1eSCRAM-SHA-256";
  Scram scram(with);
  (void)scram.start("n,,n=user,r=abc");
  const Step step = scram.on_credentials("user", derive_keys(Hash::sha256, "pencil", "salt", kIterations));
  EXPECT_TRUE(challenge(step).ends_with(",h=" + base::base64(digest(Hash::sha256, with.downgrade_protection))));
  EXPECT_TRUE(std::holds_alternative<Success>(run(with, "n,,", "n,,")));
}

TEST(Scram, DamagedKeysAndAnAuthenticatorThatIsDown) {
  Scram damaged(settings());
  (void)damaged.start("n,,n=user,r=abc");
  const Step step = damaged.on_credentials("user", derive_keys(Hash::sha1, "pencil", "salt", kIterations));
  EXPECT_EQ(failure(step).condition, SaslCondition::temporary_auth_failure);
  Scram down(settings());
  (void)down.start("n,,n=user,r=abc");
  EXPECT_EQ(failure(down.on_unavailable()).condition, SaslCondition::temporary_auth_failure);
}

TEST(Scram, SpeakingOutOfTurnEndsTheExchange) {
  Scram scram(settings());
  (void)scram.start("n,,n=user,r=abc");
  EXPECT_EQ(failure(scram.respond("n,,n=user,r=abc")).condition, SaslCondition::malformed_request);
  const Step late = scram.on_credentials("user", derive_keys(Hash::sha256, "pencil", "salt", kIterations));
  EXPECT_EQ(failure(late).condition, SaslCondition::not_authorized);
  EXPECT_EQ(failure(scram.on_unavailable()).condition, SaslCondition::not_authorized);
  EXPECT_EQ(failure(scram.respond("again")).condition, SaslCondition::malformed_request);
}

TEST(Scram, WithoutInitialResponseTheServerAsks) {
  Scram scram(settings());
  EXPECT_EQ(challenge(scram.start(std::nullopt)), "");
  EXPECT_TRUE(std::holds_alternative<NeedCredentials>(scram.respond("n,,n=user,r=abc")));
}

}  // namespace
}  // namespace stream
