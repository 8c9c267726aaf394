// Addresses: plain ASCII takes the fast path, the rest goes through PRECIS. Stanzas: written for one and for many.
#include <benchmark/benchmark.h>

#include <string>

#include "xmpp/jid.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"

namespace {

void parse_jid(benchmark::State& state, const char* text) {
  for (auto _ : state) benchmark::DoNotOptimize(xmpp::Jid::parse(text));
}
BENCHMARK_CAPTURE(parse_jid, ascii, "juliet@example.org/balcony");
BENCHMARK_CAPTURE(parse_jid, mixed_case, "Juliet@Example.ORG/Balcony");
BENCHMARK_CAPTURE(parse_jid, unicode, "jülïét@bücher.example/bälcony");

void bare_hash(benchmark::State& state) {
  const auto jid = xmpp::Jid::parse("juliet@example.org/balcony").value();
  for (auto _ : state) benchmark::DoNotOptimize(jid.bare_hash());
}
BENCHMARK(bare_hash);

/// What a room sends on: body, marker, and the ids that clients and the room itself add.
xmpp::StanzaRef room_message() {
  xml::Document message = xmpp::make_message(xmpp::Type::groupchat, "7f3e6a52-60f1-4c5c-8f0c-1d1b3a4f9c11");
  xml::Element& root = message.root();
  root.add_text_child("body", "But, soft! what light through yonder window breaks? It is the east & Juliet the sun.");
  root.add("active", "http://jabber.org/protocol/chatstates");
  root.add("origin-id", "urn:xmpp:sid:0").set_attr("id", "7f3e6a52-60f1-4c5c-8f0c-1d1b3a4f9c11");
  root.add("stanza-id", "urn:xmpp:sid:0").set_attr("id", "1700000000123").set_attr("by", "verona@rooms.example.org");
  root.add("occupant-id", "urn:xmpp:occupant-id:0").set_attr("id", "dd72603deec90a38ba552f7c68cbcc61bca202cd");
  return xmpp::share(std::move(message));
}

/// One copy, as a session writes it.
void write_copy(benchmark::State& state, const xmpp::StanzaRef& stanza) {
  const auto from = xmpp::Jid::parse("verona@rooms.example.org/Romeo").value(),
             to = xmpp::Jid::parse("juliet@example.org/balcony").value();
  std::string out;
  for (auto _ : state) {
    out.clear();
    xmpp::write(*stanza, from, to, {}, xmpp::ns::client, out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK_CAPTURE(write_copy, from_the_tree, room_message());
BENCHMARK_CAPTURE(write_copy, from_the_text, room_message()->serialised());

void make_text(benchmark::State& state) {
  const auto stanza = room_message();
  for (auto _ : state) benchmark::DoNotOptimize(stanza->serialised());
}
BENCHMARK(make_text);

}  // namespace
