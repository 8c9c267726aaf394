#include "stream/scram_keys.h"

#include <gtest/gtest.h>

namespace stream {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back("0123456789abcdef"[byte >> 4]);
    text.push_back("0123456789abcdef"[byte & 15]);
  }
  return text;
}

TEST(ScramKeys, KnownDerivations) {
  EXPECT_EQ(hex(pbkdf2(Hash::sha1, "password", "salt", 2).reveal()),
            "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");  // RFC 6070
  EXPECT_EQ(hex(pbkdf2(Hash::sha256, "password", "salt", 4096).reveal()),
            "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a");
  EXPECT_EQ(hex(pbkdf2(Hash::sha512, "password", "salt", 1).reveal()),
            "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
            "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce");
}

TEST(ScramKeys, SizesFollowTheHash) {
  for (const auto& [hash, size] : {std::pair{Hash::sha1, 20U}, {Hash::sha256, 32U}, {Hash::sha512, 64U}}) {
    for (const ScramKeys& keys : {derive_keys(hash, "pencil", "salt", 2), fake_keys("s", "user", hash, 2)}) {
      EXPECT_EQ(keys.stored_key.reveal().size(), size);
      EXPECT_EQ(keys.server_key.reveal().size(), size);
      EXPECT_TRUE(usable(keys));
    }
  }
}

TEST(ScramKeys, PasswordsAreVerified) {
  const ScramKeys keys = derive_keys(Hash::sha512, "pencil", "salt", 16);
  EXPECT_TRUE(verify_password("pencil", keys));
  for (const char* wrong : {"", "Pencil", "pencil ", "penci"}) EXPECT_FALSE(verify_password(wrong, keys)) << wrong;
}

TEST(ScramKeys, DamagedKeysFitNoPassword) {
  for (const int damage : {0, 1, 2, 3}) {
    ScramKeys keys = derive_keys(Hash::sha256, "pencil", "salt", 16);
    if (damage == 0) keys.salt.clear();
    if (damage == 1) keys.iterations = 0;
    if (damage == 2) keys.stored_key = base::Secret();
    if (damage == 3) keys.server_key = base::Secret("short");
    EXPECT_FALSE(usable(keys));
    EXPECT_FALSE(verify_password("pencil", keys));
  }
}

TEST(ScramKeys, FakeKeysAreSteadyAndDifferByEveryInput) {
  const ScramKeys keys = fake_keys("secret", "user", Hash::sha256, 4096);
  const ScramKeys again = fake_keys("secret", "user", Hash::sha256, 4096);
  EXPECT_EQ(keys.salt.size(), 16U);
  EXPECT_EQ(keys.salt, again.salt);
  EXPECT_EQ(keys.stored_key.reveal(), again.stored_key.reveal());
  EXPECT_EQ(keys.server_key.reveal(), again.server_key.reveal());
  EXPECT_EQ(keys.iterations, 4096U);
  EXPECT_NE(keys.stored_key.reveal(), keys.server_key.reveal());
  EXPECT_NE(keys.salt, fake_keys("secret", "user2", Hash::sha256, 4096).salt);
  EXPECT_NE(keys.salt, fake_keys("secret", "user", Hash::sha512, 4096).salt);
  EXPECT_NE(keys.salt, fake_keys("other", "user", Hash::sha256, 4096).salt);
}

}  // namespace
}  // namespace stream
