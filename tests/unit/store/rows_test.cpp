// Every kind of row comes back as it was put, and goes when it is deleted.
#include "fixture.h"

namespace store_test {
namespace {

using store::Reader;

constexpr const char* kOwner = "ann@a";

store::Account ann() {
  return {.local = "ann",
          .host = "a",
          .disabled = true,
          .keys = {{store::Scram::sha1, std::string("s\0lt", 4), 4096, "stored1", "server1"},
                   {store::Scram::sha512, "salt", 10000, std::string("\0\xff", 2), "server5"}}};
}

class RowsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    open();
  }
};

TEST_F(RowsTest, AccountKeepsItsKeys) {
  ASSERT_TRUE(put(store::AccountPut{ann()}));
  EXPECT_EQ(get([](Reader& r) { return r.account(kOwner); }), ann());
  store::Account fewer = ann();
  fewer.keys.pop_back();
  fewer.disabled = false;
  ASSERT_TRUE(put(store::AccountPut{fewer}));
  EXPECT_EQ(get([](Reader& r) { return r.account(kOwner); }), fewer);
  EXPECT_FALSE(get([](Reader& r) { return r.account("bob@a"); }));
}

TEST_F(RowsTest, AccountsOfHostInPages) {
  for (const char* local : {"c", "a", "b", "../x", "e%00"}) {
    ASSERT_TRUE(put(store::AccountPut{{.local = local, .host = "a", .keys = {}}}));
  }
  ASSERT_TRUE(put(store::AccountPut{{.local = "a", .host = "other", .keys = {}}}));
  std::vector<std::string> seen;
  for (std::string after;;) {
    const auto page = get([&](Reader& r) { return r.accounts("a", after, 2); });
    for (const auto& name : page) seen.push_back(name.local);
    if (page.size() < 2) break;
    after = seen.back();
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"../x", "a", "b", "c", "e%00"}));
}

TEST_F(RowsTest, RosterWithGroupsAndVersion) {
  const store::RosterItem item{.jid = "bob@b",
                               .name = "Bob 'x'",
                               .subscription = store::Subscription::both,
                               .ask = true,
                               .approved = true,
                               .groups = {"a\nb", "", "ü"}};
  ASSERT_TRUE(put(store::RosterPut{kOwner, item}, store::RosterPut{kOwner, {.jid = "cat@b", .groups = {}}},
                  store::RosterVersionPut{kOwner, 7}));
  auto roster = get([](Reader& r) { return r.roster(kOwner); });
  EXPECT_EQ(roster.version, 7);
  ASSERT_EQ(roster.items.size(), 2U);
  EXPECT_EQ(roster.items[0], item);
  ASSERT_TRUE(put(store::RosterDelete{kOwner, "bob@b"}));
  EXPECT_EQ(get([](Reader& r) { return r.roster(kOwner); }).items.size(), 1U);
}

TEST_F(RowsTest, SubscriptionRequestsStandBesideTheRoster) {
  const store::SubscriptionRequest first{"bob@b", "<presence type='subscribe'/>"};
  const store::SubscriptionRequest again{"bob@b", "<presence type='subscribe'><status>please</status></presence>"};
  ASSERT_TRUE(put(store::SubscriptionRequestPut{kOwner, first}, store::SubscriptionRequestPut{kOwner, again},
                  store::SubscriptionRequestPut{"eve@a", first}));
  const auto roster = get([](Reader& r) { return r.roster(kOwner); });
  EXPECT_TRUE(roster.items.empty());
  EXPECT_EQ(roster.requests, std::vector<store::SubscriptionRequest>{again});
  ASSERT_TRUE(put(store::SubscriptionRequestDelete{kOwner, "bob@b"}));
  EXPECT_TRUE(get([](Reader& r) { return r.roster(kOwner); }).requests.empty());
  EXPECT_EQ(get([](Reader& r) { return r.roster("eve@a"); }).requests.size(), 1U);
}

