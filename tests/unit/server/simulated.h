// The whole server on virtual time, with clients that are strings.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/base64.h"
#include "sim/faulty_vfs.h"
#include "transcript/process.h"
#include "transcript/sim_server.h"

namespace server_test {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

inline constexpr std::string_view kHeader =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='example.org' version='1.0'>";

/// The value of the first attribute of this name.
inline std::string attribute(std::string_view xml, const std::string& name) {
  const auto at = xml.find(" " + name + "='");
  if (at == std::string_view::npos) return {};
  const auto begin = at + name.size() + 3;
  return std::string(xml.substr(begin, xml.find('\'', begin) - begin));
}

inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

class Simulated : public testing::Test {
 protected:
  struct Client {
    Simulated& house;
    sim::Peer peer;
    std::string ask(std::string_view bytes, base::Duration patience = 300ms) {
      peer.send(bytes);
      house.server.world().advance(patience);
      return peer.take();
    }
    bool has_ended() const { return peer.ended(); }
  };

  explicit Simulated(bool survive_power_cut = false, const tokensvc::SettingsRef& tokens = {})
      : server(folder.path(), 4, 7, survive_power_cut, tokens) {}
  ~Simulated() override { sim::vfs_failure = SQLITE_OK; }

  Client connect(const std::string& peer = "127.0.0.1:40000") { return {*this, server.connect({.peer = peer})}; }
  Client open() {
    Client client = connect();
    client.ask(kHeader);
    return client;
  }
  static std::string plain(std::string_view name, std::string_view password) {
    return "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" +
           base::base64(std::string(1, '\0') + std::string(name) + std::string(1, '\0') + std::string(password)) +
           "</auth>";
  }
  /// Logged in, nothing bound.
  Client authenticated(std::string_view name) {
    Client client = open();
    EXPECT_TRUE(client.ask(plain(name, "wherefore")).contains("<success"));
    client.ask(kHeader);
    return client;
  }
  Client login(std::string_view name, std::string_view resource) {
    Client client = authenticated(name);
    const std::string bound =
        client.ask("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>" +
                   std::string(resource) + "</resource></bind></iq>");
    EXPECT_TRUE(bound.contains("type='result'")) << bound;
    return client;
  }
  /// Turns XEP-0198 on; gives back the SM-ID.
  static std::string enable(Client& client) {
    return attribute(client.ask("<enable xmlns='urn:xmpp:sm:3' resume='true'/>"), "id");
  }
  static std::string chat(std::string_view to, std::string_view id) {
    return "<message type='chat' id='" + std::string(id) + "' to='" + std::string(to) + "'><body>" + std::string(id) +
           "</body></message>";
  }

  transcript::TemporaryFolder folder;
  transcript::SimServer server;
};

}  // namespace server_test
