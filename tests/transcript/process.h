// A server as a child process with a folder of its own, and connections to it over real sockets.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "transcript/stage.h"

namespace transcript {

/// How long a real server may take for anything.
inline constexpr std::chrono::seconds kPatience{20};

/// A new empty folder below the system's temporary one, removed with what it holds.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Runs until destroyed; its output goes to a file.
class Process {
 public:
  Process(const std::vector<std::string>& command, const std::filesystem::path& output);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  void kill();
  /// SIGTERM; throws Failure unless it then exits with 0, which it does not after a sanitizer's report.
  void stop();
  bool running();
  /// Everything it printed.
  std::string output() const;

 private:
  pid_t pid_ = -1;
  std::filesystem::path output_;
};

/// Runs a command to its end; throws Failure with its output unless it exits with 0.
void run(const std::vector<std::string>& command, std::string_view input);

/// A port of the loopback address that was free a moment ago, for servers that cannot choose one themselves.
std::uint16_t free_port();

/// Tries until the server listens or `process` is gone (Failure).
std::unique_ptr<Wire> connect_to(std::uint16_t port, Process& process);

}  // namespace transcript