TEST_F(RowsTest, Blocklist) {
  ASSERT_TRUE(put(store::BlockPut{kOwner, "x@y"}, store::BlockPut{kOwner, "x@y"}, store::BlockPut{kOwner, "b"}));
  EXPECT_EQ(get([](Reader& r) { return r.blocklist(kOwner); }), (std::vector<std::string>{"b", "x@y"}));
  ASSERT_TRUE(put(store::BlockDelete{kOwner, "b"}));
  EXPECT_EQ(get([](Reader& r) { return r.blocklist(kOwner); }), (std::vector<std::string>{"x@y"}));
}

TEST_F(RowsTest, PrivateVcardLastAndMark) {
  const store::SmMark mark{"sm1", kOwner, 4294967295U, at(7)};
  const store::LastActivity last{at(1234567), "gone"};
  ASSERT_TRUE(put(store::PrivatePut{kOwner, "ns", "storage", "<storage/>"}, store::VcardPut{kOwner, "<vCard/>"},
                  store::LastActivityPut{kOwner, last}, store::SmMarkPut{mark}));
  EXPECT_EQ(get([](Reader& r) { return r.private_xml(kOwner, "ns", "storage"); }), "<storage/>");
  EXPECT_FALSE(get([](Reader& r) { return r.private_xml(kOwner, "ns", "other"); }));
  EXPECT_EQ(get([](Reader& r) { return r.private_bytes(kOwner); }), 10);
  EXPECT_EQ(get([](Reader& r) { return r.private_bytes("bob@a"); }), 0);
  EXPECT_EQ(get([](Reader& r) { return r.vcard(kOwner); }), "<vCard/>");
  EXPECT_EQ(get([](Reader& r) { return r.last_activity(kOwner); }), last);
  EXPECT_EQ(get([](Reader& r) { return r.sm_mark("sm1"); }), mark);
  ASSERT_TRUE(
      put(store::PrivateDelete{kOwner, "ns", "storage"}, store::VcardDelete{kOwner}, store::SmMarkDelete{"sm1"}));
  EXPECT_FALSE(get([](Reader& r) { return r.private_xml(kOwner, "ns", "storage"); }));
  EXPECT_FALSE(get([](Reader& r) { return r.vcard(kOwner); }));
  EXPECT_FALSE(get([](Reader& r) { return r.sm_mark("sm1"); }));
}

TEST_F(RowsTest, OldMarksExpire) {
  ASSERT_TRUE(put(store::SmMarkPut{{"old", kOwner, 1, at(5)}}, store::SmMarkPut{{"new", kOwner, 1, at(6)}}));
  ASSERT_TRUE(put(store::SmMarkExpire{at(6)}));
  EXPECT_FALSE(get([](Reader& r) { return r.sm_mark("old"); }));
  EXPECT_TRUE(get([](Reader& r) { return r.sm_mark("new"); }));
}

TEST_F(RowsTest, OfflineInOrder) {
  const store::OfflineRow first{kOwner, 1, at(5), "<message/>"};
  ASSERT_TRUE(put(store::OfflinePut{{kOwner, 2, at(4), "<b/>"}}, store::OfflinePut{first}));
  EXPECT_EQ(get([](Reader& r) { return r.offline_count(kOwner); }), 2);
  EXPECT_EQ(get([](Reader& r) { return r.last_offline_id(kOwner); }), 2);
  EXPECT_EQ(get([](Reader& r) { return r.offline(kOwner, 0, 1); }), (std::vector<store::OfflineRow>{first}));
  EXPECT_EQ(get([](Reader& r) { return r.offline(kOwner, 0, 10, 10); }).size(), 1u);
  EXPECT_EQ(get([](Reader& r) { return r.offline(kOwner, 0, 10, 11); }).size(), 2u);
  ASSERT_TRUE(put(store::OfflineDelete{kOwner, 1}));
  EXPECT_EQ(get([](Reader& r) { return r.offline(kOwner, 0, 10); })[0].id, 2);
}

