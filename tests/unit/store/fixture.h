// A store in a temporary directory on an executor and a loop that run when the test says so.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "store/store.h"

namespace store_test {

/// Holds jobs until run() is called.
class ManualExecutor : public base::Executor {
 public:
  void submit(base::Fn<void()> job) override { jobs_.push_back(std::move(job)); }
  bool run() {
    const bool any = !jobs_.empty();
    while (!jobs_.empty()) {
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      job();
    }
    return any;
  }

 private:
  std::deque<base::Fn<void()>> jobs_;
};

class ManualLoop : public base::Loop {
 public:
  void post(base::Fn<void()> job) override {
    ++posts;
    jobs_.submit(std::move(job));
  }
  bool here() const override { return false; }
  void at_turn_end(base::Fn<void()> job) override { jobs_.submit(std::move(job)); }
  base::TimerId after(base::Duration, base::Fn<void()>) override { return base::TimerId::none; }
  void cancel(base::TimerId) override {}
  base::MonoTime now() const override { return {}; }
  base::WallTime wall() const override { return {}; }
  bool run() { return jobs_.run(); }

  std::size_t posts = 0;

 private:
  ManualExecutor jobs_;
};

inline base::WallTime at(std::int64_t micros) { return base::WallTime(base::WallTime::duration(micros)); }

inline store::ArchiveRow archived(const std::string& owner, std::int64_t id, const std::string& with = "peer@b") {
  return {.owner = owner,
          .id = id,
          .with = with,
          .time = at(id * 10),
          .stanza = "<message id='" + std::to_string(id) + "'/>"};
}

class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "exedra-store-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory = name;
  }
  void TearDown() override {
    store.reset();
    std::filesystem::remove_all(directory);
  }

  std::string path() const { return directory / "exedra.db"; }

  void open(const store::Options& options = {}) {
    store.reset();
    auto opened = store::Store::open(path(), options, writing, reading);
    ASSERT_TRUE(opened) << opened.error().what;
    store = std::move(*opened);
  }

  /// Runs everything that waits, until nothing does.
  void settle() {
    while (writing.run() || reading.run() || loop.run()) {
    }
  }

  template <class... Rows>
  void give(base::Result<void>& outcome, Rows... rows) {
    auto unit = base::make_ref<store::Unit>();
    (unit->add(std::move(rows)), ...);
    outcome = base::failure("not answered");
    store->write(unit, loop, [&outcome](base::Result<void> result) { outcome = std::move(result); });
  }

  template <class... Rows>
  base::Result<void> put(Rows... rows) {
    base::Result<void> outcome;
    give(outcome, std::move(rows)...);
    settle();
    return outcome;
  }

  /// What `job(Reader&)` found; a failed read fails the test.
  template <class Job>
  auto get(Job job) {
    using Outcome = std::invoke_result_t<Job&, store::Reader&>;
    std::unique_ptr<Outcome> outcome;
    store->read(loop, std::move(job), [&](Outcome result) { outcome = std::make_unique<Outcome>(std::move(result)); });
    settle();
    if (!outcome) ADD_FAILURE() << "not answered";
    if (outcome && !*outcome) ADD_FAILURE() << outcome->error().what;
    return outcome && *outcome ? **outcome : typename Outcome::value_type();
  }

  std::filesystem::path directory;
  ManualExecutor writing, reading;
  ManualLoop loop;
  std::unique_ptr<store::Store> store;
};

}  // namespace store_test
