#include "s2s/pins.h"

#include <utility>

#include "base/log.h"
#include "store/unit.h"

namespace s2s {
namespace {

constexpr std::size_t kPage = 1000;
constexpr std::chrono::seconds kReload{5};

void told(const base::Result<void>& result) {
  if (!result) base::log::error("pin_lost", {{"why", result.error().what}});
}

}  // namespace

void Pins::load(const std::string& after) {
  store_.read(
      loop_, [after](store::Reader& reader) { return reader.pins(after, kPage); },
      [this](const base::Result<std::vector<store::PinRow>>& rows) {
        if (!rows) {
          base::log::error("pins_unread", {{"why", rows.error().what}});
          reload_ = base::Timer(loop_, kReload, [this] { load(); });
          return;
        }
        for (const store::PinRow& row : *rows) pins_.try_emplace(row.remote, row.key);
        if (rows->size() == kPage) return load(rows->back().remote);
        loaded_ = true;
      });
}

bool Pins::fits(std::string_view domain, std::string_view key) const {
  if (!loaded_ || key.empty()) return false;
  const auto found = pins_.find(domain);
  return found == pins_.end() || found->second == key;
}

bool Pins::add(const std::string& domain, const std::string& key) { return pins_.try_emplace(domain, key).second; }

void Pins::write(const std::string& domain, const std::string& key) {
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::PinPut{{.remote = domain, .key = key, .since = loop_.wall()}});
  store_.write(std::move(unit), loop_, told);
}

void Pins::write_drop(const std::string& domain) {
  auto unit = base::make_ref<store::Unit>();
  unit->add(store::PinDelete{domain});
  store_.write(std::move(unit), loop_, told);
}

}  // namespace s2s
