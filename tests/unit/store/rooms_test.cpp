// Rooms: what is kept of one, and a service's list in pages. None of it may read more rows than it was asked for.
#include <sqlite3.h>

#include "fixture.h"
#include "store/apply.h"

namespace store_test {
namespace {

using store::Reader;
using store::RoomAffiliation;
using store::RoomPage;
using store::RoomQuery;

constexpr const char* kService = "rooms.example.org";
constexpr const char* kHall = "hall@rooms.example.org";
constexpr const char* kCrypt = "crypt@rooms.example.org";

store::Room hall() {
  return {.room = kHall,
          .service = kService,
          .created = at(1234567),
          .name = "Capulet's hall",
          .listed = true,
          .settings = std::string("<x>\0</x>", 8),
          .subject = "<subject>a feast</subject>",
          .archive_from = 7};
}

store::Room named(const std::string& room, bool listed = true, const std::string& service = kService) {
  return {.room = room, .service = service, .created = at(1), .name = "of " + room, .listed = listed};
}

class RoomsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    open();
  }
  std::optional<store::StoredRoom> room(const std::string& address) {
    return get([=](Reader& r) { return r.room(address); });
  }
  RoomPage page(RoomQuery asked) {
    if (asked.service.empty()) asked.service = kService;
    return get([=](Reader& r) { return r.rooms(asked); });
  }
  std::int64_t owned(const std::string& service, const std::string& jid, std::uint8_t affiliation) {
    return get([=](Reader& r) { return r.rooms_with(service, jid, affiliation); });
  }
  static std::vector<std::string> addresses(const RoomPage& page) {
    std::vector<std::string> found;
    for (const auto& name : page.rooms) found.push_back(name.room);
    return found;
  }
};

TEST_F(RoomsTest, ARoomComesBackWholeAndItsAffiliationsByAddress) {
  const RoomAffiliation owner{"romeo@example.org", 4, "", ""};
  const RoomAffiliation banned{"paris.example", 0, "", "slain"};
  const RoomAffiliation member{"juliet@example.org", 2, "Jul\u00eda", "my love"};
  EXPECT_FALSE(room(kHall));
  ASSERT_TRUE(put(store::RoomPut{hall()}, store::RoomAffiliationPut{kHall, owner},
                  store::RoomAffiliationPut{kHall, banned}, store::RoomAffiliationPut{kHall, member},
                  store::RoomPut{named(kCrypt)}, store::RoomAffiliationPut{kCrypt, banned}));
  const auto found = room(kHall);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->room, hall());
  EXPECT_EQ(found->affiliations, (std::vector{member, banned, owner}));
}

TEST_F(RoomsTest, APutReplacesTheRoomAndLeavesItsAffiliations) {
  const RoomAffiliation member{"juliet@example.org", 2, "Juliet", ""};
  const RoomAffiliation admin{"juliet@example.org", 3, "", "promoted"};
  ASSERT_TRUE(put(store::RoomPut{hall()}, store::RoomAffiliationPut{kHall, member}));
  store::Room changed = hall();
  changed.listed = false;
  changed.settings.clear();
  changed.subject.clear();
  ASSERT_TRUE(put(store::RoomPut{changed}));
  EXPECT_EQ(room(kHall)->room, changed);
  EXPECT_EQ(room(kHall)->affiliations, std::vector{member});
  EXPECT_EQ(page({}).total, 0);
  ASSERT_TRUE(put(store::RoomAffiliationPut{kHall, admin}));
  EXPECT_EQ(room(kHall)->affiliations, std::vector{admin});
  ASSERT_TRUE(put(store::RoomAffiliationDelete{kHall, "juliet@example.org"}));
  EXPECT_TRUE(room(kHall)->affiliations.empty());
}

