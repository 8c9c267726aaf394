// XEP-0199, XEP-0202 and XEP-0092: what the server says of itself.
#include "features/ping.h"

#include "account_fixture.h"
#include "features/time.h"
#include "features/version.h"
#include "xmpp/timestamp.h"

namespace features_test {
namespace {

class PingTest : public FeatureTest {
 protected:
  PingTest()
      : FeatureTest([](const features::Environment& environment) {
          features::add_ping(environment);
          features::add_time(environment);
          features::add_version(environment);
        }) {}
};

TEST_F(PingTest, AnswersForServerAndAccount) {
  for (const std::string_view to : {kServer, kRomeo, kJuliet})
    EXPECT_EQ(ask(kOrchard, to, "get", "<ping xmlns='urn:xmpp:ping'/>"), result()) << to;
  EXPECT_EQ(ask(kOrchard, kServer, "set", "<ping xmlns='urn:xmpp:ping'/>"), error("cancel", "service-unavailable"));
}

TEST_F(PingTest, TellsTheTimeInUtc) {
  const std::string answer = ask(kOrchard, kServer, "get", "<time xmlns='urn:xmpp:time'/>");
  const xml::Document iq = xml::parse_element(answer).value();
  const xml::Element& time = *iq.root().first_child();
  EXPECT_EQ(time.child_text("urn:xmpp:time", "tzo"), "+00:00");
  const auto utc = xmpp::parse_timestamp(time.child_text("urn:xmpp:time", "utc"));
  ASSERT_TRUE(utc);
  EXPECT_LT(router().loop().wall() - *utc, std::chrono::seconds(1));
}

TEST_F(PingTest, TellsItsVersionButNotTheSystem) {
  const std::string answer = ask(kOrchard, kServer, "get", "<query xmlns='jabber:iq:version'/>");
  EXPECT_NE(answer.find("<name>Exedra</name><version>"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("<os>"), std::string::npos);
}

TEST_F(PingTest, IsAdvertised) {
  EXPECT_EQ(registry.features(router::Target::server),
            (std::vector<std::string_view>{"jabber:iq:version", "urn:xmpp:ping", "urn:xmpp:time"}));
  EXPECT_EQ(registry.features(router::Target::account), std::vector<std::string_view>{"urn:xmpp:ping"});
}

}  // namespace
}  // namespace features_test
