// Any bytes as an address: a Jid that was accepted is prepared, so parsing it again changes nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "xmpp/jid.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto jid = xmpp::Jid::parse({reinterpret_cast<const char*>(data), size});
  if (!jid) return 0;
  if (jid->domain().empty() || jid->local().size() > 1023 || jid->domain().size() > 1023 ||
      jid->resource().size() > 1023)
    std::abort();
  const auto again = xmpp::Jid::parse(jid->str());
  if (!again || !(*again == *jid)) std::abort();
  return 0;
}