TEST_F(RoomsTest, ADestroyedRoomTakesItsAffiliationsAndAPieceOfItsArchiveAlong) {
  auto unit = base::make_ref<store::Unit>();
  for (std::int64_t id = 1; id <= store::RoomDelete::kMost + 5; ++id) unit->add(store::ArchivePut{archived(kHall, id)});
  store->write(unit, loop, [](const base::Result<void>& done) { EXPECT_TRUE(done); });
  const RoomAffiliation owner{"romeo@example.org", 4, "", ""};
  ASSERT_TRUE(put(store::RoomPut{hall()}, store::RoomAffiliationPut{kHall, owner}, store::RoomPut{named(kCrypt)},
                  store::RoomAffiliationPut{kCrypt, owner}, store::ArchivePut{archived(kCrypt, 1)}));
  ASSERT_TRUE(put(store::RoomDelete{kHall}));
  EXPECT_FALSE(room(kHall));
  EXPECT_EQ(get([](Reader& r) { return r.archive_span(kHall); })->first.id, store::RoomDelete::kMost + 1);
  ASSERT_TRUE(put(store::RoomPut{hall()}));
  EXPECT_TRUE(room(kHall)->affiliations.empty());
  EXPECT_EQ(room(kCrypt)->affiliations, std::vector{owner});
  EXPECT_EQ(get([](Reader& r) { return r.last_archive_id(kCrypt); }), 1);
}

TEST_F(RoomsTest, OnlyTheLastChangesOfAffiliationsAreKept) {
  const auto change = [](std::int64_t number) {
    return store::RoomChange{
        .number = number, .jid = "romeo@example.org", .mark = "m", .open = number % 2 == 0, .places = 3};
  };
  ASSERT_TRUE(put(store::RoomPut{hall()}, store::RoomPut{named(kCrypt)}, store::RoomChangePut{kCrypt, change(1)}));
  auto unit = base::make_ref<store::Unit>();
  for (std::int64_t number = 1; number <= store::RoomChangePut::kMost + 2; ++number)
    unit->add(store::RoomChangePut{kHall, change(number)});
  store->write(unit, loop, [](const base::Result<void>& done) { EXPECT_TRUE(done); });
  ASSERT_TRUE(put(store::RoomAffiliationDelete{kHall, "nobody@example.org"}));
  const auto kept = room(kHall)->changes;
  ASSERT_EQ(std::ssize(kept), store::RoomChangePut::kMost);
  EXPECT_EQ(kept.front(), change(3));
  EXPECT_EQ(kept.back(), change(store::RoomChangePut::kMost + 2));
  ASSERT_TRUE(put(store::RoomDelete{kHall}, store::RoomPut{hall()}));
  EXPECT_TRUE(room(kHall)->changes.empty());
  EXPECT_EQ(room(kCrypt)->changes, std::vector{change(1)});
}

TEST_F(RoomsTest, RoomsAreCountedByServiceAndStanding) {
  const RoomAffiliation owner{"romeo@example.org", 4, "", ""};
  const RoomAffiliation member{"romeo@example.org", 2, "", ""};
  ASSERT_TRUE(put(store::RoomPut{hall()}, store::RoomAffiliationPut{kHall, owner}, store::RoomPut{named(kCrypt, false)},
                  store::RoomAffiliationPut{kCrypt, owner}, store::RoomPut{named("a@other", true, "other")},
                  store::RoomAffiliationPut{"a@other", owner}, store::RoomPut{named("b@rooms.example.org")},
                  store::RoomAffiliationPut{"b@rooms.example.org", member}));
  EXPECT_EQ(owned(kService, "romeo@example.org", 4), 2);
  EXPECT_EQ(owned(kService, "romeo@example.org", 2), 1);
  EXPECT_EQ(owned("other", "romeo@example.org", 4), 1);
  EXPECT_EQ(owned(kService, "romeo@example.or", 4), 0);
  ASSERT_TRUE(put(store::RoomDelete{kHall}));
  EXPECT_EQ(owned(kService, "romeo@example.org", 4), 1);
}

