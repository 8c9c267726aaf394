// Archive queries: filters and paging in both directions.
#include "fixture.h"

namespace store_test {
namespace {

using store::ArchivePage;
using store::ArchiveQuery;
using store::Reader;

class ArchiveTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    open();
    auto unit = base::make_ref<store::Unit>();
    for (int id = 1; id <= 100; ++id) {
      unit->add(store::ArchivePut{archived("a@b", id, id % 2 == 0 ? "even@c/phone" : "odd@c")});
      unit->add(store::ArchivePut{archived("other@b", id)});
    }
    store->write(unit, loop, [](base::Result<void> result) { EXPECT_TRUE(result); });
    settle();
  }
  ArchivePage query(ArchiveQuery asked) {
    asked.owner = "a@b";
    return get([=](Reader& r) { return r.archive(asked); });
  }
  static std::vector<std::int64_t> ids(const ArchivePage& page) {
    std::vector<std::int64_t> found;
    for (const auto& row : page.rows) found.push_back(row.id);
    return found;
  }
};

TEST_F(ArchiveTest, BehindAnIdNothingElseIsCounted) {
  const ArchivePage first = query({.behind = 90, .max = 3});
  EXPECT_EQ(ids(first), (std::vector<std::int64_t>{91, 92, 93}));
  EXPECT_EQ(first.total, 10);
  EXPECT_EQ(first.first_index, 0);
  EXPECT_EQ(ids(query({.after = 5, .behind = 90, .max = 1})), (std::vector<std::int64_t>{91}));
  EXPECT_EQ(ids(query({.after = 95, .behind = 90, .max = 1})), (std::vector<std::int64_t>{96}));
  const ArchivePage last = query({.behind = 97, .max = 50, .backwards = true});
  EXPECT_EQ(ids(last), (std::vector<std::int64_t>{98, 99, 100}));
  EXPECT_TRUE(last.complete);
}

TEST_F(ArchiveTest, RowsComeBackWhole) {
  store::ArchiveRow row = archived("a@b", 101, "x@y/z");
  row.direction = store::Direction::out;
  row.hints = 0x80000001U;
  row.stanza = std::string("<m/>\0<n/>", 9);
  ASSERT_TRUE(put(store::ArchivePut{row}));
  const auto page = query({.after = 100});
  ASSERT_EQ(page.rows.size(), 1U);
  EXPECT_EQ(page.rows[0], row);
}

TEST_F(ArchiveTest, OneStanzaIsReplacedAndNothingElse) {
  ASSERT_TRUE(put(store::ArchiveReplace{.owner = "a@b", .id = 7, .stanza = "<gone/>"}));
  ASSERT_TRUE(put(store::ArchiveReplace{.owner = "a@b", .id = 101, .stanza = "<never/>"}));
  store::ArchiveRow expected = archived("a@b", 7, "odd@c");
  expected.stanza = "<gone/>";
  const auto page = query({.after = 6, .max = 2});
  ASSERT_EQ(page.rows.size(), 2U);
  EXPECT_EQ(page.rows[0], expected);
  EXPECT_EQ(page.rows[1], archived("a@b", 8, "even@c/phone"));
  EXPECT_TRUE(query({.after = 100}).rows.empty());
  const auto others = get([](Reader& r) { return r.archive({.owner = "other@b", .after = 6, .max = 1}); });
  EXPECT_EQ(others.rows, std::vector{archived("other@b", 7)});
}

TEST_F(ArchiveTest, PagingForwardsHasNoGaps) {
  std::vector<std::int64_t> seen;
  std::optional<std::int64_t> after;
  for (;;) {
    const auto page = query({.after = after, .max = 7});
    EXPECT_EQ(page.total, 100);
    EXPECT_EQ(page.first_index, std::ssize(seen));
    for (const auto id : ids(page)) seen.push_back(id);
    if (page.complete) break;
    after = seen.back();
  }
  ASSERT_EQ(seen.size(), 100U);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], static_cast<std::int64_t>(i) + 1);
}

