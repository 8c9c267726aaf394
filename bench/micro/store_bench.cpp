// How many archive rows a second become durable, one unit each, as chat brings them.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "net/asio_loop.h"
#include "net/thread_executor.h"
#include "store/store.h"

namespace {

constexpr std::int64_t kRows = 20'000;
constexpr std::int64_t kUnderWay = 2'000;  // so that the next commit fills while one is written
constexpr std::int64_t kAccounts = 200;

/// A folder of its own that goes with it.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / "exedra-bench-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file() const { return path_ + "/store.db"; }

 private:
  std::string path_;
};

/// Keeps `kUnderWay` rows on their way until `kRows` more are durable.
class Flow {
 public:
  Flow(store::Store& store, net::AsioLoop& loop) : store_(store), loop_(loop) {}

  bool run() {
    given_ = durable_ = 0;
    loop_.post([this] {
      while (given_ < kUnderWay) give();
    });
    loop_.run();
    return good_;
  }

 private:
  void give() {
    const std::int64_t id = ++id_;
    ++given_;
    auto unit = base::make_ref<store::Unit>();
    unit->add(store::ArchivePut{{.owner = "u" + std::to_string(id % kAccounts) + "@localhost",
                                 .id = id,
                                 .with = "u" + std::to_string((id + 1) % kAccounts) + "@localhost",
                                 .time = loop_.wall(),
                                 .stanza = stanza_}});
    store_.write(std::move(unit), loop_, [this](const base::Result<void>& result) {
      good_ = good_ && result.has_value();
      if (++durable_ == kRows) return loop_.stop();
      if (given_ < kRows) give();
    });
  }

  store::Store& store_;
  net::AsioLoop& loop_;
  std::int64_t id_ = 0, given_ = 0, durable_ = 0;
  bool good_ = true;
  const std::string stanza_ =
      "<message xmlns='jabber:client' type='chat' id='f1c2' from='u1@localhost/bench' "
      "to='u2@localhost/bench'><body>" +
      std::string(120, 'x') + "</body></message>";
};

void archive_rows(benchmark::State& state, bool survive_power_cut) {
  const Folder folder;
  net::ThreadExecutor writing(1), reading(1);
  auto store = store::Store::open(folder.file(), {.survive_power_cut = survive_power_cut}, writing, reading);
  if (!store) return state.SkipWithError(store.error().what.c_str());
  net::AsioLoop loop;
  Flow flow(**store, loop);
  for (auto _ : state)
    if (!flow.run()) state.SkipWithError("rows were lost");
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK_CAPTURE(archive_rows, survives_a_crash, false)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(archive_rows, survives_a_power_cut, true)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