// Or whoever is banned would make the account anew.
TEST_F(RoomsTest, ARemovedAccountLosesItsPlacesButNoBan) {
  ASSERT_TRUE(put(store::RoomPut{hall()}, store::RoomAffiliationPut{kHall, {"romeo@example.org", 2, "", ""}},
                  store::RoomAffiliationPut{kHall, {"tybalt@example.org", 0, "", ""}}));
  ASSERT_TRUE(put(store::AccountDelete{"romeo@example.org"}, store::AccountDelete{"tybalt@example.org"}));
  const auto left = get([](store::Reader& reader) { return reader.room(kHall); });
  ASSERT_TRUE(left);
  ASSERT_EQ(left->affiliations.size(), 1u);
  EXPECT_EQ(left->affiliations[0].jid, "tybalt@example.org");
}

// After a crash nobody is in a room.
TEST_F(RoomsTest, TemporaryRoomsAreForgotten) {
  store::Room passing = named(kCrypt);
  passing.temporary = true;
  ASSERT_TRUE(put(store::RoomPut{hall()}, store::RoomPut{passing},
                  store::RoomAffiliationPut{kCrypt, {"romeo@example.org", 4, "", ""}}));
  ASSERT_TRUE(put(store::RoomsForget{}));
  EXPECT_TRUE(get([](store::Reader& reader) { return reader.room(kHall); }));
  EXPECT_FALSE(get([](store::Reader& reader) { return reader.room(kCrypt); }));
  EXPECT_EQ(get([](store::Reader& reader) { return reader.rooms_with(kService, "romeo@example.org", 4); }), 0);
}

class RoomListTest : public RoomsTest {
 protected:
  void SetUp() override {
    RoomsTest::SetUp();
    auto unit = base::make_ref<store::Unit>();
    for (int i = 99; i >= 0; --i) {
      unit->add(store::RoomPut{named(numbered(i))});
      unit->add(store::RoomPut{named("hidden" + std::to_string(i) + '@' + kService, false)});
      unit->add(store::RoomPut{named(numbered(i) + ".net", true, std::string(kService) + ".net")});
    }
    store->write(unit, loop, [](const base::Result<void>& done) { EXPECT_TRUE(done); });
    settle();
  }
  static std::string numbered(int i) { return 'r' + std::to_string(100 + i) + '@' + kService; }
};

TEST_F(RoomListTest, PagingForwardsHasNoGaps) {
  std::vector<std::string> seen;
  std::optional<std::string> after;
  for (;;) {
    const auto found = page({.after = after, .max = 7});
    EXPECT_EQ(found.total, 100);
    EXPECT_EQ(found.first_index, std::ssize(seen));
    for (const auto& name : found.rooms) {
      EXPECT_EQ(name.name, "of " + name.room);
      seen.push_back(name.room);
    }
    if (found.complete || found.rooms.empty()) break;
    after = seen.back();
  }
  ASSERT_EQ(seen.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], numbered(i));
}

TEST_F(RoomListTest, PagingBackwardsHasNoGaps) {
  std::optional<std::string> before;
  int first = 100;
  for (;;) {
    const auto found = page({.before = before, .max = 9, .backwards = true});
    ASSERT_FALSE(found.rooms.empty());
    EXPECT_EQ(found.rooms.back().room, numbered(first - 1));
    first -= static_cast<int>(found.rooms.size());
    EXPECT_EQ(found.first_index, first);
    before = found.rooms.front().room;
    if (found.complete) break;
  }
  EXPECT_EQ(before, numbered(0));
}

TEST_F(RoomListTest, BoundsAreExclusiveAndNeedNotBeRooms) {
  EXPECT_EQ(addresses(page({.after = numbered(3), .before = numbered(6)})), (std::vector{numbered(4), numbered(5)}));
  EXPECT_EQ(addresses(page({.after = "r197", .backwards = true})),
            (std::vector{numbered(97), numbered(98), numbered(99)}));
  EXPECT_EQ(addresses(page({.before = "r101"})), std::vector{numbered(0)});
  EXPECT_EQ(page({.after = numbered(3), .before = numbered(6)}).first_index, 4);
  EXPECT_EQ(page({.after = "r197", .backwards = true}).first_index, 97);
  const auto uncounted = page({.after = numbered(3), .max = 2, .count = false});
  EXPECT_EQ(addresses(uncounted), (std::vector{numbered(4), numbered(5)}));
  EXPECT_EQ(uncounted.total, 0);
  const auto behind = page({.after = "s"});
  EXPECT_TRUE(behind.rooms.empty() && behind.complete);
  EXPECT_EQ(behind.total, 100);
}

