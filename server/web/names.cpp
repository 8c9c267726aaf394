#include "web/names.h"

#include <memory>
#include <utility>

#include "base/log.h"

namespace web {

void Names::hold(const std::string& hash) {
  ++held_[hash];
  doubtful_.erase(hash);  // what the store says of it is old by now
}

void Names::release(const std::string& hash) {
  const auto found = held_.find(hash);
  if (--found->second == 0) held_.erase(found);
}

void Names::remove_unused(std::vector<std::string> hashes, base::Fn<void()> done) {
  std::erase_if(hashes, [this](const std::string& hash) { return held_.contains(hash); });
  if (hashes.empty()) return loop_.post(std::move(done));
  doubtful_.insert(hashes.begin(), hashes.end());
  store_.read(
      loop_, [hashes](store::Reader& reader) { return reader.unused_uploads(hashes); },
      [this, hashes, done = std::move(done)](base::Result<std::vector<std::string>> unused) mutable {
        if (!unused) {
          base::log::error("uploads_not_read", {{"why", unused.error().what}});
          unused.emplace();
        }
        std::erase_if(*unused, [this](const std::string& hash) { return !doubtful_.contains(hash); });
        for (const std::string& hash : hashes)
          if (const auto own = doubtful_.find(hash); own != doubtful_.end()) doubtful_.erase(own);
        remove(std::move(*unused), std::move(done));
      });
}

/// A name that is given again meanwhile is given by a later job of the same thread.
void Names::remove(std::vector<std::string> hashes, base::Fn<void()> done) {
  if (hashes.empty()) return loop_.post(std::move(done));
  executor_.submit([&loop = loop_, files = files_, hashes = std::move(hashes), done = std::move(done)]() mutable {
    for (const std::string& hash : hashes) {
      if (const auto removed = files.remove(hash); !removed)
        base::log::error("upload_not_removed", {{"hash", hash}, {"why", removed.error().what}});
    }
    loop.post(std::move(done));
  });
}

}  // namespace web
