#include "web/uploads.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "base/log.h"
#include "web/external.h"

namespace web {
namespace {

constexpr std::chrono::minutes kForget{1};

base::WallTime after(base::WallTime now, std::chrono::days kept) {
  return kept.count() == 0 ? base::WallTime::max() : now + kept;
}

}  // namespace

Uploads::Uploads(base::Loop& loop, store::Store& store, base::Random& random, Disk disk, SettingsRef settings,
                 std::string_view secret)
    : loop_(loop),
      store_(store),
      random_(random),
      bytes_(disk.bytes),
      names_(loop, store, std::move(disk.files), disk.names),
      settings_(std::move(settings)),
      signer_(secret) {}

std::optional<Refusal> Uploads::refusal_of(const Wish& wish) const {
  if (wish.bytes > settings_->file_bytes)
    return Refusal{Refusal::Why::too_large,
                   "a file may have " + std::to_string(settings_->file_bytes) + " bytes at most"};
  if (!offers(wish.purpose)) return Refusal{Refusal::Why::not_offered, "there are no files for that purpose here"};
  const auto given = given_.find(wish.owner);
  const std::size_t most = settings_->external ? kMostGiven : kMostSlots;
  if (given != given_.end() && given->second.size() >= most)
    return Refusal{Refusal::Why::quota, "too many files were asked for and not put", given->second.front().until};
  return std::nullopt;
}

bool Uploads::offers(Purpose purpose) const {
  if (purpose == Purpose::message) return true;
  return !settings_->external && (purpose != Purpose::permanent || settings_->permanent);
}

void Uploads::ask(Wish wish, Answer answer) {
  const base::WallTime now = loop_.wall();
  if (auto refusal = refusal_of(wish)) return answer(std::unexpected(std::move(*refusal)));
  Slot slot{.id = random_.token(16),
            .name = safe_name(wish.name),
            .owner = std::move(wish.owner),
            .type = std::move(wish.type),
            .bytes = wish.bytes,
            .purpose = wish.purpose,
            .until = now + kSlot,
            .expire_before = wish.expire_before};
  if (given_.empty()) forget_ = base::Timer(loop_, kForget, [this] { forget(); });
  // At once, so that two questions don't get the same room.
  given_[slot.owner].push_back({slot.id, slot.bytes, settings_->external ? now + kDay : slot.until});
  if (settings_->external) return answer(decide(slot, {}));
  const std::string owner = slot.owner;
  store_.read(
      loop_, [owner, now](store::Reader& reader) { return reader.upload_usage(owner, now - kDay, now); },
      [this, slot = std::move(slot),
       answer = std::move(answer)](const base::Result<store::UploadUsage>& usage) mutable {
        if (usage) return answer(decide(slot, *usage));
        base::log::error("uploads_not_read", {{"why", usage.error().what}});
        drop(slot.owner, slot.id);
        answer(std::unexpected(Refusal{Refusal::Why::unavailable, "the store does not answer"}));
      });
}

std::expected<Urls, Refusal> Uploads::decide(const Slot& slot, const store::UploadUsage& usage) {
  const std::uint64_t asked = reserved(slot.owner);
  const base::WallTime next_slot = given_.at(slot.owner).front().until;
  const auto beyond = [asked](std::int64_t used, std::uint64_t most) {
    return most > 0 && static_cast<std::uint64_t>(used) + asked > most;
  };
  const auto refuse = [&](std::string text, std::optional<base::WallTime> retry) {
    drop(slot.owner, slot.id);
    return std::unexpected(Refusal{Refusal::Why::quota, std::move(text), retry});
  };
  if (beyond(usage.recent, settings_->user_daily_bytes))
    return refuse("your files of one day have too many bytes",
                  usage.oldest_recent ? *usage.oldest_recent + kDay : next_slot);
  if (beyond(usage.total, settings_->user_bytes))
    return refuse("your files have too many bytes in all", usage.next_expiry);
  return urls_of(slot);
}

Urls Uploads::urls_of(const Slot& slot) const {
  if (settings_->external) return external_urls(*settings_->external, slot);
  const std::string url = settings_->url + path_of(slot);
  return {url + '?' + signer_.sign(slot), url};
}

base::Result<Slot> Uploads::read_slot(std::string_view path, std::string_view query) const {
  return signer_.read(path, query, loop_.wall());
}

void Uploads::fulfilled(const Slot& slot) {
  drop(slot.owner, slot.id);
  ++counts_.put;
  counts_.bytes += slot.bytes;
}

base::WallTime Uploads::expiry_of(const Slot& slot) const {
  const base::WallTime now = loop_.wall();
  switch (slot.purpose) {
    case Purpose::permanent: return base::WallTime::max();
    case Purpose::profile: return after(now, settings_->profile_days);
    case Purpose::message:
    case Purpose::ephemeral: break;
  }
  return std::min(after(now, settings_->message_days), slot.expire_before.value_or(base::WallTime::max()));
}

std::uint64_t Uploads::reserved(const std::string& owner) const {
  std::uint64_t sum = 0;
  if (const auto found = given_.find(owner); found != given_.end())
    for (const Given& one : found->second) sum += one.bytes;
  return sum;
}

void Uploads::drop(const std::string& owner, const std::string& id) {
  const auto found = given_.find(owner);
  if (found == given_.end()) return;
  std::erase_if(found->second, [&id](const Given& one) { return one.id == id; });
  if (found->second.empty()) given_.erase(found);
}

/// Slots whose time is over, unless their file is on its way.
void Uploads::forget() {
  const base::WallTime now = loop_.wall();
  for (auto person = given_.begin(); person != given_.end();) {
    std::erase_if(person->second,
                  [&](const Given& given) { return given.until <= now && !under_way_.contains(given.id); });
    person = person->second.empty() ? given_.erase(person) : std::next(person);
  }
  if (!given_.empty()) forget_ = base::Timer(loop_, kForget, [this] { forget(); });
}

}  // namespace web
