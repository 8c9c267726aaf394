// exedra: the server. The command line, then Process.
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "base/log.h"
#include "process.h"
#include "tokens_load.h"

namespace {

struct Arguments {
  std::string config, data = "data";
  std::uint16_t port_offset = 0;
  bool check = false;
};

int fail(const base::Error& error) {
  std::cerr << "exedra: " << error.what << "\n";
  return 1;
}

base::Result<Config> read_config(const std::string& file) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  return parse_config(*text, file);
}

/// As many as the system grants: the usual soft limit of 1,024 would be all connections that there can be.
std::uint64_t raise_descriptors() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_NOFILE, &files);
  base::log::info("descriptors", {{"limit", files.rlim_cur}});
  return files.rlim_cur;
}

int check(const Arguments& arguments) {
  const std::string file = arguments.config.empty() ? arguments.data + "/exedra.xml" : arguments.config;
  const auto config = read_config(file);
  if (!config) return fail(config.error());
  if (config->tokens) {
    const auto tokens = load_tokens(*config->tokens, arguments.data);
    if (!tokens) return fail(tokens.error());
  }
  if (config->federation) {
    const auto policy = load_federation(*config->federation, arguments.data);
    if (!policy) return fail(policy.error());
  }
  std::cout << file << ": good\n";
  return 0;
}

int serve(const Arguments& arguments) {
  auto data = DataFolder::open(arguments.data);
  if (!data) return fail(data.error());
  if (arguments.config.empty()) {
    const auto written = data->write_default_config();
    if (!written) return fail(written.error());
  }
  const std::string file = arguments.config.empty() ? data->config() : arguments.config;
  auto config = read_config(file);
  if (!config) return fail(config.error());
  base::log::configure(config->log_level, config->log_file.empty() ? "" : data->file(config->log_file));
  ProcessOptions options{.config_file = file, .port_offset = arguments.port_offset};
  options.descriptors = raise_descriptors();
  auto process = Process::start(std::move(options), std::move(*data), std::move(*config));
  if (!process) return fail(process.error());
  std::cout << (*process)->greeting() << std::flush;
  (*process)->run();
  return 0;
}

}  // namespace

int main(int count, char** words) {
  Arguments arguments;
  CLI::App app("Exedra, an XMPP server", "exedra");
  app.set_version_flag("--version", "exedra " EXEDRA_VERSION);
  app.add_option("-f,--config", arguments.config, "configuration (default: exedra.xml in the data folder)")
      ->type_name("FILE");
  app.add_option("-d,--data", arguments.data, "folder of everything that is kept")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--port-offset", arguments.port_offset, "added to every port")->type_name("N");
  app.add_flag("-c,--check-config", arguments.check, "check the configuration and end");
  CLI11_PARSE(app, count, words);
  umask(077);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return arguments.check ? check(arguments) : serve(arguments);
  } catch (const std::exception& error) {  // of the libraries below us, such as a log file that cannot be opened
    return fail({error.what()});
  }
}
