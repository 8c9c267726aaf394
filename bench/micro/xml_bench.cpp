// Bytes to elements and back, with the message that LIMITS measured: about 320 bytes, 5 elements, 7 attributes.
#include <benchmark/benchmark.h>

#include <string>

#include "xml/stream_reader.h"
#include "xml/writer.h"
#include "xmpp/stanza.h"

namespace {

constexpr std::string_view kHeader =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
    "version='1.0'>";
constexpr std::string_view kMessage =
    "<message to='juliet@example.org/balcony' type='chat' id='m1234'><body>But, soft! what light through yonder window "
    "breaks? It is the east, and Juliet is the sun.</body><active xmlns='http://jabber.org/protocol/chatstates'/>"
    "<request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='1234'/></message>";

struct Sink final : xml::StreamSink {
  Next on_header(const xml::Element&, std::string_view) override { return Next::go_on; }
  Next on_element(xml::Document element) override {
    last = std::move(element);
    return Next::go_on;
  }
  void on_end() override {}
  xml::Document last;
};

void parse(benchmark::State& state) {
  xml::ParserPool pool;
  xml::StreamReader reader(pool, {.max_bytes = 262144});
  Sink sink;
  reader.feed(kHeader, sink);
  for (auto _ : state) reader.feed(kMessage, sink);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kMessage.size()));
}
BENCHMARK(parse);

void serialise(benchmark::State& state) {
  const xml::Document message = xml::parse_element(kMessage).value();
  std::string out;
  for (auto _ : state) {
    out.clear();
    xml::write(message.root(), "jabber:client", out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(serialise);

/// What a delivery does: addresses stamped, nothing else changed.
void write_stanza(benchmark::State& state) {
  std::string text(kMessage);
  text.replace(0, 8, "<message xmlns='jabber:client'");
  const auto stanza = xmpp::Stanza::parse(xml::parse_element(text).value()).value();
  const auto from = xmpp::Jid::parse("romeo@example.org/orchard").value(),
             to = xmpp::Jid::parse("juliet@example.org/balcony").value();
  std::string out;
  for (auto _ : state) {
    out.clear();
    xmpp::write(*stanza, from, to, {}, "jabber:client", out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(write_stanza);

}  // namespace