TEST_F(RoomListTest, ExactPageIsComplete) {
  EXPECT_TRUE(page({.max = 100}).complete);
  EXPECT_FALSE(page({.max = 99}).complete);
  const auto none = page({.max = 0});
  EXPECT_FALSE(none.complete);
  EXPECT_TRUE(none.rooms.empty());
  EXPECT_EQ(none.total, 100);
  EXPECT_EQ(page({.service = "nowhere"}).total, 0);
}

TEST_F(RoomListTest, OrderIsOfBytesAndTheLastAddressIsNotLost) {
  const std::string last = "\U0010ffff@rooms.example.org", umlaut = "\u00fc@rooms.example.org";
  ASSERT_TRUE(put(store::RoomPut{named(last)}, store::RoomPut{named(umlaut)}));
  EXPECT_EQ(addresses(page({.max = 3, .backwards = true})), (std::vector{numbered(99), umlaut, last}));
}

// What SQLite will do for each statement that the connection has prepared.
class PlanTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    open();
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&remember));
    database = std::move(*store::Database::open(path(), {}));
  }
  void TearDown() override {
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&remember));
    database.reset();
    StoreTest::TearDown();
  }
  static int remember(sqlite3* opened, char**, const sqlite3_api_routines*) {
    native = opened;
    return SQLITE_OK;
  }
  std::vector<std::string> prepared() {
    std::vector<std::string> found;
    for (auto* each = sqlite3_next_stmt(native, nullptr); each != nullptr; each = sqlite3_next_stmt(native, each))
      found.emplace_back(sqlite3_sql(each));
    return found;
  }
  std::vector<std::string> plan(const std::string& sql) {
    auto steps = database->prepare("EXPLAIN QUERY PLAN " + sql);
    EXPECT_TRUE(steps) << sql;
    std::vector<std::string> found;
    while (steps && steps->step().value_or(false)) found.push_back(steps->text(3));
    return found;
  }

  static inline sqlite3* native = nullptr;
  std::unique_ptr<store::Database> database;
};

TEST_F(PlanTest, EveryStatementAboutRoomsSeeks) {
  Reader reader(*database);
  ASSERT_TRUE(reader.room(kHall));
  for (const bool backwards : {false, true}) {
    ASSERT_TRUE(reader.rooms({.service = kService, .backwards = backwards}));
    ASSERT_TRUE(reader.rooms({.service = kService, .before = kHall, .backwards = backwards}));
  }
  ASSERT_TRUE(reader.rooms_with(kService, "romeo@example.org", 4));
  const store::Row rows[]{store::RoomPut{hall()},
                          store::RoomDelete{kHall},
                          store::RoomPut{hall()},
                          store::RoomAffiliationPut{kHall, {"romeo@example.org", 4, "", ""}},
                          store::RoomAffiliationDelete{kHall, "romeo@example.org"},
                          store::RoomChangePut{kHall, {.number = 1, .jid = "a@b", .mark = "m"}},
                          store::RoomsForget{},
                          store::AccountDelete{"romeo@example.org"}};
  for (const store::Row& row : rows) ASSERT_TRUE(store::apply(*database, row));
  ASSERT_TRUE(reader.room(kHall));  // its affiliations are asked for only where there is a room
  ASSERT_EQ(reader.rooms({.service = kService, .after = ""})->first_index, 0);
  const auto statements = prepared();
  EXPECT_GT(statements.size(), 20u);
  int seeks = 0;
  for (const std::string& sql : statements) {
    for (const std::string& step : plan(sql)) {
      const bool subquery = step.starts_with("LIST SUBQUERY");
      const bool partial = step.contains("INDEX room_temporary");  // which has those rows only
      EXPECT_TRUE(subquery || partial || step.starts_with("SEARCH")) << sql << ": " << step;
      if (step.contains("room_listed")) ++seeks;
    }
  }
  EXPECT_GE(seeks, 4) << "two directions and two counts";
}

}  // namespace
}  // namespace store_test
