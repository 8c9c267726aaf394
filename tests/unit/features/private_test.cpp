#include "features/private.h"

#include "account_fixture.h"

namespace features_test {
namespace {

class PrivateTest : public FeatureTest {
 protected:
  PrivateTest() : FeatureTest(features::add_private) {}
  static std::string query(const std::string& inside) {
    return "<query xmlns='jabber:iq:private'>" + inside + "</query>";
  }
  std::string set(const std::string& inside) { return ask(kOrchard, kRomeo, "set", query(inside)); }
  std::string get(const std::string& inside) { return ask(kOrchard, kRomeo, "get", query(inside)); }
};

constexpr const char* kBookmarks =
    "<storage xmlns='storage:bookmarks'><conference jid='hall@muc.example.org'/></storage>";

TEST_F(PrivateTest, GivesBackWhatItWasGiven) {
  EXPECT_EQ(set(kBookmarks), result());
  EXPECT_EQ(get("<storage xmlns='storage:bookmarks'/>"), result(query(kBookmarks)));
  EXPECT_EQ(get("<storage xmlns='storage:rosternotes'/>"), result(query("<storage xmlns='storage:rosternotes'/>")));
}

TEST_F(PrivateTest, SeveralElementsAtOnce) {
  EXPECT_EQ(set("<a xmlns='urn:a'>1</a><b xmlns='urn:a'>2</b>"), result());
  EXPECT_EQ(get("<b xmlns='urn:a'/>"), result(query("<b xmlns='urn:a'>2</b>")));
}

TEST_F(PrivateTest, AnEmptyElementRemoves) {
  set(kBookmarks);
  EXPECT_EQ(set("<storage xmlns='storage:bookmarks'/>"), result());
  EXPECT_EQ(get("<storage xmlns='storage:bookmarks'/>"), result(query("<storage xmlns='storage:bookmarks'/>")));
}

TEST_F(PrivateTest, IsForTheOwnerOnly) {
  for (const char* type : {"get", "set"})
    EXPECT_EQ(ask(kBalcony, kRomeo, type, query(kBookmarks)), error("auth", "forbidden")) << type;
}

TEST_F(PrivateTest, RefusesWhatHasNoPlace) {
  EXPECT_NE(get("").find("bad-request"), std::string::npos);
  EXPECT_NE(get("<a xmlns='urn:a'/><b xmlns='urn:b'/>").find("bad-request"), std::string::npos);
  EXPECT_NE(set("").find("not-acceptable"), std::string::npos);
  EXPECT_NE(set("<own/>").find("not-acceptable"), std::string::npos);
}

TEST_F(PrivateTest, IsBounded) {
  const auto element = [](char name, std::size_t bytes) {
    return std::string("<") + name + " xmlns='urn:a'>" + std::string(bytes, 'x') + "</" + name + ">";
  };
  EXPECT_NE(set(element('a', limits.private_bytes)).find("policy-violation"), std::string::npos);
  const std::size_t fits = limits.private_total_bytes / 10;
  for (char name = 'a'; name < 'a' + 9; ++name) EXPECT_EQ(set(element(name, fits)), result()) << name;
  EXPECT_NE(set(element('z', fits)).find("resource-constraint"), std::string::npos);
  EXPECT_EQ(set("<a xmlns='urn:a'/>"), result()) << "removing is always possible";
}

}  // namespace
}  // namespace features_test