TEST_F(ArchiveTest, PagingBackwardsHasNoGaps) {
  std::int64_t before = 101;
  for (;;) {
    const auto page = query({.before = before, .max = 9, .backwards = true});
    ASSERT_FALSE(page.rows.empty());
    EXPECT_EQ(page.rows.back().id, before - 1);
    before = page.rows.front().id;
    if (page.complete) break;
  }
  EXPECT_EQ(before, 1);
}

TEST_F(ArchiveTest, ExactPageIsComplete) {
  EXPECT_TRUE(query({.max = 100}).complete);
  EXPECT_FALSE(query({.max = 99}).complete);
  const auto none = query({.max = 0});
  EXPECT_FALSE(none.complete);
  EXPECT_EQ(none.total, 100);
}

TEST_F(ArchiveTest, FiltersJoin) {
  EXPECT_EQ(query({.with = "even@c"}).total, 50);
  EXPECT_EQ(query({.with = "even@c/phone"}).total, 50);
  EXPECT_EQ(query({.with = "even@c/other"}).total, 0);
  EXPECT_EQ(query({.with = "even@"}).total, 0);
  EXPECT_EQ(query({.with = "odd@c/phone"}).total, 0);
  EXPECT_EQ(ids(query({.with = "odd@c", .start = at(100), .end = at(130)})), (std::vector<std::int64_t>{11, 13}));
  EXPECT_EQ(ids(query({.ids = std::vector<std::int64_t>{5, 3, 999}})), (std::vector<std::int64_t>{3, 5}));
  EXPECT_EQ(query({.ids = std::vector<std::int64_t>{}}).total, 0);
}

TEST_F(ArchiveTest, SpanExpiryAndLookup) {
  EXPECT_TRUE(get([](Reader& r) { return r.archive_has("a@b", 7); }));
  EXPECT_FALSE(get([](Reader& r) { return r.archive_has("a@b", 700); }));
  EXPECT_EQ(get([](Reader& r) { return r.last_archive_id("nobody@b"); }), 0);
  EXPECT_FALSE(get([](Reader& r) { return r.archive_span("nobody@b"); }));
  ASSERT_TRUE(put(store::ArchiveExpire{"a@b", at(500)}));
  const auto span = get([](Reader& r) { return r.archive_span("a@b"); });
  ASSERT_TRUE(span);
  EXPECT_EQ(span->first.id, 50);
  EXPECT_EQ(span->last.time, at(1000));
}

TEST_F(ArchiveTest, AgesAreFoundOwnerByOwnerWhateverAClockOnceSaid) {
  store::ArchiveRow ahead = archived("c@b", 1);
  ahead.time = at(99999999);
  ASSERT_TRUE(put(store::ArchivePut{ahead}, store::ArchivePut{archived("c@b", 2)}));
  const auto ages = get([](Reader& r) { return r.archive_ages("a@b", 10); });
  ASSERT_EQ(ages.size(), 2u);
  EXPECT_EQ(ages[0].owner, "c@b");
  EXPECT_EQ(ages[0].oldest, at(20));
  EXPECT_EQ(get([](Reader& r) { return r.archive_ages("", 1); }).at(0).owner, "a@b");
  ASSERT_TRUE(put(store::ArchiveExpire{"c@b", at(500)}));
  EXPECT_EQ(get([](Reader& r) { return r.archive_span("c@b"); })->first.id, 1);
}

TEST_F(ArchiveTest, ExpiryTakesAPieceAtATime) {
  auto unit = base::make_ref<store::Unit>();
  for (std::int64_t id = 1; id <= store::ArchiveExpire::kMost + 5; ++id) {
    store::ArchiveRow row = archived("d@b", id);
    row.time = at(1);
    unit->add(store::ArchivePut{row});
  }
  store->write(unit, loop, [](const base::Result<void>& done) { EXPECT_TRUE(done); });
  settle();
  ASSERT_TRUE(put(store::ArchiveExpire{"d@b", at(500)}));
  const auto span = get([](Reader& r) { return r.archive_span("d@b"); });
  EXPECT_EQ(span->last.id - span->first.id, 4);
}

