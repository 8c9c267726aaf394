// Who may put a file, how much and for how long (XEP-0363): slots, quotas, and what the disk and the store are asked.
#pragma once

#include <deque>
#include <expected>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/loop.h"
#include "base/random.h"
#include "store/store.h"
#include "web/names.h"
#include "web/settings.h"
#include "web/slot.h"

namespace web {

/// What a client asks for.
struct Wish {
  std::string owner;  ///< bare address
  std::string name, type;
  std::uint64_t bytes = 0;
  Purpose purpose = Purpose::message;
  std::optional<base::WallTime> expire_before;  ///< of an ephemeral one
};

struct Urls {
  std::string put, get;
};

struct Refusal {
  enum class Why : std::uint8_t {
    too_large,
    not_offered,  ///< that purpose
    quota,
    unavailable,
  };
  Why why;
  std::string text;
  std::optional<base::WallTime> retry = std::nullopt;  ///< when there is room again
};

/// Since the start.
struct Counts {
  std::size_t connections = 0;  ///< now
  std::uint64_t put = 0;        ///< files that came
  std::uint64_t bytes = 0;      ///< of those
  std::uint64_t got = 0;        ///< files, or parts of them, that were asked for

  Counts& operator+=(const Counts& other) {
    connections += other.connections;
    put += other.put;
    bytes += other.bytes;
    got += other.got;
    return *this;
  }
};

/// One per shard, on its thread; the one that owns the address does the work.
class Uploads {
 public:
  struct Disk {
    FileStore files;
    base::Executor& bytes;  ///< reads and writes them
    base::Executor& names;  ///< one thread
  };
  using Answer = base::Fn<void(std::expected<Urls, Refusal>)>;

  static constexpr std::chrono::seconds kSlot{300};  ///< XEP-0363 9: what it recommends
  static constexpr std::size_t kMostSlots = 100;     ///< of one person, that wait for their file
  static constexpr std::size_t kMostGiven = 1000;    ///< the same within a day, where another server takes the files
  static constexpr std::chrono::hours kDay = store::UploadDelete::kCounts;

  /// `secret` has 16 to 64 bytes, and is the same after a restart: slots outlive it.
  Uploads(base::Loop& loop, store::Store& store, base::Random& random, Disk disk, SettingsRef settings,
          std::string_view secret);

  /// Counts for slots and files from now on.
  void use(SettingsRef settings) { settings_ = std::move(settings); }
  const Settings& settings() const { return *settings_; }

  /// Another server, which keeps files as it likes, is not told of purposes.
  bool offers(Purpose purpose) const;
  /// A slot, whose bytes count against the quota until its time is over.
  void ask(Wish wish, Answer answer);

  /// The slot that a PUT names, as SlotSigner::read().
  base::Result<Slot> read_slot(std::string_view path, std::string_view query) const;
  /// False if somebody puts this file right now.
  bool enter(const Slot& slot) { return under_way_.insert(slot.id).second; }
  void leave(const Slot& slot) { under_way_.erase(slot.id); }
  /// Its file is there: its bytes are counted by the store from now on.
  void fulfilled(const Slot& slot);
  /// Somebody gets one.
  void asked_for() { ++counts_.got; }
  const Counts& counts() const { return counts_; }
  /// When a file that comes now has to go; WallTime::max() for never.
  base::WallTime expiry_of(const Slot& slot) const;

  base::Loop& loop() const { return loop_; }
  store::Store& store() const { return store_; }
  base::Executor& bytes() const { return bytes_; }
  Names& names() { return names_; }

 private:
  struct Given {
    std::string id;
    std::uint64_t bytes;
    base::WallTime until;
  };
  using Person = std::deque<Given>;  ///< the oldest first

  std::optional<Refusal> refusal_of(const Wish& wish) const;
  std::uint64_t reserved(const std::string& owner) const;
  void forget();
  void drop(const std::string& owner, const std::string& id);
  std::expected<Urls, Refusal> decide(const Slot& slot, const store::UploadUsage& usage);
  Urls urls_of(const Slot& slot) const;

  base::Loop& loop_;
  store::Store& store_;
  base::Random& random_;
  base::Executor& bytes_;
  Names names_;
  SettingsRef settings_;
  const SlotSigner signer_;
  std::unordered_map<std::string, Person> given_;  ///< by owner
  std::unordered_set<std::string> under_way_;      ///< ids
  base::Timer forget_;
  Counts counts_;
};

}  // namespace web
