#include <utility>

#include "xml/stream_reader.h"

namespace xml {
namespace {

struct OnlyElement final : StreamSink {
  Next on_header(const Element&, std::string_view) override { return Next::go_on; }
  Next on_element(Document element) override {
    many = found.has_value();
    found = std::move(element);
    return many ? Next::pause : Next::go_on;
  }
  void on_end() override { many = true; }

  std::optional<Document> found;
  bool many = false;
};

}  // namespace

std::optional<Document> parse_element(std::string_view bytes, const Limits& limits) {
  ParserPool pool;
  OnlyElement sink;
  StreamReader reader(pool, Limits{});
  reader.feed("<s>", sink);
  reader.set_limits(limits);
  const auto fed = reader.feed(bytes, sink);
  if (fed.fault != Fault::none || sink.many || !reader.at_boundary()) return std::nullopt;
  return std::move(sink.found);
}

}  // namespace xml
