// The load generator: drives one XMPP server with one case and prints what it saw as JSON.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include "bench/load/run.h"

int main(int argc, char** argv) {
  using load::Options;
  const std::map<std::string, nlohmann::json (*)(const Options&)> cases{
      {"register", load::run_register}, {"logins", load::run_logins},   {"idle", load::run_idle},
      {"chat", load::run_chat},         {"offline", load::run_offline}, {"presence", load::run_presence},
      {"room", load::run_room},         {"joins", load::run_joins},     {"storm", load::run_storm},
      {"tokens", load::run_tokens}};
  const std::map<std::string, load::Tls> kinds{
      {"none", load::Tls::none}, {"starttls", load::Tls::starttls}, {"direct", load::Tls::direct}};
  Options options;
  options.far.domain.clear();
  std::string name;
  CLI::App app("Loads an XMPP server whose accounts are u0, u1, …, or a token service, and reports as JSON.");
  app.add_option("case", name, "what to do")->required()->check(CLI::IsMember(cases));
  app.add_option("--address", options.way.address, "numeric address of the server");
  app.add_option("--port", options.way.port);
  app.add_option("--domain", options.way.domain);
  app.add_option("--far-address", options.far.address, "of another server, which every second client of a chat is on");
  app.add_option("--far-port", options.far.port);
  app.add_option("--far-domain", options.far.domain);
  app.add_option("--password", options.way.password, "of every account");
  app.add_option("--tls", options.way.tls)->transform(CLI::CheckedTransformer(kinds));
  app.add_flag("--sasl2", options.way.sasl2, "log in by XEP-0388 and XEP-0386");
  app.add_flag("--plain", options.way.plain, "SASL PLAIN in place of SCRAM-SHA-256");
  app.add_flag("--sm", options.way.management, "stream management, with an acknowledgement asked for each write");
  app.add_flag("--roster", options.way.roster, "the eight round trips of a classic login");
  app.add_flag("!--no-echo", options.way.echo, "the server does not send clients their own presence");
  app.add_option("--pid", options.server, "the server's processes, to be metered")->expected(1, 64);
  app.add_option("--clients", options.clients)->check(CLI::Range(1, 1'000'000));
  app.add_option("--concurrent", options.concurrent, "logins at a time")->check(CLI::Range(1, 20'000));
  app.add_option("--window", options.window, "in flight from each client")->check(CLI::Range(1, 10'000));
  app.add_option("--rate", options.rate, "messages per second in all; 0: as fast as the window allows");
  app.add_option("--warm-up", options.warm_up_seconds, "seconds");
  app.add_option("--seconds", options.seconds);
  app.add_option("--count", options.count, "logins, or offline messages in all");
  app.add_option("--group", options.group, "occupants of a room; those who join one; contacts and their owner")
      ->check(CLI::Range(2, 10'000));
  app.add_option("--speakers", options.speakers, "in each room")->check(CLI::Range(1, 10'000));
  app.add_flag("--quiet", options.quiet, "rooms announce nobody but their owners");
  app.add_option("--service", options.service, "of rooms");
  CLI11_PARSE(app, argc, argv);

  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  try {
    nlohmann::json report = cases.at(name)(options);
    report["case"] = name;
    std::cout << report.dump() << std::endl;
    const auto errors = report.find("errors");
    if (errors == report.end()) return 0;
    for (const auto& count : *errors) {
      if (count != 0) return 2;
    }
    return 0;
  } catch (const std::exception& mistake) {
    std::cerr << name << ": " << mistake.what() << "\n";
    return 1;
  }
}
