// Every algorithm signs and verifies; nothing that doesn't suit it becomes a key; nothing private gets out.
#include "tokensvc/key.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "town.h"

namespace tokensvc {
namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes(hex.size() / 2, '\0');
  sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), hex.data(), hex.size(), nullptr, nullptr,
                 nullptr);
  return bytes;
}

std::string from_base64url(std::string_view text) {
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                    &size, nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return bytes.substr(0, size);
}

std::string pem(const std::string& label, const std::string& der) {
  return "-----BEGIN " + label + "-----\n" + base::base64(der) + "\n-----END " + label + "-----\n";
}

std::string write_private(EVP_PKEY* key, const char* password = nullptr) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, key, password == nullptr ? nullptr : EVP_aes_256_cbc(), password,
                                password == nullptr ? 0 : static_cast<int>(std::string_view(password).size()), nullptr,
                                nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  EVP_PKEY_free(key);
  return text;
}

TEST(Key, NamesOfAlgorithms) {
  for (const Algorithm algorithm : kAlgorithms) EXPECT_EQ(parse_algorithm(to_string(algorithm)), algorithm);
  for (const char* name : {"none", "None", "NONE", "", "hs256", "HS256 ", "PS256", "RS384", "ES384"})
    EXPECT_FALSE(parse_algorithm(name)) << name;
}

