// <upload>: where files are put for others, as the configuration file has it; the secret is still the name of a file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "config_reader.h"
#include "web/settings.h"

/// One address that the site listens on.
struct UploadListener {
  std::string address = "127.0.0.1";
  std::uint16_t port = 5443;
  bool tls = true;
};

struct UploadConfig {
  std::vector<UploadListener> listeners;
  web::Terms terms;  ///< without url: that of the first listener; without the secret of `external`
  std::string certificate, key;
  std::string secret_file, where;  ///< of <external>

  bool has_tls() const;
};

struct Config;

/// Reads the element and checks what it says by itself.
UploadConfig read_upload(const ConfigReader& in);
/// Checks it against all else in the file, once that is read.
void check_upload(const ConfigReader& in, const UploadConfig& upload, const Config& config);

/// With the secret, whose file's relative name begins in `folder`. An error names file, line, element and remedy. Any
/// thread; blocks on disk.
base::Result<web::Terms> load_upload(const UploadConfig& upload, const std::string& folder);

/// What is served once the listeners have these ports; none only where another server takes the files.
web::SettingsRef served(web::Terms terms, const std::vector<std::uint16_t>& ports);
