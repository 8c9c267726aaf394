// exedractl: administers the server whose data folder it is given. Exit codes: 0 done, 1 the server refused or could
// not be reached, or what was checked is bad, 2 bad usage.
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "admin/certificate_request.h"
#include "admin/ctl_client.h"
#include "admin/import.h"

namespace {

using nlohmann::json;

struct Options {
  std::string data = "data";
  bool as_json = false;
  std::string jid, file, why, host, domain;
  bool password_stdin = false, generate = false, dns_only = false;
  std::string caller, secret_file;
  int last = 50;
};

constexpr int kRefused = 1, kUsage = 2;
constexpr const char *kImport = "tokensvc import", *kRequest = "certs request";

/// Does not show what is typed, as long as it lives.
class NoEcho {
 public:
  NoEcho() {
    tcgetattr(STDIN_FILENO, &before_);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~NoEcho() { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }

 private:
  termios before_{};
};

base::Result<std::string> prompt(const std::string& text) {
  std::cerr << text << std::flush;
  std::string line;
  const NoEcho quiet;
  const bool good = bool(std::getline(std::cin, line));
  std::cerr << "\n";
  if (!good) return base::failure("no password given");
  return line;
}

/// As asked for; without a terminal to ask on, the server makes one.
base::Result<void> add_password(const Options& options, json& request) {
  if (options.generate || (!options.password_stdin && isatty(STDIN_FILENO) == 0)) return {};
  base::Result<std::string> password;
  if (options.password_stdin) {
    std::string line;
    if (!std::getline(std::cin, line)) return base::failure("no password on standard input");
    password = line;
  } else {
    password = prompt("Password (empty: make one): ");
    if (password && password->empty()) return {};
    const auto again = password ? prompt("Again: ") : password;
    if (password && again && *password != *again) return base::failure("the passwords differ");
    if (!again) return std::unexpected(again.error());
  }
  if (!password) return std::unexpected(password.error());
  request["password"] = *password;
  return {};
}

std::string when(std::int64_t seconds, const char* format = "%Y-%m-%d") {
  const std::time_t time = seconds;
  char text[32] = "";
  std::strftime(text, sizeof text, format, std::gmtime(&time));
  return text;
}

void print_status(const json& answer) {
  std::cout << "exedra " << answer.value("version", "?") << ", pid " << answer.value("pid", 0) << ", up "
            << answer.value("uptime_seconds", 0) << " s, " << answer.value("shards", 0) << " shards\n"
            << answer.value("connections", 0) << " connections, " << answer.value("sessions", 0) << " sessions, "
            << answer.value("hibernated", 0) << " of them hibernated\n";
  for (const json& host : answer.at("hosts")) {
    std::cout << "host " << host.value("domain", "") << ", certificate until "
              << when(host.value("certificate_expires", std::int64_t{0})) << "\n";
  }
  for (const json& entrance : answer.value("tokens", json::array())) {
    std::cout << "tokens: " << entrance.value("kind", "") << " " << entrance.value("where", "") << ", "
              << entrance.value("connections", 0) << " connections"
              << (entrance.value("paused", false) ? ", takes no more: out of descriptors or memory\n" : "\n");
  }
  if (const json files = answer.value("files", json()); files.is_object()) {
    std::cout << "files: " << files.value("active", 0) << " streams, " << files.value("waiting", 0)
              << " connections that are not joined; since the start " << files.value("streams", std::uint64_t{0})
              << " streams with " << files.value("bytes", std::uint64_t{0}) << " bytes\n";
  }
  if (const json uploads = answer.value("uploads", json()); uploads.is_object()) {
    std::cout << "uploads: " << uploads.value("connections", 0) << " connections; since the start "
              << uploads.value("put", std::uint64_t{0}) << " files with " << uploads.value("bytes", std::uint64_t{0})
              << " bytes were put, and " << uploads.value("got", std::uint64_t{0}) << " times one was got\n";
  }
  const json paused = answer.value("paused_ports", json::array());
  for (const json& port : answer.at("ports")) {
    const bool waits = std::ranges::find(paused, port) != paused.end();
    std::cout << "port " << port << (waits ? ", takes no more connections: out of descriptors or memory\n" : "\n");
  }
}

void print_sessions(const json& answer) {
  for (const json& each : answer.at("sessions")) {
    std::cout << each.value("jid", "") << "  " << each.value("peer", "") << "  "
              << (each.value("hibernated", false)  ? "hibernated"
                  : each.value("available", false) ? "available, priority " + std::to_string(each.value("priority", 0))
                                                   : "unavailable")
              << "\n";
  }
  std::cout << answer.value("total", 0) << " sessions\n";
}

base::Result<json> list_accounts(admin::CtlClient& client) {
  json all = json::array();
  json request{{"op", "account list"}};
  for (bool more = true; more;) {
    auto page = client.ask(request);
    if (!page) return page;
    more = page->value("more", false);
    for (json& each : page->at("accounts")) all.push_back(std::move(each));
    if (more) request["after"] = all.back().at("jid");
  }
  return json{{"accounts", std::move(all)}};
}

using Print = std::function<void(const json&)>;

int finish(const Options& options, const base::Result<json>& answer, const Print& print) {
  if (!answer) {
    if (options.as_json) std::cout << json{{"ok", false}, {"error", answer.error().what}}.dump() << "\n";
    std::cerr << "exedractl: " << answer.error().what << "\n";
    return kRefused;
  }
  if (options.as_json) {
    json shown = *answer;
    shown["ok"] = true;
    std::cout << shown.dump() << "\n";
  } else {
    print(*answer);
  }
  return answer->value("good", true) ? 0 : kRefused;  // what was to be found out is bad
}

base::Result<json> request_certificate(const Options& options, admin::CtlClient& client) {
  const auto listed = client.ask({{"op", "certs list"}});
  if (!listed) return listed;
  return admin::request_certificate(*listed, options.host, options.dns_only);
}

int run(const Options& options, json request, const Print& print) {
  auto client = admin::CtlClient::connect(options.data);
  if (!client) return finish(options, std::unexpected(client.error()), print);
  if (request.at("op") == kRequest) return finish(options, request_certificate(options, *client), print);
  if (request.at("op") == "account list") return finish(options, list_accounts(*client), print);
  if (request.at("op") == "account add" || request.at("op") == "account passwd") {
    const auto password = add_password(options, request);
    if (!password) return finish(options, std::unexpected(password.error()), print);
  }
  return finish(options, client->ask(request), print);
}

Print say(const std::string& text) {
  return [text](const json&) { std::cout << text << "\n"; };
}

Print say_account(const std::string& text) {
  return [text](const json& answer) {
    std::cout << text << " " << answer.value("jid", "") << "\n";
    if (answer.contains("password")) std::cout << "password: " << answer.value("password", "") << "\n";
  };
}

void print_accounts(const json& answer) {
  for (const json& each : answer.at("accounts")) {
    std::cout << each.value("jid", "") << (each.value("disabled", false) ? "  disabled" : "") << "\n";
  }
}

struct Chosen {
  std::string op;
  Print print;
};

void add_account_commands(CLI::App& app, Options& options, Chosen& chosen) {
  CLI::App* account = app.add_subcommand("account", "add, change and list accounts")->require_subcommand(1);
  struct Row {
    const char *name, *help, *said;
    bool password;
  };
  for (const Row& row : {Row{"add", "make an account", "added", true},
                         {"del", "remove it with all it keeps", "removed", false},
                         {"passwd", "set a new password and end its sessions", "changed", true},
                         {"enable", "let it log in again", "enabled", false},
                         {"disable", "end its sessions and let it log in no more", "disabled", false}}) {
    CLI::App* command = account->add_subcommand(row.name, row.help);
    command->add_option("jid", options.jid, "name@domain")->required();
    if (row.password) {
      command->add_flag("--password-stdin", options.password_stdin, "read the password from standard input");
      command->add_flag("--generate", options.generate, "let the server make a password and print it");
    }
    command->callback([&chosen, row] { chosen = {std::string("account ") + row.name, say_account(row.said)}; });
  }
  account->add_subcommand("list", "all accounts")->callback([&chosen] { chosen = {"account list", print_accounts}; });
}

void print_audit(const json& answer) {
  constexpr const char* kTime = "%Y-%m-%d %H:%M:%S";
  for (const json& each : answer.at("tokens")) {
    std::cout << when(each.value("time", std::int64_t{0}), kTime) << "  " << each.value("caller", "") << " ("
              << each.value("way", "") << ")  " << each.value("user", "") << "  " << json(each.value("name", "")).dump()
              << "  " << json(each.value("room", "")).dump() << " at " << each.value("subject", "")
              << (each.value("moderator", false) ? ", moderator" : "") << ", until "
              << when(each.value("expires", std::int64_t{0}), kTime) << "\n";
  }
}

void print_keys(const json& answer) {
  for (const json& each : answer.at("keys")) {
    const std::string id = each.value("id", "");
    std::cout << (id.empty() ? "(no id)" : id) << "  " << each.value("algorithm", "")
              << (each.value("signs", false)      ? "  signs"
                  : each.value("can_sign", false) ? "  verifies, can sign"
                                                  : "  verifies")
              << "\n";
  }
}

/// Into a new file that only its owner can read.
base::Result<void> write_secret(const std::string& path, std::string_view secret) {
  const net::Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.get() < 0 || write(file.get(), secret.data(), secret.size()) != static_cast<ssize_t>(secret.size()))
    return base::failure("writing " + path + ": " + std::strerror(errno));
  return {};
}

/// The XML to standard output, what there is to say of it to standard error. No server is asked.
int print_import(const Options& options) {
  const auto fail = [](const std::string& why) {
    std::cerr << "exedractl: " << why << "\n";
    return kRefused;
  };
  std::ifstream in(options.file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return fail("reading " + options.file + ": " + std::strerror(errno));
  const bool writes = !options.secret_file.empty();
  const std::string secret_file =
      writes ? std::filesystem::absolute(options.secret_file).string() : std::string("jitsi.secret");
  const auto imported = admin::import_chat_admin(text.str(), secret_file);
  if (!imported) return fail(options.file + ": " + imported.error().what);
  std::cout << imported->xml;
  for (const std::string& remark : imported->remarks) std::cerr << "note: " << remark << ".\n";
  if (imported->secret_is_short) return writes ? kRefused : 0;
  if (!writes) {
    std::cerr << "note: put the secret into jitsi.secret in the data folder, mode 0600; --secret FILE does it.\n";
    return 0;
  }
  const auto written = write_secret(secret_file, imported->secret.reveal());
  return written ? 0 : fail(written.error().what);
}

void add_token_commands(CLI::App& app, Options& options, Chosen& chosen) {
  CLI::App* tokens = app.add_subcommand("tokensvc", "the token service")->require_subcommand(1);
  CLI::App* audit = tokens->add_subcommand("audit", "the tokens that were handed out last");
  audit->add_option("--caller", options.caller, "only of this caller");
  audit->add_option("--last", options.last, "so many at most")->check(CLI::Range(1, 10'000))->capture_default_str();
  audit->callback([&chosen] { chosen = {"tokensvc audit", print_audit}; });
  tokens->add_subcommand("keys", "ids and algorithms of its keys")->callback([&chosen] {
    chosen = {"tokensvc keys", print_keys};
  });
  CLI::App* from = tokens->add_subcommand("import", "print the XML for a configuration of chat_admin_server");
  from->add_option("file", options.file, "its JSON")->required()->check(CLI::ExistingFile);
  from->add_option("--secret", options.secret_file, "write the secret into this new file")->type_name("FILE");
  from->callback([&chosen] { chosen = {kImport, {}}; });
}

void print_certificates(const json& answer) {
  for (const json& each : answer.at("certificates")) {
    std::cout << each.value("host", "") << ", until " << when(each.value("expires", std::int64_t{0})) << ", "
              << (each.value("self_signed", false) ? "signed by itself" : "issued by " + each.value("issuer", ""))
              << "\n  for";
    for (const json& name : each.at("names")) std::cout << " " << name.get<std::string>();
    std::cout << "\n  in " << each.value("certificate", "") << "\n";
  }
}

void add_certificate_commands(CLI::App& app, Options& options, Chosen& chosen) {
  CLI::App* certs = app.add_subcommand("certs", "the hosts' certificates")->require_subcommand(1);
  certs->add_subcommand("list", "names, issuer and expiry of each")->callback([&chosen] {
    chosen = {"certs list", print_certificates};
  });
  CLI::App* request = certs->add_subcommand("request", "write a new key, and a request to have it certified");
  request->add_option("host", options.host, "a host of this server")->required();
  request->add_flag("--dns-only", options.dns_only, "leave out the names that some authorities refuse");
  request->callback(
      [&chosen] { chosen = {kRequest, [](const json& answer) { std::cout << answer.value("text", ""); }}; });
}

void print_stream(const json& each) {
  const std::string remote = each.value("remote", ""), tls = each.value("tls", ""), issuer = each.value("issuer", "");
  const char* arrow = each.value("both_ways", false) ? " <-> " : each.value("direction", "") == "out" ? " -> " : " <- ";
  std::cout << each.value("local", "") << arrow << (remote.empty() ? "(nobody yet)" : remote) << "  "
            << (each.value("resumable", false) ? "lost, may be resumed" : each.value("peer", "")) << "  "
            << (tls.empty() ? "not encrypted" : tls + " " + each.value("cipher", "")) << "  ";
  const std::string proof = each.value("proof", "");
  std::cout << (proof.empty() ? "nothing proved yet" : "proved by " + proof) << "  " << each.value("age_seconds", 0)
            << " s\n";
  if (!issuer.empty())
    std::cout << "  certificate issued by " << issuer << ", until " << when(each.value("expires", std::int64_t{0}))
              << "\n";
  for (const json& pair : each.at("proved"))
    if (pair.at("local") != each.at("local") || pair.at("remote") != each.at("remote"))
      std::cout << "  also for " << pair.value("local", "") << arrow << pair.value("remote", "") << "\n";
}

void print_federation(const json& answer) {
  for (const json& each : answer.at("streams")) print_stream(each);
  for (const json& each : answer.at("queues")) {
    const std::string failure = each.value("failure", "");
    std::cout << "queue " << each.value("local", "") << " -> " << each.value("remote", "") << "  "
              << each.value("waiting", 0) << " waiting, " << each.value("unacknowledged", 0)
              << " sent and not acknowledged, " << each.value("bytes", 0) << " bytes"
              << (failure.empty() ? "" : "; last attempt: " + failure) << "\n";
  }
  std::cout << answer.at("streams").size() << " streams\n";
}

void print_check(const json& answer) {
  for (const json& step : answer.at("steps")) {
    std::cout << (step.value("good", false) ? "ok      " : "FAILED  ") << step.value("name", "") << ": "
              << step.value("text", "") << "\n";
  }
}

void add_federation_commands(CLI::App& app, Options& options, Chosen& chosen) {
  CLI::App* s2s = app.add_subcommand("s2s", "other servers")->require_subcommand(1);
  CLI::App* list = s2s->add_subcommand("list", "streams to and from them, and what waits");
  list->add_option("domain", options.domain, "only of this one");
  list->callback([&chosen] { chosen = {"s2s list", print_federation}; });
  CLI::App* kick = s2s->add_subcommand("kick", "end all streams of a domain; what they held is tried again");
  kick->add_option("domain", options.domain, "such as example.org")->required();
  kick->callback([&chosen] {
    chosen = {"s2s kick", [](const json& answer) { std::cout << answer.value("ended", 0) << " streams ended\n"; }};
  });
  CLI::App* unpin = s2s->add_subcommand("unpin", "forget the key that is pinned for a domain; its next one will be");
  unpin->add_option("domain", options.domain, "such as example.org")->required();
  unpin->callback([&chosen] { chosen = {"s2s unpin", say("forgotten")}; });
  CLI::App* check = s2s->add_subcommand("check", "go the way to another domain, and tell each step");
  check->add_option("domain", options.domain, "such as example.org")->required();
  check->callback([&chosen] { chosen = {"s2s check", print_check}; });
}

void add_commands(CLI::App& app, Options& options, Chosen& chosen) {
  app.add_option("-d,--data", options.data, "the server's data folder")->type_name("DIR")->capture_default_str();
  app.add_flag("--json", options.as_json, "print the answer as JSON");
  add_account_commands(app, options, chosen);
  add_token_commands(app, options, chosen);
  add_certificate_commands(app, options, chosen);
  add_federation_commands(app, options, chosen);
  CLI::App* sessions = app.add_subcommand("sessions", "who is connected");
  sessions->add_option("jid", options.jid, "only of this account");
  sessions->callback([&chosen] { chosen = {"sessions", print_sessions}; });
  CLI::App* kick = app.add_subcommand("kick", "end a session, or all sessions of an account");
  kick->add_option("jid", options.jid, "name@domain or name@domain/resource")->required();
  kick->add_option("--why", options.why, "what the client is told");
  kick->callback([&chosen] {
    chosen = {"kick", [](const json& answer) { std::cout << answer.value("ended", 0) << " sessions ended\n"; }};
  });
  app.add_subcommand("status", "what the server does")->callback([&chosen] { chosen = {"status", print_status}; });
  app.add_subcommand("reload", "read configuration and certificates again")->callback([&chosen] {
    chosen = {"reload", say("reloaded")};
  });
  app.add_subcommand("stop", "stop the server")->callback([&chosen] { chosen = {"stop", say("stopping")}; });
  CLI::App* backup = app.add_subcommand("backup", "copy the database while the server runs");
  backup->add_option("file", options.file, "replaced when the copy is complete")->required();
  backup->callback([&chosen] {
    chosen = {"backup", [](const json& answer) { std::cout << "written " << answer.value("file", "") << "\n"; }};
  });
}

}  // namespace

int main(int count, char** words) {
  Options options;
  Chosen chosen;
  CLI::App app("Administers an Exedra server", "exedractl");
  app.require_subcommand(1);
  app.fallthrough();
  add_commands(app, options, chosen);
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (chosen.op == kImport) return print_import(options);
  json request{{"op", chosen.op}};
  if (chosen.op == "tokensvc audit") request["last"] = options.last;
  if (!options.caller.empty()) request["caller"] = options.caller;
  if (!options.jid.empty()) request["jid"] = options.jid;
  if (!options.domain.empty()) request["domain"] = options.domain;
  if (!options.why.empty()) request["why"] = options.why;
  if (!options.file.empty()) request["file"] = std::filesystem::absolute(options.file).string();
  return run(options, std::move(request), chosen.print);
}