TEST(Key, EachAlgorithmVerifiesItsOwnOnly) {
  for (const Algorithm algorithm : kAlgorithms) {
    SCOPED_TRACE(to_string(algorithm));
    const Key key = key_of(algorithm);
    const Key other =
        is_symmetric(algorithm) ? secret_key(algorithm, "other", std::string(32, 'x')) : key_of(algorithm, "other", 1);
    std::string signature = *key.sign("But soft");
    EXPECT_TRUE(key.verify("But soft", signature));
    EXPECT_FALSE(other.verify("But soft", signature));
    EXPECT_FALSE(key.verify("but soft", signature));
    EXPECT_FALSE(key.verify("But soft", ""));
    EXPECT_FALSE(key.verify("But soft", signature.substr(1)));
    EXPECT_FALSE(key.verify("But soft", signature + '\0'));
    EXPECT_FALSE(key.verify("But soft", std::string(signature.size(), '\0')));
    for (const std::size_t at : {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
      signature[at] ^= 1;
      EXPECT_FALSE(key.verify("But soft", signature)) << at;
      signature[at] ^= 1;
    }
    EXPECT_EQ(ERR_peek_error(), 0UL) << "TLS on this thread would find it";
  }
}

TEST(Key, SignaturesOfTheRfcs) {
  // RFC 7515 A.1
  const std::string payload =
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
  const Key hs256 = secret_key(Algorithm::hs256, "",
                               from_base64url("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUu"
                                              "TwjAzZr1Z9CAow"));
  EXPECT_EQ(base::base64url(*hs256.sign("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + payload)),
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");

  // RFC 7515 A.3
  const std::string point = from_base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU") +
                            from_base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
  const auto es256 = Key::from_public_pem(
      Algorithm::es256, "a3",
      pem("PUBLIC KEY", from_hex("3059301306072a8648ce3d020106082a8648ce3d03010703420004") + point));
  ASSERT_TRUE(es256) << es256.error().what;
  EXPECT_FALSE(es256->can_sign());
  EXPECT_TRUE(es256->verify("eyJhbGciOiJFUzI1NiJ9." + payload,
                            from_base64url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJ"
                                           "qPP3-Kg6NU1Q")));

  // RFC 8037 A.1, A.4
  const auto eddsa = Key::from_private_pem(
      Algorithm::eddsa, "a4",
      base::Secret(pem("PRIVATE KEY", from_hex("302e020100300506032b657004220420") +
                                          from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))));
  ASSERT_TRUE(eddsa) << eddsa.error().what;
  EXPECT_EQ(base::base64url(*eddsa->sign("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc")),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

TEST(Key, RefusesWhatDoesNotSuit) {
  const std::string rsa = private_pem(Algorithm::rs256), p256 = private_pem(Algorithm::es256),
                    ed25519 = private_pem(Algorithm::eddsa);
  const struct {
    const char* what;
    Algorithm algorithm;
    std::string id, pem, why;
  } rows[] = {
      {"RSA for ES256", Algorithm::es256, "k", rsa, "ES256 needs a key on the curve P-256"},
      {"RSA for EdDSA", Algorithm::eddsa, "k", rsa, "EdDSA needs an Ed25519 key"},
      {"P-256 for RS256", Algorithm::rs256, "k", p256, "RS256 and RS512 need an RSA key of 2048 to 8192 bits"},
      {"Ed25519 for RS512", Algorithm::rs512, "k", ed25519, "RS256 and RS512 need an RSA key of 2048 to 8192 bits"},
      {"a pair for HS256", Algorithm::hs256, "k", rsa, "HS256, HS384 and HS512 need a shared secret, not a key pair"},
      {"1024 bits", Algorithm::rs256, "k", write_private(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024})),
       "RS256 and RS512 need an RSA key of 2048 to 8192 bits"},
      {"P-384", Algorithm::es256, "k", write_private(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384")),
       "ES256 needs a key on the curve P-256"},
      {"with a password", Algorithm::eddsa, "k",
       write_private(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), "wherefore"),
       "the private key is not PEM, or has a password"},
      {"no id", Algorithm::eddsa, "", ed25519, "a key that others verify with needs an id (kid)"},
      {"a long id", Algorithm::eddsa, std::string(129, 'k'), ed25519, "a key's id is too long; 128 bytes at most"},
      {"nothing", Algorithm::eddsa, "k", "", "the private key is not PEM, or has a password"},
      {"cut short", Algorithm::rs256, "k", rsa.substr(0, 400), "the private key is not PEM, or has a password"},
  };
  for (const auto& row : rows) {
    const auto key = Key::from_private_pem(row.algorithm, row.id, base::Secret(row.pem));
    ASSERT_FALSE(key) << row.what;
    EXPECT_EQ(key.error().what, row.why) << row.what;
    EXPECT_EQ(ERR_peek_error(), 0UL) << row.what;
  }
  EXPECT_FALSE(Key::from_public_pem(Algorithm::hs256, "k", *key_of(Algorithm::rs256).public_pem()));
  EXPECT_FALSE(Key::from_public_pem(Algorithm::eddsa, "k", ed25519)) << "a private key where a public one belongs";
}

TEST(Key, SecretsHaveThirtyTwoBytes) {
  for (const Algorithm algorithm : {Algorithm::hs256, Algorithm::hs384, Algorithm::hs512}) {
    EXPECT_FALSE(Key::from_secret(algorithm, "", base::Secret(std::string(31, 's'))));
    EXPECT_TRUE(Key::from_secret(algorithm, "", base::Secret(std::string(32, 's'))));
  }
  EXPECT_FALSE(Key::from_secret(Algorithm::rs256, "k", base::Secret(std::string(32, 's'))));
}

TEST(Key, PublicHalves) {
  for (const Algorithm algorithm : kAlgorithms) {
    SCOPED_TRACE(to_string(algorithm));
    const Key key = key_of(algorithm);
    if (is_symmetric(algorithm)) {
      EXPECT_FALSE(key.public_pem());
      EXPECT_FALSE(key.public_jwk());
      continue;
    }
    const auto reader = Key::from_public_pem(algorithm, "verona", *key.public_pem());
    ASSERT_TRUE(reader);
    EXPECT_FALSE(reader->can_sign());
    EXPECT_TRUE(reader->verify("text", *key.sign("text")));
    EXPECT_TRUE(key.public_pem()->starts_with("-----BEGIN PUBLIC KEY-----\n"));
    const auto jwk = nlohmann::json::parse(*key.public_jwk());
    EXPECT_EQ(jwk["alg"], to_string(algorithm));
    EXPECT_EQ(jwk["kid"], "verona");
    EXPECT_EQ(jwk["use"], "sig");
    EXPECT_FALSE(jwk.contains("d"));
  }
}

TEST(Key, JwkMembers) {
  const auto eddsa = Key::from_private_pem(
      Algorithm::eddsa, "a2",
      base::Secret(pem("PRIVATE KEY", from_hex("302e020100300506032b657004220420") +
                                          from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))));
  EXPECT_EQ(*eddsa->public_jwk(),  // RFC 8037 A.2
            R"({"kty":"OKP","kid":"a2","use":"sig","alg":"EdDSA","crv":"Ed25519",)"
            R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  const auto p256 = nlohmann::json::parse(*key_of(Algorithm::es256).public_jwk());
  EXPECT_EQ(p256["kty"], "EC");
  EXPECT_EQ(p256["crv"], "P-256");
  EXPECT_EQ(from_base64url(p256["x"].get<std::string>()).size(), 32U);
  EXPECT_EQ(from_base64url(p256["y"].get<std::string>()).size(), 32U);
  const auto rsa = nlohmann::json::parse(*key_of(Algorithm::rs256).public_jwk());
  EXPECT_EQ(rsa["kty"], "RSA");
  EXPECT_EQ(rsa["e"], "AQAB");
  EXPECT_EQ(from_base64url(rsa["n"].get<std::string>()).size(), 256U);
}

TEST(Key, HeaderNamesItsAlgorithmAndId) {
  EXPECT_EQ(from_base64url(secret_key().header()), R"({"alg":"HS256","typ":"JWT"})");
  EXPECT_EQ(from_base64url(key_of(Algorithm::eddsa, "a\"b").header()), R"({"alg":"EdDSA","typ":"JWT","kid":"a\"b"})");
}

TEST(Key, AsapNameIsAHash) {
  EXPECT_EQ(secret_key(Algorithm::hs256, "abc").asap_name(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace tokensvc
