// Versions of a room's affiliations (XEP-0463).
#include "muc/affiliation_versions.h"

#include <gtest/gtest.h>

namespace muc {
namespace {

store::RoomChange change(std::string jid, bool open = true) {
  static int number = 0;
  return {.jid = std::move(jid), .mark = "m" + std::to_string(++number), .open = open, .places = 1};
}

using Names = std::set<std::string_view>;

TEST(ChangeLogTest, EveryChangeIsAVersion) {
  ChangeLog log(0, "start");
  const std::string first = log.version(View::all);
  EXPECT_EQ(log.find(first, View::all), 0);
  log.add(change("romeo"));
  const std::string second = log.version(View::all);
  EXPECT_NE(first, second);
  EXPECT_EQ(log.version(View::all, true), first);
  log.add(change("juliet"));
  log.add(change("romeo"));
  EXPECT_EQ(log.changed_since(*log.find(first, View::all), View::all), (Names{"juliet", "romeo"}));
  EXPECT_EQ(log.changed_since(*log.find(second, View::all), View::all), (Names{"juliet", "romeo"}));
  EXPECT_TRUE(log.changed_since(*log.find(log.version(View::all), View::all), View::all).empty());
  for (const char* text : {"", "a", "1", "1a", "2a", "0a", "-1a", "4am4", "99999999999999999999a", "nonsense"})
    EXPECT_FALSE(log.find(text, View::all)) << text;
}

TEST(ChangeLogTest, MembersSeeNoChangesAmongOutcasts) {
  ChangeLog log(0, "start");
  const std::string start = log.version(View::members);
  log.add(change("paris", false));
  EXPECT_EQ(log.version(View::members), start);
  EXPECT_EQ(log.find(start, View::members), 0);
  EXPECT_FALSE(log.find(log.version(View::all), View::members)) << "a version of another view";
  EXPECT_FALSE(log.find(start, View::all));
  log.add(change("juliet"));
  EXPECT_EQ(log.version(View::members, true), start);
  EXPECT_EQ(log.changed_since(0, View::members), Names{"juliet"});
  EXPECT_EQ(log.changed_since(0, View::all), (Names{"juliet", "paris"}));
}

TEST(ChangeLogTest, WhatACrashTookBackIsNeverTheNextOne) {
  ChangeLog log(0, "start");
  log.add(change("romeo"));
  ChangeLog restored(0, "again");
  restored.restore(log.changes().front());
  log.add(change("juliet"));
  const std::string lost = log.version(View::all);
  EXPECT_EQ(restored.version(View::all), log.version(View::all, true));
  restored.add(change("tybalt"));
  EXPECT_FALSE(restored.find(lost, View::all));
  EXPECT_FALSE(restored.find(ChangeLog(0, "start").version(View::all), View::all)) << "from before its first row";
}

TEST(ChangeLogTest, OldChangesAreForgotten) {
  ChangeLog log(0, "start");
  log.add(change("romeo"));
  const std::string members = log.version(View::members), all = log.version(View::all);
  for (int i = 0; i < store::RoomChangePut::kMost; ++i) log.add(change("paris", false));
  EXPECT_EQ(std::ssize(log.changes()), store::RoomChangePut::kMost);
  EXPECT_EQ(log.version(View::members), members);
  EXPECT_EQ(log.find(members, View::members), 1);
  EXPECT_EQ(log.find(all, View::all), 1);
  log.add(change("paris", false));
  EXPECT_EQ(log.find(members, View::members), 1);
  EXPECT_FALSE(log.find(all, View::all));
}

}  // namespace
}  // namespace muc
