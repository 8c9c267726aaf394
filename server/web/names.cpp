#include "web/names.h"

#include <utility>

#include "base/log.h"

namespace web {
namespace {

void log_fault(std::string_view event, const base::Error& why) { base::log::error(event, {{"why", why.what}}); }

}  // namespace

/// What is in one folder, and of the same name among what was set aside.
struct Names::Sorting {
  std::vector<std::string> here, aside;
};

void Names::hold(const std::string& hash) {
  ++held_[hash];
  for (const auto& question : questions_) question->erase(hash);  // what the store says of it is old by now
}

void Names::release(const std::string& hash) {
  const auto found = held_.find(hash);
  if (--found->second == 0) held_.erase(found);
}

void Names::find_unused(const std::vector<std::string>& hashes, base::Fn<void(base::Result<Hashes>)> then) {
  auto question = std::make_shared<Hashes>();
  for (const std::string& hash : hashes)
    if (!held_.contains(hash)) question->insert(hash);
  questions_.push_back(question);
  store_.read(
      loop_, [hashes](store::Reader& reader) { return reader.unused_uploads(hashes); },
      [this, question, then = std::move(then)](const base::Result<std::vector<std::string>>& unused) mutable {
        std::erase(questions_, question);
        if (!unused) return then(std::unexpected(unused.error()));
        Hashes still;
        for (const std::string& hash : *unused)
          if (question->contains(hash)) still.insert(hash);
        then(std::move(still));
      });
}

void Names::remove_unused(std::vector<std::string> hashes, base::Fn<void()> done) {
  std::erase_if(hashes, [this](const std::string& hash) { return held_.contains(hash); });
  if (hashes.empty()) return loop_.post(std::move(done));
  find_unused(hashes, [this, done = std::move(done)](base::Result<Hashes> unused) mutable {
    if (!unused) log_fault("uploads_not_read", unused.error());
    remove(unused ? std::move(*unused) : Hashes(), std::move(done));
  });
}

/// A name that is given again meanwhile is given by a later job of the same thread.
void Names::remove(Hashes hashes, base::Fn<void()> done) {
  if (hashes.empty()) return loop_.post(std::move(done));
  executor_.submit([&loop = loop_, files = files_, hashes = std::move(hashes), done = std::move(done)]() mutable {
    for (const std::string& hash : hashes)
      if (const auto removed = files.remove(hash); !removed) log_fault("upload_not_removed", removed.error());
    loop.post(std::move(done));
  });
}

void Names::sort_out(unsigned folder, base::Fn<void()> done) {
  executor_.submit([this, &loop = loop_, files = files_, folder, done = std::move(done)]() mutable {
    auto here = files.list(folder), aside = files.list_aside(folder);
    for (const auto* each : {&here, &aside})
      if (!*each) log_fault("uploads_not_read", each->error());
    Sorting found;
    if (here) found.here = std::move(*here);
    if (aside) found.aside = std::move(*aside);
    loop.post([this, found = std::make_unique<Sorting>(std::move(found)), done = std::move(done)]() mutable {
      sort_out(std::move(*found), std::move(done));
    });
  });
}

void Names::sort_out(Sorting found, base::Fn<void()> done) {
  std::vector<std::string> all = found.here;
  all.insert(all.end(), found.aside.begin(), found.aside.end());
  if (all.empty()) return done();
  find_unused(all, [this, found = std::move(found), done = std::move(done)](base::Result<Hashes> unused) mutable {
    if (!unused) {
      log_fault("uploads_not_read", unused.error());
      return done();
    }
    executor_.submit([&loop = loop_, now = loop_.wall(), files = files_, found = std::move(found),
                      unused = std::move(*unused), done = std::move(done)]() mutable {
      move(files, found, unused, now);
      loop.post(std::move(done));
    });
  });
}

void Names::move(const FileStore& files, const Sorting& found, const Hashes& unused, base::WallTime now) {
  const auto note = [](const base::Result<void>& moved) {
    if (!moved) log_fault("upload_not_moved", moved.error());
  };
  std::size_t lost = 0;
  for (const std::string& hash : found.here) {
    if (!unused.contains(hash)) continue;
    ++lost;
    note(files.set_aside(hash, now));
  }
  if (lost > 0) base::log::warning("uploads_set_aside", {{"files", lost}, {"why", "the store knows nothing of them"}});
  for (const std::string& hash : found.aside)
    note(unused.contains(hash) ? files.forget(hash, now - kLost) : files.bring_back(hash));
}

}  // namespace web
