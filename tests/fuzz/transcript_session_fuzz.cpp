// Any bytes from a client that has logged in, against the whole server: nothing breaks, and another client goes on
// unharmed. A byte 0x1e lets time pass, so that what follows meets what came before.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "transcript/process.h"
#include "transcript/sim_server.h"

namespace {

using std::chrono_literals::operator""ms;

constexpr std::string_view kHeader =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='example.org' version='1.0'>";

struct House {
  transcript::TemporaryFolder folder;
  transcript::SimServer server{folder.path(), 2, 7};
  sim::Peer bystander;

  House() : bystander(enter("juliet", true)) {}

  std::string ask(sim::Peer& peer, std::string_view bytes) {
    peer.send(bytes);
    server.world().advance(100ms);
    return peer.take();
  }

  /// A client with a bound resource.
  sim::Peer enter(std::string_view name, bool is_new = false) {
    if (is_new) server.add_account(std::string(name) + "@example.org", "wherefore");
    sim::Peer peer = server.connect({.peer = "127.0.0.1:40000"});
    const std::string plain = std::string(1, '\0') + std::string(name) + std::string(1, '\0') + "wherefore";
    ask(peer, kHeader);
    ask(peer, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" + base::base64(plain) + "</auth>");
    ask(peer, kHeader);
    const std::string bound = ask(peer, "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    if (!bound.contains("type='result'")) std::abort();
    return peer;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static House& house = *[] {
    auto* made = new House();  // lives as long as the process: what one input leaves behind is there for the next
    made->server.add_account("romeo@example.org", "wherefore");
    return made;
  }();
  sim::Peer romeo = house.enter("romeo");
  std::string_view input(reinterpret_cast<const char*>(data), size);
  while (!input.empty()) {
    const std::string_view piece = input.substr(0, input.find('\x1e'));
    romeo.send(piece);
    house.server.world().advance(50ms);
    input.remove_prefix(std::min(input.size(), piece.size() + 1));
  }
  romeo.cut();
  const std::string pong = house.ask(house.bystander, "<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
  if (!pong.contains("id='p'") || !pong.contains("type='result'")) std::abort();
  return 0;
}
