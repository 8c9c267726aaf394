// What the server says it speaks is what was registered: docs/xeps.md, service discovery, the transcripts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/base64.h"
#include "router/registry.h"
#include "transcript/sim_server.h"
#include "xml/stream_reader.h"

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

const fs::path kSource = EXEDRA_SOURCE_DIR;

class Xeps : public testing::Test {
 protected:
  Xeps() : folder_(make_folder()), server_(folder_, 1, 1) {}
  ~Xeps() override { fs::remove_all(folder_); }

  static fs::path make_folder() {
    char name[] = "/tmp/exedra-xeps-XXXXXX";
    return mkdtemp(name);
  }
  /// By number; a XEP that several files implement is listed once.
  std::map<int, router::Xep> registered() {
    std::map<int, router::Xep> all;
    for (const router::Xep& xep : server_.registry().xeps()) all.emplace(xep.number, xep);
    return all;
  }

  fs::path folder_;
  transcript::SimServer server_;
};

std::string four_digits(int number) {
  std::string text = std::to_string(number);
  return std::string(4 - std::min<std::size_t>(4, text.size()), '0') + text;
}

std::string table(const std::map<int, router::Xep>& xeps) {
  std::ostringstream out;
  out << "# What Exedra speaks\n\nRFC 6120, 6121, 7622 and 7590, and these XEPs. The list is written by the server's "
         "own "
         "registrations:\n`EXEDRA_UPDATE=1 build/release/server_test --gtest_filter='Xeps.*'` makes it anew.\n\n"
         "| XEP | version | name |\n| --- | --- | --- |\n";
  for (const auto& [number, xep] : xeps)
    out << "| [" << four_digits(number) << "](https://xmpp.org/extensions/xep-" << four_digits(number) << ".html) | "
        << xep.version << " | " << xep.name << " |\n";
  return out.str();
}

TEST_F(Xeps, ThePageIsWhatWasRegistered) {
  const fs::path page = kSource / "docs/xeps.md";
  const std::string expected = table(registered());
  if (std::getenv("EXEDRA_UPDATE") != nullptr) std::ofstream(page) << expected;
  std::ostringstream found;
  found << std::ifstream(page).rdbuf();
  EXPECT_EQ(found.str(), expected) << "docs/xeps.md is out of date; run with EXEDRA_UPDATE=1";
}

TEST_F(Xeps, EachHasATranscript) {
  // What no client of the simulated server can see: forms of data, DNS records, channel bindings of TLS; and what only
  // other servers see (tests/unit/s2s, federation_test.cpp).
  const std::set<int> elsewhere{4, 59, 82, 122, 128, 178, 185, 220, 288, 297, 368, 440, 474, 495};
  std::string names;
  for (const auto& entry : fs::directory_iterator(kSource / "tests/transcripts"))
    names += entry.path().filename().string() + "\n";
  for (const auto& [number, xep] : registered()) {
    if (elsewhere.contains(number)) continue;
    EXPECT_NE(names.find("xep_" + four_digits(number)), std::string::npos) << xep.name;
  }
}

/// Logs in by PLAIN and gives back the features that disco#info of `to` names.
std::vector<std::string> ask_disco(transcript::SimServer& server, const std::string& to) {
  server.add_account("romeo@example.org", "secret");
  sim::Peer peer = server.connect({.peer = "127.0.0.1:40000"});
  const std::string header =
      "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
      "version='1.0'>";
  const auto say = [&](const std::string& bytes) {
    peer.send(bytes);
    server.world().advance(1s);
    return peer.take();
  };
  say(header);
  say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>" +
      base::base64(std::string("\0romeo\0secret", 13)) + "</auth>");
  say(header);
  say("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
  std::string answer =
      say("<iq type='get' id='d' to='" + to + "'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  answer = answer.substr(answer.find("<iq "));
  const auto iq = xml::parse_element(answer);
  std::vector<std::string> vars;
  if (!iq || iq->root().first_child() == nullptr) return vars;
  for (const xml::Element& child : xml::children(*iq->root().first_child()))
    if (child.name() == "feature") vars.emplace_back(child.attr("var"));
  std::ranges::sort(vars);
  return vars;
}

std::vector<std::string> texts(const std::vector<std::string_view>& views) { return {views.begin(), views.end()}; }

TEST_F(Xeps, DiscoOfTheServerIsTheRegistry) {
  const auto told = ask_disco(server_, "example.org");
  EXPECT_EQ(told, texts(server_.registry().features(router::Target::server)));
  EXPECT_GT(told.size(), 5U);
}

TEST_F(Xeps, DiscoOfAnAccountIsTheRegistry) {
  const auto told = ask_disco(server_, "romeo@example.org");
  EXPECT_EQ(told, texts(server_.registry().features(router::Target::account)));
  EXPECT_GT(told.size(), 5U);
}

}  // namespace
