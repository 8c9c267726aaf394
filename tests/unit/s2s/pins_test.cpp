// Keys that are believed because they were shown at first: one for each domain, also after a restart.
#include "s2s/pins.h"

#include <sqlite3.h>

#include "outbound_fixture.h"

namespace s2s_test {
namespace {

using namespace std::chrono_literals;

class PinsTest : public OutboundTest {
 protected:
  void TearDown() override {
    pins.reset();
    OutboundTest::TearDown();
  }
  /// As after a restart.
  s2s::Pins& load() {
    world.advance(1s);
    pins.emplace(*store, world.loop());
    pins->load();
    world.advance(1s);
    return *pins;
  }
  /// Behind the store's back.
  void sql(const char* text) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((folder / "exedra.db").c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, text, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  std::optional<s2s::Pins> pins;
};

TEST_F(PinsTest, NoOtherKeyFitsThanTheFirst) {
  load();
  EXPECT_TRUE(pins->fits("example.net", "key"));
  EXPECT_FALSE(pins->fits("example.net", "")) << "none was shown";
  EXPECT_TRUE(pins->add("example.net", "key"));
  EXPECT_FALSE(pins->add("example.net", "other"));
  EXPECT_TRUE(pins->fits("example.net", "key"));
  EXPECT_FALSE(pins->fits("example.net", "other"));
  EXPECT_TRUE(pins->fits("example.com", "other"));
}

TEST_F(PinsTest, LastLongerThanTheServer) {
  load();
  for (int i = 0; i < 2500; ++i) pins->write(std::to_string(i) + ".example", "key");
  pins->write_drop("7.example");
  load();
  EXPECT_FALSE(pins->fits("2499.example", "other")) << "more than one page";
  EXPECT_TRUE(pins->fits("2499.example", "key"));
  EXPECT_TRUE(pins->fits("7.example", "other")) << "dropped";
}

TEST_F(PinsTest, UntilTheyCanBeReadNoKeyFits) {
  load().write("example.net", "key");
  world.advance(1s);
  sql("ALTER TABLE pin RENAME TO lost");
  load();
  EXPECT_FALSE(pins->fits("example.net", "key"));
  EXPECT_FALSE(pins->fits("example.com", "key"));
  sql("ALTER TABLE lost RENAME TO pin");
  world.advance(6s);
  EXPECT_TRUE(pins->fits("example.net", "key"));
  EXPECT_FALSE(pins->fits("example.net", "other"));
}

TEST_F(PinsTest, OneThatCantBeWrittenHoldsUntilTheServerEnds) {
  load();
  sql("ALTER TABLE pin RENAME TO lost");
  EXPECT_TRUE(pins->add("example.net", "key"));
  pins->write("example.net", "key");
  world.advance(1s);
  EXPECT_FALSE(pins->fits("example.net", "other"));
  sql("ALTER TABLE lost RENAME TO pin");
  load();
  EXPECT_TRUE(pins->fits("example.net", "other"));
}

}  // namespace
}  // namespace s2s_test
