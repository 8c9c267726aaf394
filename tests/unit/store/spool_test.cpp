// Spool rows: what a remote domain has not acknowledged comes back in order after a restart, and what it has is gone.
#include <set>

#include "fixture.h"
#include "sim/faulty_vfs.h"

namespace store_test {
namespace {

using store::Reader;
using store::SpoolRow;
using Rows = std::vector<SpoolRow>;

SpoolRow spooled(const std::string& remote, std::int64_t id, const std::string& stanza = "<message/>") {
  return {
      .remote = remote, .id = id, .local = "example.org", .time = at(id), .deadline = at(id + 600), .stanza = stanza};
}

class SpoolTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    open();
  }
  Rows rows(const std::string& remote, std::int64_t after = 0, std::size_t limit = 100, std::size_t bytes = 10000) {
    return get([=](Reader& r) { return r.spool(remote, after, limit, bytes); });
  }
  std::vector<std::string> domains(const std::string& after = "", std::size_t limit = 100) {
    return get([=](Reader& r) { return r.spooled_domains(after, limit); });
  }
};

TEST_F(SpoolTest, RowsComeBackInOrderAndByDomain) {
  const SpoolRow first = spooled("example.com", 1, std::string("<message>\0</message>", 20));
  const SpoolRow second = spooled("example.com", 2), other = spooled("example.net", 1);
  ASSERT_TRUE(put(store::SpoolPut{second}, store::SpoolPut{other}, store::SpoolPut{first}));
  open();
  EXPECT_EQ(rows("example.com"), (Rows{first, second}));
  EXPECT_EQ(rows("example.com", 1), Rows{second});
  EXPECT_EQ(rows("example.com", 0, 1), Rows{first});
  EXPECT_EQ(rows("example.com", 0, 100, 1), Rows{first}) << "at least one, whatever its size";
  EXPECT_EQ(rows("example.net"), Rows{other});
  EXPECT_TRUE(rows("example").empty());
}

TEST_F(SpoolTest, ARowIsDeletedByDomainAndId) {
  ASSERT_TRUE(put(store::SpoolPut{spooled("example.com", 1)}, store::SpoolPut{spooled("example.com", 2)},
                  store::SpoolPut{spooled("example.net", 1)}));
  ASSERT_TRUE(put(store::SpoolDelete{"example.com", 1}));
  EXPECT_EQ(rows("example.com"), Rows{spooled("example.com", 2)});
  EXPECT_EQ(rows("example.net").size(), 1u);
}

TEST_F(SpoolTest, DomainsWithRowsAreListedOnceAndInPages) {
  EXPECT_TRUE(domains().empty());
  for (const char* remote : {"c.example", "a.example", "b.example"})
    ASSERT_TRUE(put(store::SpoolPut{spooled(remote, 1)}, store::SpoolPut{spooled(remote, 2)}));
  EXPECT_EQ(domains("", 2), (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_EQ(domains("b.example", 2), std::vector<std::string>{"c.example"});
}

TEST_F(SpoolTest, TheSameIdTwiceIsRefusedAndTheFirstStays) {
  ASSERT_TRUE(put(store::SpoolPut{spooled("example.com", 1, "first")}));
  EXPECT_FALSE(put(store::SpoolPut{spooled("example.com", 1, "second")}));
  EXPECT_EQ(rows("example.com").at(0).stanza, "first");
}

TEST_F(SpoolTest, WhatIsAcknowledgedBeforeTheCommitIsNeverWritten) {
  auto early = std::make_shared<store::Revocation>(), late = std::make_shared<store::Revocation>();
  base::Result<void> outcome;
  give(outcome, store::SpoolPut{spooled("example.com", 1), early}, store::SpoolPut{spooled("example.com", 2), late});
  early->cancelled = true;
  settle();
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(early->written);
  EXPECT_TRUE(late->written);
  EXPECT_EQ(rows("example.com"), Rows{spooled("example.com", 2)});
}

// SECURITY R02: the sender's mark and the spooled stanza are one unit.
TEST_F(SpoolTest, R02AMarkAndItsStanzaAreThereOrNeither) {
  sim::register_faulty_vfs();
  store.reset();
  const std::string copy = directory / "before.db";
  std::filesystem::copy(path(), copy);
  std::set<std::size_t> found;
  bool through = false;
  for (int writes = 0; !through && !HasFailure(); ++writes) {
    store.reset();
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path() + suffix);
    std::filesystem::copy(copy, path());
    sim::vfs_writes_left = writes;
    if (auto dying = store::Store::open(path(), {.vfs = sim::kFaultyVfs}, writing, reading)) {
      store = std::move(*dying);
      (void)put(store::SpoolPut{spooled("example.com", 1, std::string(9000, 'x'))},
                store::SmMarkPut{{"sm", "romeo@example.org", 1, at(1)}});
      store.reset();
    }
    through = sim::vfs_writes_left > 0;
    sim::vfs_writes_left = sim::kUnlimited;
    open();
    const std::size_t kept = rows("example.com").size();
    EXPECT_EQ(get([](Reader& r) { return r.sm_mark("sm"); }).has_value(), kept == 1);
    found.insert(kept);
  }
  EXPECT_EQ(found, (std::set<std::size_t>{0, 1}));
}

}  // namespace
}  // namespace store_test
