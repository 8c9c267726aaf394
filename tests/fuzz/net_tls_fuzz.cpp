// Any bytes as a client's side of TLS, whole and split: the engine refuses or waits, never crashes, and gives no
// plaintext before a handshake (SECURITY T02).
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "certs/store.h"
#include "net/tls.h"

namespace {

base::Ref<certs::Store> make_store() {
  char dir[] = "/tmp/net_tls_fuzz.XXXXXX";
  if (mkdtemp(dir) == nullptr) std::abort();
  const certs::Files files{std::string(dir) + "/crt", std::string(dir) + "/key"};
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  if (!certs::create_self_signed("example.org", files, now)) std::abort();
  std::vector<certs::Problem> problems;
  auto store = certs::Store::load({{"example.org", files}}, {"xmpp-client"}, now, problems);
  std::filesystem::remove_all(dir);
  if (!store) std::abort();
  return *store;
}

void run(const base::Ref<certs::Store>& store, std::span<const std::byte> bytes, std::size_t piece) {
  net::TlsEngine engine(store, "example.org");
  std::vector<std::byte> plain(net::tls_record);
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(part.size());
    engine.give(part);
    if (engine.handshake() != net::TlsEngine::Status::want_input) break;
    if (!engine.input().empty()) std::abort();  // waiting for more means that all was taken
  }
  std::size_t got = 0;
  engine.give({});
  if (engine.read(plain, got) == net::TlsEngine::Status::done) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const base::Ref<certs::Store> store = make_store();
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  run(store, bytes, bytes.size() + 1);
  run(store, bytes, 1 + data[0] % 16);
  return 0;
}
