// Any bytes into the stream reader, whole and split: it never crashes, never passes a limit, and finds the same
// elements however the bytes arrive (SECURITY X09).
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "xml/stream_reader.h"
#include "xml/writer.h"

namespace {

class Collector final : public xml::StreamSink {
 public:
  Next on_header(const xml::Element& header, std::string_view default_ns) override {
    seen += std::string(header.name()) + "|" + std::string(default_ns) + "\n";
    return Next::go_on;
  }
  Next on_element(xml::Document element) override {
    seen += xml::to_string(element.root()) + "\n";
    return Next::go_on;
  }
  void on_end() override { seen += "end\n"; }
  std::string seen;
};

std::string read(std::string_view bytes, std::size_t piece) {
  xml::ParserPool pool;
  xml::StreamReader reader(pool, xml::Limits{});
  Collector sink;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, piece);
    if (reader.feed(part, sink).fault != xml::Fault::none) {
      sink.seen += "fault\n";
      break;
    }
    bytes.remove_prefix(part.size());
  }
  return sink.seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (read(bytes, std::string_view::npos) != read(bytes, 1 + data[0] % 16)) std::abort();
  return 0;
}
