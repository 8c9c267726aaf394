// Where a server keeps everything: exedra.xml, certs/, exedra.db, uploads/, secret, control.sock. One process at a
// time.
#pragma once

#include <string>

#include "base/random.h"
#include "base/result.h"
#include "net/fd.h"

class DataFolder {
 public:
  /// Makes the folder (mode 0700) if need be and locks it against a second server.
  static base::Result<DataFolder> open(const std::string& path);

  const std::string& path() const { return path_; }
  std::string database() const { return path_ + "/exedra.db"; }
  std::string control_socket() const { return path_ + "/control.sock"; }
  std::string config() const { return path_ + "/exedra.xml"; }
  std::string uploads() const { return path_ + "/uploads"; }
  /// Where a relative file name of the configuration points.
  std::string file(const std::string& name) const;

  /// The configuration for somebody who gave none.
  static const char* default_config();
  /// Writes it to config() unless there is one.
  base::Result<void> write_default_config() const;
  /// The server's own secret, made at first start: made-up accounts look the same after a restart.
  base::Result<std::string> secret(base::Random& random) const;

 private:
  std::string path_;
  net::Fd lock_;
};

/// The whole file.
base::Result<std::string> read_file(const std::string& path);
