// Uploads over a real store and a real folder, on virtual time.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/faulty_vfs.h"
#include "sim/sim_loop.h"
#include "sim/sim_transport.h"
#include "web/site.h"
#include "web/uploads.h"

namespace web {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

class Hall : public testing::Test {
 protected:
  Hall() {
    sim::register_faulty_vfs();
    char name[] = "/tmp/web_test.XXXXXX";
    folder = mkdtemp(name);
    store::Options options;
    options.vfs = sim::kFaultyVfs;
    store = std::move(*store::Store::open(folder + "/exedra.db", options, writing, reading));
    serve(terms());
    for (const char* const local : {"romeo", "juliet"}) {
      store::Account account;
      account.local = local;
      account.host = "example.org";
      write(store::AccountPut{account});
    }
  }
  ~Hall() override {
    sim::vfs_failure = SQLITE_OK;
    site.reset();
    std::filesystem::remove_all(folder);
  }

  static Terms terms() {
    Terms terms;
    terms.domain = xmpp::Jid::parse("upload.example.org").value();
    terms.url = "https://upload.example.org";
    return terms;
  }
  void write(store::Row row) {
    auto unit = base::make_ref<store::Unit>();
    unit->add(std::move(row));
    store->write(unit, world.loop(), [](const base::Result<void>& done) { EXPECT_TRUE(done); });
    world.advance(100ms);
  }
  static std::string id_of(const std::string& get) { return get.substr(1, get.find('/', 1) - 1); }
  /// Anew, as after a restart.
  void serve(Terms what) {
    site.reset();
    uploads = std::make_unique<Uploads>(world.loop(), *store, random,
                                        Uploads::Disk{FileStore::open(folder + "/uploads").value(), bytes, names},
                                        base::make_ref<Settings>(std::move(what)), "a secret of the data folder");
    site = std::make_unique<Site>(*uploads);
  }

  std::expected<Urls, Refusal> ask(Wish wish) {
    std::optional<std::expected<Urls, Refusal>> got;
    uploads->ask(std::move(wish), [&got](std::expected<Urls, Refusal> urls) { got = std::move(urls); });
    world.advance(100ms);
    return got.value();
  }
  /// The paths and queries of a slot for such a file.
  Urls slot(std::uint64_t size, const std::string& name = "file.bin", const std::string& type = {},
            const std::string& owner = "romeo@example.org") {
    auto urls = ask({.owner = owner, .name = name, .type = type, .bytes = size});
    EXPECT_TRUE(urls) << urls.error().text;
    const auto path = [](const std::string& url) {
      return url.substr(std::string("https://upload.example.org").size());
    };
    return {path(urls->put), path(urls->get)};
  }
  std::optional<store::UploadRecord> record(const std::string& get) {
    std::optional<store::UploadRecord> found;
    store->read(
        world.loop(), [id = id_of(get)](store::Reader& reader) { return reader.upload(id); },
        [&found](base::Result<std::optional<store::UploadRecord>> row) { found = std::move(row.value()); });
    world.advance(100ms);
    return found;
  }
  /// Paths of the files on disk.
  std::vector<std::string> files() const {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder + "/uploads"))
      if (entry.is_regular_file()) all.push_back(entry.path());
    return all;
  }

  sim::World world{7};
  sim::SeededRandom random{7};
  sim::SimExecutor writing{world, 2ms}, reading{world, 2ms}, bytes{world, 2ms}, names{world, 2ms};
  std::string folder;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Uploads> uploads;
  std::unique_ptr<Site> site;
};

/// One answer of HTTP.
struct Answer {
  int status = 0;
  std::string head, body;
  bool has(const std::string& line) const { return head.find("\r\n" + line + "\r\n") != std::string::npos; }
};

/// The first of these bytes.
inline Answer read_answer(const std::string& bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos || !bytes.starts_with("HTTP/1.1 ")) return {};
  return {std::stoi(bytes.substr(9, 3)), bytes.substr(0, end + 2), bytes.substr(end + 4)};
}

/// Anybody's browser.
class Surfer : public Hall {
 protected:
  sim::Peer connect() {
    auto [transport, peer] = sim::make_link(world.loop());
    site->accept(std::move(transport), false);
    return std::move(peer);
  }
  Answer send(const std::string& request) {
    sim::Peer peer = connect();
    peer.send(request);
    world.advance(1s);
    return read_answer(peer.take());
  }
  static std::string put_head(const std::string& target, std::size_t size, const std::string& fields = {}) {
    return "PUT " + target + " HTTP/1.1\r\nHost: upload.example.org\r\nContent-Length: " + std::to_string(size) +
           "\r\n" + fields + "\r\n";
  }
  Answer put(const std::string& target, const std::string& body, const std::string& fields = {}) {
    return send(put_head(target, body.size(), fields) + body);
  }
  Answer get(const std::string& target, const std::string& fields = {}, const std::string& method = "GET") {
    return send(method + ' ' + target + " HTTP/1.1\r\nHost: upload.example.org\r\n" + fields + "\r\n");
  }
};

}  // namespace web
