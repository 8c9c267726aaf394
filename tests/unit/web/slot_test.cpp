// What a slot allows is what was signed, and nothing else.
#include "web/slot.h"

#include <gtest/gtest.h>

#include "net/http_target.h"

namespace {

using std::chrono_literals::operator""s;
using web::Purpose;
using web::Slot;

const base::WallTime kNow{1'700'000'000s};

Slot some_slot() {
  return {.id = "Zm9vYmFyYmF6cXV4MTIzNA",
          .name = "très cool.jpg",
          .owner = "romeo&juliet=1@example.org",
          .type = "image/jpeg",
          .bytes = 23456,
          .purpose = Purpose::ephemeral,
          .until = kNow + 600s,
          .expire_before = kNow + 3600s};
}

struct Signed {
  std::string path, query;
};

/// As they arrive at the server.
Signed signed_by(const web::SlotSigner& signer, const Slot& slot) {
  const auto target = net::read_target(web::path_of(slot) + '?' + signer.sign(slot));
  EXPECT_TRUE(target);
  return {target->path, target->query};
}

class SlotTest : public testing::Test {
 protected:
  const web::SlotSigner signer{std::string(32, 'k')};
};

TEST_F(SlotTest, SaysWhatWasSigned) {
  const Slot slot = some_slot();
  const auto [path, query] = signed_by(signer, slot);
  const auto read = signer.read(path, query, kNow);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->id, slot.id);
  EXPECT_EQ(read->name, slot.name);
  EXPECT_EQ(read->owner, slot.owner);
  EXPECT_EQ(read->type, slot.type);
  EXPECT_EQ(read->bytes, slot.bytes);
  EXPECT_EQ(read->purpose, slot.purpose);
  EXPECT_EQ(read->until, slot.until);
  EXPECT_EQ(read->expire_before, slot.expire_before);
}

TEST_F(SlotTest, EveryByteCounts) {
  const auto [path, query] = signed_by(signer, some_slot());
  for (std::size_t i = 0; i < path.size(); ++i) {
    std::string other = path;
    other[i] = other[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(signer.read(other, query, kNow)) << other;
  }
  for (std::size_t i = 0; i < query.size(); ++i) {
    std::string other = query;
    other[i] = other[i] == '1' ? '2' : '1';
    EXPECT_FALSE(signer.read(path, other, kNow)) << other;
    EXPECT_FALSE(signer.read(path, query.substr(0, i), kNow)) << i;
  }
  EXPECT_FALSE(signer.read(path, query + "0", kNow));
  EXPECT_FALSE(signer.read(path, query + "&bytes=99999999", kNow));
  EXPECT_FALSE(signer.read(path, "bytes=99999999&" + query, kNow));
}

// What a client calls its file is not what it was allowed: wherever such a name is cut, the rest is no term.
TEST_F(SlotTest, ANameIsNoTerm) {
  Slot slot = some_slot();
  slot.name = web::safe_name(
      "a?for=juliet%40example.org&type=text%2Fhtml&bytes=99999999&purpose=permanent&until=99999999999?b");
  const auto [path, query] = signed_by(signer, slot);
  for (std::size_t at = path.find('?'); at != std::string::npos; at = path.find('?', at + 1)) {
    const std::string rest = path.substr(at + 1);
    for (const char between : {'?', '&', '\0'})
      EXPECT_FALSE(signer.read(path.substr(0, at), rest + between + query, kNow)) << at << between;
  }
}

TEST_F(SlotTest, IsOverAtItsTime) {
  const auto [path, query] = signed_by(signer, some_slot());
  EXPECT_TRUE(signer.read(path, query, kNow + 599s));
  EXPECT_EQ(signer.read(path, query, kNow + 600s).error().what, "the time of this slot is over");
}

TEST_F(SlotTest, AnotherKeysAreNotOurs) {
  const web::SlotSigner other(std::string(32, 'l'));
  const auto [path, query] = signed_by(other, some_slot());
  EXPECT_FALSE(signer.read(path, query, kNow));
}

TEST(SlotName, IsOneSegmentOfAPath) {
  const std::string longest(251, 'x');
  const struct {
    std::string given, safe;
  } rows[] = {{"cool.jpg", "cool.jpg"},
              {"../../etc/passwd", "....etcpasswd"},
              {"..", "file"},
              {".", "file"},
              {"", "file"},
              {"/", "file"},
              {"a\\b\r\nc\x7f", "abc"},
              {std::string("a\0b", 3), "ab"},
              {"é.png", "é.png"},
              {longest + ".jpg", longest + ".jpg"},
              {longest + "y.jpg", longest + ".jpg"},
              {std::string(250, 'x') + "éé.jpg", std::string(250, 'x') + ".jpg"},
              {"a." + std::string(300, 'b'), "a." + std::string(253, 'b')}};
  for (const auto& [given, safe] : rows) EXPECT_EQ(web::safe_name(given), safe) << given;
}

}  // namespace
