#include "base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <utility>

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

/// The one logger of the process and where it writes. What changes is its level, which is atomic, and the sink behind
/// the first, which is changed under that one's lock: other threads log meanwhile.
struct Log {
  std::shared_ptr<spdlog::sinks::dist_sink_mt> outlet = std::make_shared<spdlog::sinks::dist_sink_mt>();
  spdlog::logger logger{"exedra", outlet};
  Log() {
    logger.flush_on(spdlog::level::info);
    lead_to(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  }
  void lead_to(spdlog::sink_ptr sink) const {
    sink->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    outlet->set_sinks({std::move(sink)});
  }
};

// Never destroyed: a thread may log while the process ends.
Log& the_log() {
  static auto& log = *new Log;
  return log;
}

}  // namespace

void configure(Level level, const std::string& file) {
  spdlog::sink_ptr sink;
  if (file.empty()) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
  }
  the_log().lead_to(std::move(sink));
  the_log().logger.set_level(native(level));
}

bool enabled(Level level) { return the_log().logger.should_log(native(level)); }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!enabled(level)) return;
  std::string line(event);
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  the_log().logger.log(native(level), fmt::string_view(line.data(), line.size()));
}

}  // namespace base::log