TEST_F(ArchiveTest, TrimmingGoesByIdAPieceAtATime) {
  auto unit = base::make_ref<store::Unit>();
  for (std::int64_t id = 1; id <= store::ArchiveExpire::kMost + 5; ++id)
    unit->add(store::ArchivePut{archived("d@b", id)});
  store->write(unit, loop, [](const base::Result<void>& done) { EXPECT_TRUE(done); });
  settle();
  const auto span = [&] { return get([](Reader& r) { return r.archive_span("d@b"); }); };
  ASSERT_TRUE(put(store::ArchiveTrim{"d@b", 3}));
  EXPECT_EQ(span()->first.id, 4);
  ASSERT_TRUE(put(store::ArchiveTrim{"d@b", store::ArchiveExpire::kMost + 4}));
  EXPECT_EQ(span()->first.id, store::ArchiveExpire::kMost + 4);
  ASSERT_TRUE(put(store::ArchiveTrim{"d@b", store::ArchiveExpire::kMost + 4}));
  EXPECT_EQ(span()->first.id, store::ArchiveExpire::kMost + 5);
  EXPECT_EQ(query({}).total, 100) << "nobody else's";
}

TEST_F(ArchiveTest, CountsFromTheNewestToWhatIsTooMuch) {
  const auto tally = [&](const store::ArchiveTally& so_far, const store::ArchiveLimit& limit, std::size_t rows) {
    return get([=](Reader& r) { return r.archive_tally("a@b", so_far, limit, rows); });
  };
  const auto all = tally({}, {.messages = 100, .bytes = 1'000'000}, 200);
  EXPECT_TRUE(all.done);
  EXPECT_FALSE(all.excess);
  EXPECT_EQ(all.messages, 100);
  EXPECT_EQ(all.bytes, 9 * 17 + 90 * 18 + 19) << "<message id='1'/> and so on";
  EXPECT_EQ(tally({}, {.messages = 7}, 200).excess, 93);
  EXPECT_EQ(tally({}, {.bytes = 19 + 18}, 200).excess, 98) << "one fits beside the last";
  EXPECT_EQ(tally({}, {.messages = 7, .bytes = 1}, 200).excess, 100);
  // The same in pieces.
  store::ArchiveTally piece;
  int pieces = 0;
  for (; !piece.done; ++pieces) piece = tally(piece, {.messages = 55}, 10);
  EXPECT_EQ(piece.excess, 45);
  EXPECT_EQ(pieces, 6);
  EXPECT_TRUE(tally({.below = 1}, {.messages = 7}, 10).done);
}

TEST_F(ArchiveTest, AnArchiveMayHaveALimitOfItsOwn) {
  const store::ArchiveLimit limit{.days = 3, .messages = 40, .bytes = 50'000};
  ASSERT_TRUE(put(store::ArchiveLimitPut{"a@b", limit}, store::ArchiveLimitPut{"empty@b", {.days = 1}}));
  const auto ages = [&](bool limited) { return get([=](Reader& r) { return r.archive_ages("", 10, limited); }); };
  ASSERT_EQ(ages(false).size(), 2u);
  EXPECT_EQ(ages(false)[0].limit, limit);
  EXPECT_EQ(ages(false)[1].limit, store::ArchiveLimit());
  ASSERT_EQ(ages(true).size(), 2u);
  EXPECT_EQ(ages(true)[0].owner, "a@b");
  EXPECT_EQ(ages(true)[0].oldest, at(10));
  EXPECT_EQ(ages(true)[1].owner, "empty@b");
  EXPECT_EQ(ages(true)[1].oldest, base::WallTime::max());
  ASSERT_TRUE(put(store::ArchiveLimitPut{"a@b", {}}, store::AccountDelete{"empty@b"}));
  EXPECT_TRUE(ages(true).empty());
}

}  // namespace
}  // namespace store_test
