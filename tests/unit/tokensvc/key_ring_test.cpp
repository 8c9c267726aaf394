// Several keys at once: which one signs, which are shown, which are asked for.
#include "tokensvc/key_ring.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "town.h"

namespace tokensvc {
namespace {

Key reader_of(Algorithm algorithm, const std::string& id) {
  return std::move(*Key::from_public_pem(algorithm, id, *key_of(algorithm, id).public_pem()));
}

TEST(KeyRing, TheFirstThatCanSigns) {
  const KeyRing ring = ring_of(reader_of(Algorithm::eddsa, "yesterday"), key_of(Algorithm::es256, "today"),
                               key_of(Algorithm::rs256, "x"));
  EXPECT_EQ(ring.signer()->id(), "today");
  EXPECT_EQ(ring_of(reader_of(Algorithm::eddsa, "a")).signer(), nullptr);
}

TEST(KeyRing, FindsById) {
  const KeyRing ring = ring_of(secret_key(), key_of(Algorithm::es256, "today"));
  EXPECT_EQ(ring.find("today")->algorithm(), Algorithm::es256);
  EXPECT_EQ(ring.find("../../etc/passwd"), nullptr);
  EXPECT_EQ(ring.find(""), nullptr);
}

TEST(KeyRing, RefusesTwoOfOneName) {
  const auto make = [](std::string a, std::string b) {
    std::vector<Key> keys;
    keys.push_back(secret_key(Algorithm::hs256, std::move(a)));
    keys.push_back(secret_key(Algorithm::hs512, std::move(b)));
    return KeyRing::make(std::move(keys));
  };
  EXPECT_EQ(make("a", "a").error().what, "two keys with the id (kid) a");
  EXPECT_EQ(make("", "").error().what, "two keys without an id (kid)");
  EXPECT_TRUE(make("", "a"));
  EXPECT_FALSE(KeyRing::make({}));
}

TEST(KeyRing, JwkSetHasPublicKeysOnly) {
  EXPECT_EQ(ring_of(secret_key()).jwks(), R"({"keys":[]})");
  const KeyRing ring = ring_of(secret_key(), key_of(Algorithm::es256, "a"), key_of(Algorithm::rs512, "b"),
                               key_of(Algorithm::eddsa, "c"));
  const auto set = nlohmann::json::parse(ring.jwks());
  ASSERT_EQ(set["keys"].size(), 3U);
  EXPECT_EQ(set["keys"][0]["kid"], "a");
  EXPECT_EQ(set["keys"][2]["alg"], "EdDSA");
  EXPECT_EQ(ring.jwks().find("0123456789abcdef"), std::string::npos);
}

TEST(KeyRing, AsapFiles) {
  const KeyRing ring = ring_of(secret_key(Algorithm::hs256, "secret"), key_of(Algorithm::rs256, "abc"));
  EXPECT_EQ(ring.asap("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            key_of(Algorithm::rs256, "abc").public_pem());
  EXPECT_FALSE(ring.asap(ring.find("secret")->asap_name()));
  EXPECT_FALSE(ring.asap("abc"));
  EXPECT_FALSE(ring.asap(""));
}

}  // namespace
}  // namespace tokensvc
