// <tokens>: the token service as the configuration file has it; secrets and keys are still names of files.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config_reader.h"
#include "tokensvc/settings.h"

struct TokensConfig {
  struct KeyFiles {
    std::string where;  ///< for complaints: file, line, element
    std::string id;
    tokensvc::Algorithm algorithm = tokensvc::Algorithm::hs256;
    std::string secret_file, file, public_file;  ///< exactly one of them
  };
  struct CallerFiles {
    std::string where;
    tokensvc::Caller caller;
    std::string secret_file;
    std::string certificate;  ///< fingerprint in lower-case hexadecimal
    std::string user;         ///< name or number
    bool has_proof() const { return !secret_file.empty() || !certificate.empty() || !user.empty(); }
  };

  std::string domain;            ///< that the entrances' certificate is for; empty: the first host's
  std::string certificate, key;  ///< PEM files; empty: the first host's
  std::vector<KeyFiles> keys;
  std::vector<CallerFiles> callers;
  std::vector<tokensvc::LineEntrance> lines;
  std::vector<tokensvc::Game> games;
  std::vector<tokensvc::HttpEntrance> https;
  std::vector<tokensvc::MeetingRule> rules;
  std::chrono::days audit_days{90};

  /// Some entrance needs a certificate.
  bool has_tls() const;
};

struct Config;

/// Reads the element and checks what it says by itself.
TokensConfig read_tokens(const ConfigReader& in);
/// Checks it against all else in the file, once that is read.
void check_tokens(const ConfigReader& in, const TokensConfig& tokens, const Config& config);
