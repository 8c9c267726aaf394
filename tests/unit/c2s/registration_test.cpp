// Accounts made by their clients (XEP-0077 3.1).
#include "fixture.h"

namespace c2s_test {

using namespace std::chrono_literals;

namespace {

class RegistrationTest : public C2sTest {
 protected:
  RegistrationTest() : C2sTest(4) {}
  void allow(std::uint32_t per_hour = 5) {
    registration = true;
    limits.registrations_per_hour = per_hour;
    use(limits);
  }
  static std::string iq(std::string_view type, std::string_view inner) {
    return "<iq type='" + std::string(type) + "' id='r1'><query xmlns='jabber:iq:register'>" + std::string(inner) +
           "</query></iq>";
  }
  static std::string account(const std::string& name, const std::string& password = "pw") {
    return iq("set", "<username>" + name + "</username><password>" + password + "</password>");
  }
};

TEST_F(RegistrationTest, IsOffWhereTheHostSaysSo) {
  Client client = connect();
  EXPECT_FALSE(contains(client.ask(stream_header()), "iq-register"));
  EXPECT_TRUE(contains(client.ask(iq("get", "")), "<not-authorized"));
}

TEST_F(RegistrationTest, AsksAndMakes) {
  allow();
  for (std::size_t shard = 0; shard < 4; ++shard) {
    Client client = connect({}, shard);
    EXPECT_TRUE(contains(client.ask(stream_header()), "iq-register"));
    const std::string form = client.ask(iq("get", ""));
    EXPECT_TRUE(contains(form, "type='result'")) << form;
    EXPECT_TRUE(contains(form, "<username/>")) << form;
    EXPECT_TRUE(contains(form, "<password/>")) << form;
    const std::string name = "Bill" + std::to_string(shard);
    const std::string made = client.ask(account(name));
    EXPECT_TRUE(contains(made, "type='result'")) << made;
    EXPECT_TRUE(contains(made, "id='r1'")) << made;
    for (const std::string& answer : {form, made}) EXPECT_TRUE(contains(answer, "from='example.org'")) << answer;
    EXPECT_EQ(registered.made.back(), "bill" + std::to_string(shard) + "@example.org pw");
    EXPECT_TRUE(contains(client.ask(plain_auth("romeo", "secret")), "<success")) << "the stream goes on";
  }
}

TEST_F(RegistrationTest, RefusesWithTheConditionOfTheXep) {
  allow();
  const struct {
    std::string request;
    std::string_view condition;
  } rows[] = {
      {account("taken"), "<conflict"},
      {iq("set", ""), "<not-acceptable"},
      {account("bill", ""), "<not-acceptable"},
      {account("a b"), "<not-acceptable"},
      {iq("set", "<remove/>"), "<unexpected-request"},
      {"<iq type='get'><query xmlns='jabber:iq:register'/></iq>", "<bad-request"},
  };
  for (const auto& row : rows) {
    Client client = connect();
    client.ask(stream_header());
    const std::string got = client.ask(row.request);
    EXPECT_TRUE(contains(got, row.condition)) << row.request << " " << got;
    EXPECT_TRUE(contains(got, "from='example.org'")) << got;
  }
}

TEST_F(RegistrationTest, IsCountedPerAddress) {
  allow(2);
  for (const char* name : {"a1", "a2", "a3"}) {
    Client client = connect();
    client.ask(stream_header());
    EXPECT_EQ(contains(client.ask(account(name)), "<resource-constraint"), std::string_view(name) == "a3");
  }
  Client other = connect({.peer = "127.0.0.2:1"});
  other.ask(stream_header());
  EXPECT_TRUE(contains(other.ask(account("a4")), "type='result'"));
  EXPECT_EQ(registered.made.size(), 3U);
}

}  // namespace
}  // namespace c2s_test
