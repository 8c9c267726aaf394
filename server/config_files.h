// Files with secrets and keys that elements of the configuration name.
#pragma once

#include <cstdint>
#include <string>

#include "base/secret.h"

/// Throws a ConfigMistake: `where`, and `what`, which ends with the remedy.
[[noreturn]] void complain(const std::string& where, const std::string& what);

enum class Privacy : std::uint8_t { secret, open };

/// Reads those of one element; complains about what can't be used. Any thread; blocks on disk.
class ConfigFiles {
 public:
  /// Relative names begin in `folder`. Both outlive it.
  ConfigFiles(const std::string& where, const std::string& folder) : where_(where), folder_(folder) {}

  /// 64 KiB at most; what is secret must not be open to every user of the machine.
  base::Secret read(const std::string& name, Privacy privacy) const;
  /// A secret as people write it into a file: the end of its line doesn't belong to it.
  base::Secret read_line(const std::string& name) const;

 private:
  const std::string& where_;
  const std::string& folder_;
};
