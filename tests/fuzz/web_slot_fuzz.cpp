// Any bytes as what a client says of its file: a slot's URL is one that our own server reads, and says the same again.
// Any bytes as a range: within the file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/http_target.h"
#include "web/byte_range.h"
#include "web/slot.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const web::SlotSigner signer("a secret of sixteen bytes");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const base::WallTime now{std::chrono::seconds(1'700'000'000)};
  web::Slot slot;
  slot.id = "Zm9vYmFyYmF6cXV4MTIzNA";
  slot.name = web::safe_name(text);
  slot.owner = slot.type = text;
  slot.bytes = size;
  slot.until = now + std::chrono::seconds(1);
  require(!slot.name.empty() && slot.name.size() <= 255 && slot.name.find('/') == std::string::npos);
  const auto target = net::read_target(web::path_of(slot) + '?' + signer.sign(slot));
  require(target.has_value());
  const auto read = signer.read(target->path, target->query, now);
  require(read && read->id == slot.id && read->name == slot.name && read->owner == slot.owner &&
          read->type == slot.type && read->bytes == slot.bytes && !read->expire_before);
  for (std::size_t at = target->path.find('?'); at != std::string::npos; at = target->path.find('?', at + 1))
    require(!signer.read(target->path.substr(0, at), target->path.substr(at + 1) + '?' + target->query, now));
  require(!signer.read(text, text, now));
  constexpr std::uint64_t kSize = 1000;
  const auto [kind, range] = web::read_range(text, kSize);
  if (kind == web::RangeKind::part)
    require(range.count > 0 && range.first < kSize && range.count <= kSize - range.first);
  return 0;
}
