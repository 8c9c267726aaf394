#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace base::log {
namespace {

constexpr std::size_t kMaxValueBytes = 512;  // a peer-supplied value never floods the log

spdlog::level::level_enum native(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool plain(std::string_view value) {
  if (value.empty()) return false;
  for (const unsigned char c : value)
    if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7f) return false;
  return true;
}

void append_value(std::string& line, std::string_view value) {
  value = value.substr(0, kMaxValueBytes);
  if (plain(value)) {
    line += value;
    return;
  }
  line += '"';
  for (const unsigned char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    if (c < ' ' || c == 0x7f)
      line += fmt::format("\\x{:02x}", c);
    else
      line += static_cast<char>(c);
  }
  line += '"';
}

}  // namespace

void configure(Level level, const std::string& file) {
  auto logger = file.empty() ? spdlog::create<spdlog::sinks::stderr_sink_mt>("stderr")
                             : spdlog::create<spdlog::sinks::basic_file_sink_mt>("file", file);
  spdlog::drop_all();
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->set_level(native(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

bool enabled(Level level) { return spdlog::should_log(native(level)); }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  std::string line(event);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  spdlog::default_logger_raw()->log(native(level), fmt::string_view(line.data(), line.size()));
}

}  // namespace base::log
