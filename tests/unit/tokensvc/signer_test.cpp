// Several signatures by one signer are as good as one each, also beside other signers of the same thread.
#include "tokensvc/signer.h"

#include <gtest/gtest.h>

#include <optional>

#include "town.h"

namespace tokensvc {
namespace {

TEST(Signer, SignsOneTextAfterTheOther) {
  for (const Algorithm algorithm : kAlgorithms) {
    SCOPED_TRACE(to_string(algorithm));
    const Key key = key_of(algorithm);
    Signer signer(key);
    for (const char* text : {"one", "another", "one"}) EXPECT_TRUE(key.verify(text, *signer.sign(text)));
    EXPECT_FALSE(key.verify("one", *signer.sign("another")));
  }
}

TEST(Signer, KeepsToItsSecretBesideOthers) {
  for (const Algorithm algorithm : {Algorithm::hs256, Algorithm::hs384, Algorithm::hs512}) {
    SCOPED_TRACE(to_string(algorithm));
    const Key ours = secret_key(algorithm);
    const Key theirs = secret_key(algorithm, {}, "fedcba9876543210fedcba9876543210");
    std::optional<Signer> first(std::in_place, ours), second(std::in_place, theirs);
    const std::string one = *first->sign("text"), other = *second->sign("text");
    EXPECT_NE(one, other);
    EXPECT_EQ(*first->sign("text"), one);
    EXPECT_TRUE(ours.verify("text", one)) << "which computes on the same thread";
    second.reset();
    EXPECT_EQ(*first->sign("text"), one);
    Signer moved(std::move(*first));
    first.reset();
    EXPECT_EQ(*moved.sign("text"), one);
    EXPECT_EQ(*Signer(theirs).sign("text"), other);
  }
}

}  // namespace
}  // namespace tokensvc