TEST_F(RowsTest, ArchivePrefs) {
  const store::ArchivePrefs prefs{store::ArchiveDefault::roster, {"a@b"}, {"c@d", "e"}};
  EXPECT_FALSE(get([](Reader& r) { return r.archive_prefs(kOwner); }));
  ASSERT_TRUE(put(store::ArchivePrefsPut{kOwner, prefs}));
  EXPECT_EQ(get([](Reader& r) { return r.archive_prefs(kOwner); }), prefs);
}

TEST_F(RowsTest, AccountDeleteTakesEverythingOfItsOwnOnly) {
  const std::string other = "ann@b";
  for (const std::string& owner : {std::string(kOwner), other}) {
    const std::string host = owner.substr(4);
    ASSERT_TRUE(
        put(store::AccountPut{{.local = "ann", .host = host, .keys = ann().keys}},
            store::RosterPut{owner, {.jid = "x", .groups = {}}}, store::RosterVersionPut{owner, 1},
            store::SubscriptionRequestPut{owner, {"x", "s"}}, store::BlockPut{owner, "x"},
            store::PrivatePut{owner, "n", "e", "x"}, store::VcardPut{owner, "v"}, store::ArchivePut{archived(owner, 1)},
            store::ArchivePrefsPut{owner, {}}, store::OfflinePut{{owner, 1, at(1), "o"}},
            store::LastActivityPut{owner, {}}, store::SmMarkPut{{"sm-" + host, owner, 1, at(1)}},
            store::RoomAffiliationPut{"hall@rooms", {.jid = owner, .affiliation = 2, .nick = {}, .reason = {}}}));
  }
  ASSERT_TRUE(put(store::AccountDelete{kOwner}));
  store.reset();
  auto database = store::Database::open(path(), {});
  ASSERT_TRUE(database);
  for (const char* table :
       {"account", "scram", "roster", "roster_version", "subscription_request", "blocklist", "private_xml", "vcard",
        "archive", "archive_prefs", "offline", "last_activity", "sm_mark"}) {
    const std::string from = std::string("SELECT count(*) FROM ") + table + " WHERE owner = ";
    EXPECT_EQ((*database)->number(from + "'ann@a'").value(), 0) << table;
    EXPECT_GT((*database)->number(from + "'ann@b'").value(), 0) << table;
  }
  auto standing = (*database)->prepare("SELECT jid FROM room_affiliation");
  ASSERT_TRUE(standing && standing->step().value());
  EXPECT_EQ(standing->text(0), other);
  EXPECT_FALSE(standing->step().value());
}

// A statement takes a dozen of them where so many stand together.
TEST_F(RowsTest, TokensInTheirOrderHoweverManyAUnitHas) {
  const std::vector<std::size_t> groups = {1, 15, 16, 17, 40};
  std::vector<store::TokenRecord> issued;
  auto unit = base::make_ref<store::Unit>();
  for (const std::size_t group : groups) {
    for (std::size_t i = 0; i < group; ++i) {
      const auto number = static_cast<std::int64_t>(issued.size());
      issued.push_back({.time = at(number),
                        .caller = "skotos",
                        .way = static_cast<std::uint8_t>(number % 3),
                        .user = "ann",
                        .name = number % 5 == 0 ? "" : "Ann " + std::to_string(number),
                        .room = "room" + std::to_string(group),
                        .subject = "meet",
                        .moderator = number % 2 == 0,
                        .expires = at(number + 60)});
      unit->add(store::TokenIssued{issued.back()});
    }
    unit->add(store::BlockPut{kOwner, std::to_string(group)});
  }
  base::Result<void> outcome = base::failure("not answered");
  store->write(std::move(unit), loop, [&](base::Result<void> result) { outcome = std::move(result); });
  settle();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(get([](Reader& r) { return r.tokens({.caller = "", .max = 1000}); }), issued);
  EXPECT_EQ(get([](Reader& r) { return r.blocklist(kOwner); }).size(), groups.size());
}

}  // namespace
}  // namespace store_test
