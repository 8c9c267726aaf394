// A server that can't be reached any more, as rooms see it (XEP-0045 11.1, 18.1.2; SECURITY M06).
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "unit/server/simulated.h"
#include "xml/writer.h"

namespace server_test {
namespace {

using xmpp::Condition;

const std::string kRoom = "hall@conference.example.org";

/// Stands where federation does: takes what goes to other servers, and gives back what can't.
class Abroad final : public router::Component {
 public:
  void receive(router::PacketRef packet) override {
    const std::string domain(packet->to().domain());
    received[domain].push_back(xml::to_string(packet->stanza().root()));
    if (const auto found = lost.find(domain); found != lost.end())
      server->router_of(packet->to()).bounce(*packet, found->second);
  }
  void send(const std::string& from, const std::string& to, xml::Document stanza) {
    const xmpp::Jid sender = *xmpp::Jid::parse(from);
    router::Router& router = server->router_of(sender);
    auto packet = base::make_ref<const router::Packet>(xmpp::share(std::move(stanza)), sender, *xmpp::Jid::parse(to),
                                                       router::Origin::remote);
    router.loop().post([&router, packet = std::move(packet)]() mutable { router.post(std::move(packet)); });
    server->world().advance(300ms);
  }

  std::map<std::string, std::vector<std::string>> received;  // by domain
  std::map<std::string, Condition> lost;
  transcript::SimServer* server = nullptr;
};

/// Outlives the server, which sends as long as it lives.
struct WithAbroad {
  Abroad abroad;
};

class RoomGhosts : protected WithAbroad, public Simulated {
 protected:
  RoomGhosts() {
    abroad.server = &server;
    server.claim_rest(abroad);
    server.add_account("romeo@example.org", "wherefore");
    romeo.emplace(login("romeo", "orchard"));
    romeo->ask("<presence to='" + kRoom + "/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    romeo->ask("<iq type='set' id='c' to='" + kRoom +
               "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' "
               "type='submit'/></query></iq>");
  }

  void enter(const std::string& who, const std::string& nick) {
    xml::Document presence = xmpp::make_presence(xmpp::Type::available);
    presence.root().add("x", "http://jabber.org/protocol/muc");
    abroad.send(who, kRoom + "/" + nick, std::move(presence));
  }
  void all_enter() {
    enter("mercutio@remote.example/square", "Mercutio");
    enter("mercutio@remote.example/street", "Mercutio");
    enter("benvolio@remote.example/square", "Benvolio");
    enter("paris@other.example/hall", "Paris");
    romeo->peer.take();
    abroad.received.clear();
  }
  std::string say() {
    return romeo->ask("<message type='groupchat' id='m' to='" + kRoom + "'><body>Hark</body></message>", 1s);
  }
  static std::size_t departures(const std::string& heard, const std::string& nick) {
    std::size_t found = 0;
    for (auto at = heard.find("<presence "); at != std::string::npos; at = heard.find("<presence ", at + 1)) {
      const std::string one = heard.substr(at, heard.find("</presence>", at) - at);
      found +=
          one.contains("type='unavailable'") && one.contains("/" + nick + "'") && one.contains("code='333'") ? 1 : 0;
    }
    return found;
  }
  std::string inside() {
    romeo->peer.take();
    return romeo->ask("<iq type='get' id='i' to='" + kRoom +
                      "'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
  }

  std::optional<Client> romeo;
};

TEST_F(RoomGhosts, WithALostServerAllOfItsOccupantsLeaveAtOnce) {
  for (const Condition condition : {Condition::remote_server_not_found, Condition::remote_server_timeout}) {
    all_enter();
    abroad.lost["remote.example"] = condition;
    const std::string heard = say();
    EXPECT_EQ(departures(heard, "Mercutio"), 1u) << heard;
    EXPECT_EQ(departures(heard, "Benvolio"), 1u) << heard;
    EXPECT_EQ(departures(heard, "Paris"), 0u) << heard;
    EXPECT_EQ(abroad.received["remote.example"].size(), 3u) << "what was said, and nothing of who left";
    std::string others;
    for (const std::string& one : abroad.received["other.example"]) others += one;
    EXPECT_EQ(count(others, "code='333'"), 2u) << others;
    const std::string names = inside();
    EXPECT_FALSE(names.contains("Mercutio") || names.contains("Benvolio")) << names;
    EXPECT_TRUE(names.contains("Paris")) << names;

    abroad.lost.clear();
    enter("mercutio@remote.example/square", "Mercutio");
    EXPECT_EQ(count(inside(), "/Mercutio'"), 1u) << "nobody is inside twice";
    abroad.lost["remote.example"] = condition;
    say();
    abroad.lost.clear();
  }
}

TEST_F(RoomGhosts, WhoIsSilentIsAskedAndTheWholeServerIsFoundLost) {
  all_enter();
  abroad.lost["remote.example"] = Condition::remote_server_timeout;
  server.world().advance(20min);
  const std::string heard = romeo->ask("");
  EXPECT_EQ(departures(heard, "Mercutio"), 1u) << heard;
  EXPECT_EQ(departures(heard, "Benvolio"), 1u) << heard;
  EXPECT_EQ(departures(heard, "Paris"), 1u) << "it leaves questions unanswered: " << heard;
  EXPECT_EQ(count(inside(), "<item "), 1u);
}

// 18.1.2: what is said of one session is true of that one.
TEST_F(RoomGhosts, ALostSessionIsNotALostServer) {
  all_enter();
  abroad.lost["remote.example"] = Condition::item_not_found;
  const std::string heard = say();
  EXPECT_EQ(departures(heard, "Mercutio"), 1u) << "both of its sessions are lost: " << heard;
  EXPECT_EQ(departures(heard, "Benvolio"), 1u) << heard;
  abroad.lost.clear();
  all_enter();
  xml::Document error = xmpp::make_presence(xmpp::Type::error);
  error.root().add("error").set_attr("type", "cancel").add("item-not-found", "urn:ietf:params:xml:ns:xmpp-stanzas");
  abroad.send("benvolio@remote.example/square", kRoom + "/Romeo", std::move(error));
  EXPECT_EQ(departures(romeo->ask(""), "Benvolio"), 1u);
  EXPECT_TRUE(inside().contains("Mercutio"));
}

// Nobody can take others of its server out by saying that the server is lost.
TEST_F(RoomGhosts, OnlyOurOwnWordCounts) {
  all_enter();
  for (const bool by_presence : {true, false}) {
    xml::Document error = by_presence ? xmpp::make_presence(xmpp::Type::error) : xmpp::make_message(xmpp::Type::error);
    xml::Element& why = error.root().add("error").set_attr("type", "cancel");
    why.add("remote-server-not-found", "urn:ietf:params:xml:ns:xmpp-stanzas");
    abroad.send("benvolio@remote.example/square", kRoom + "/Romeo", std::move(error));
    EXPECT_EQ(departures(romeo->ask(""), "Benvolio"), 1u);
    EXPECT_TRUE(inside().contains("Mercutio"));
    enter("benvolio@remote.example/square", "Benvolio");
    romeo->peer.take();
  }
}

}  // namespace
}  // namespace server_test
