// RFC 6121 8.5.4, table 1, row by row.
#include "accounts/recipients.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace accounts {
namespace {

using xmpp::Type;

constexpr std::array kTypes{Type::normal, Type::chat, Type::groupchat, Type::headline, Type::error};

Recipients deliver(Chosen chosen) { return {Outcome::deliver, std::move(chosen)}; }
const Recipients kOffline{Outcome::offline, {}};
const Recipients kDrop{Outcome::drop, {}};
const Recipients kError{Outcome::service_unavailable, {}};

struct Row {
  std::string_view condition;
  std::vector<Candidate> candidates;
  std::array<Recipients, 5> expected;  // by kTypes
};

TEST(Recipients, BareAddress) {
  const std::vector<Row> table{
      {"no session", {}, {kOffline, kOffline, kError, kDrop, kDrop}},
      {"connected, none available", {{5, false}, {0, false}}, {kOffline, kOffline, kError, kDrop, kDrop}},
      {"only negative", {{-1, true}, {-128, true}}, {kOffline, kOffline, kError, kDrop, kDrop}},
      {"one", {{0, true}}, {deliver({0}), deliver({0}), kError, deliver({0}), kDrop}},
      {"one and a negative", {{-5, true}, {3, true}}, {deliver({1}), deliver({1}), kError, deliver({1}), kDrop}},
      {"the highest",
       {{1, true}, {7, true}, {3, true}},
       {deliver({1}), deliver({1}), kError, deliver({0, 1, 2}), kDrop}},
      {"a tie",
       {{7, true}, {1, true}, {7, true}},
       {deliver({0, 2}), deliver({0, 2}), kError, deliver({0, 1, 2}), kDrop}},
      {"the highest is unavailable",
       {{9, false}, {2, true}, {-3, true}},
       {deliver({1}), deliver({1}), kError, deliver({1}), kDrop}},
  };
  for (const Row& row : table) {
    for (std::size_t i = 0; i < kTypes.size(); ++i)
      EXPECT_EQ(to_bare(kTypes[i], row.candidates), row.expected[i]) << row.condition << ' ' << to_string(kTypes[i]);
  }
}

TEST(Recipients, FullAddressWithMatch) {
  const std::vector<Candidate> candidates{{9, true}, {-1, true}, {0, false}};
  for (const Type type : kTypes) {
    for (std::size_t match = 0; match < candidates.size(); ++match)
      EXPECT_EQ(to_full(type, candidates, match), deliver({match})) << to_string(type);
  }
}

TEST(Recipients, FullAddressWithoutMatch) {
  const std::vector<Row> table{
      {"no session", {}, {kError, kOffline, kError, kDrop, kDrop}},
      {"only negative", {{-1, true}}, {kError, kOffline, kError, kDrop, kDrop}},
      {"one", {{0, true}}, {kError, deliver({0}), kError, kDrop, kDrop}},
      {"the highest", {{1, true}, {7, true}}, {kError, deliver({1}), kError, kDrop, kDrop}},
  };
  for (const Row& row : table) {
    for (std::size_t i = 0; i < kTypes.size(); ++i)
      EXPECT_EQ(to_full(kTypes[i], row.candidates, std::nullopt), row.expected[i])
          << row.condition << ' ' << to_string(kTypes[i]);
  }
}

TEST(Recipients, NoSuchAccount) {
  const auto message = [](Type type) { return to_nobody(*xmpp::share(xmpp::make_message(type))); };
  EXPECT_EQ(message(Type::normal), Outcome::service_unavailable);
  EXPECT_EQ(message(Type::chat), Outcome::service_unavailable);
  EXPECT_EQ(message(Type::groupchat), Outcome::service_unavailable);
  EXPECT_EQ(message(Type::headline), Outcome::drop);
  EXPECT_EQ(message(Type::error), Outcome::drop);
  for (const Type type : {Type::available, Type::unavailable, Type::subscribe, Type::probe})
    EXPECT_EQ(to_nobody(*xmpp::share(xmpp::make_presence(type))), Outcome::drop) << to_string(type);
  xml::Document get = xmpp::make_iq(Type::get, "1");
  get.root().add("ping", "urn:xmpp:ping");
  EXPECT_EQ(to_nobody(*xmpp::share(std::move(get))), Outcome::service_unavailable);
  EXPECT_EQ(to_nobody(*xmpp::share(xmpp::make_iq(Type::result, "1"))), Outcome::drop);
}

}  // namespace
}  // namespace accounts
