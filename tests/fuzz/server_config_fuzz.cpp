// Any bytes as a configuration: it is read, or refused in one line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = parse_config({reinterpret_cast<const char*>(data), size}, "exedra.xml");
  if (!config && (config.error().what.empty() || config.error().what.find('\n') != std::string::npos)) std::abort();
  if (config && config->hosts.empty() && !config->tokens) std::abort();
  return 0;
}
