#include "process.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/log.h"
#include "c2s/key_maker.h"
#include "entrance.h"
#include "resident.h"
#include "settings.h"
#include "store/memory.h"
#include "tokens_load.h"

namespace {

using nlohmann::json;

constexpr auto kDrain = std::chrono::seconds(5);
constexpr std::size_t kReaders = 2;
constexpr std::int64_t kTokensPages = 256L * 1024;  // of the database in memory, where it has nothing but the audit

/// The token service alone has one thread's work.
std::size_t shards_of(const Config& config) {
  if (config.shards != 0) return config.shards;
  return config.hosts.empty() ? 1 : std::max(1U, std::thread::hardware_concurrency());
}

/// That derive and check passwords.
std::size_t cpu_threads_of(const Config& config) {
  return config.hosts.empty() ? 1 : std::max(1U, std::thread::hardware_concurrency());
}

std::size_t readers_of(const Config& config) { return config.hosts.empty() ? 1 : kReaders; }

/// The descriptors change hands: nothing of joined connections is read here.
proxy65::Carry carry_on(base::Loop& loop) {
  auto& home = dynamic_cast<net::AsioLoop&>(loop);
  return [&home](std::unique_ptr<net::Transport> first, std::unique_ptr<net::Transport> second,
                 const net::RelayLimits& limits, net::Relay::Done done) -> std::shared_ptr<void> {
    net::Fd one = net::TcpTransport::take_socket(std::move(first));
    net::Fd other = net::TcpTransport::take_socket(std::move(second));
    if (one.get() < 0 || other.get() < 0) return nullptr;
    auto relay = net::Relay::start(home, std::move(one), std::move(other), limits, std::move(done));
    if (relay) return std::shared_ptr<net::Relay>(std::move(*relay));
    base::log::warning("proxy65_not_joined", {{"why", relay.error().what}});
    return nullptr;
  };
}

}  // namespace

Process::Process(ProcessOptions options, DataFolder data, Config config)
    : options_(std::move(options)),
      data_(std::move(data)),
      config_(std::move(config)),
      writing_(1),
      reading_(readers_of(config_)),
      moving_(1, net::Priority::background),
      cpu_(cpu_threads_of(config_)) {
  for (std::size_t i = 0; i < shards_of(config_); ++i) loops_.push_back(std::make_unique<net::AsioLoop>());
  started_ = home().now();
}

Process::~Process() = default;

router::SettingsRef Process::settings() const { return make_settings(config_, options_.descriptors); }

base::Result<std::unique_ptr<Process>> Process::start(ProcessOptions options, DataFolder data, Config config) {
  std::unique_ptr<Process> process(new Process(std::move(options), std::move(data), std::move(config)));
  const auto opened = process->open();
  if (!opened) return std::unexpected(opened.error());
  return process;
}

base::Result<void> Process::open() {
  for (const auto step :
       {&Process::open_certificates, &Process::open_store, &Process::open_listeners, &Process::open_federation,
        &Process::open_tokens, &Process::open_proxy65, &Process::open_uploads, &Process::open_control}) {
    const auto done = (this->*step)();
    if (!done) return done;
  }
  server_->use(certificates_);
  server_->federate(federation_certificates_);
  home().on_signal({SIGTERM, SIGINT, SIGHUP}, [this](int number) { on_signal(number); });
  watch_certificates();
  watch_expiry();
  return {};
}

base::Result<void> Process::open_certificates() {
  auto certificates = load_certificates(config_, data_, home().wall());
  if (!certificates) return std::unexpected(certificates.error());
  certificates_ = std::move(*certificates);
  auto token_certificates = load_token_certificates(config_, data_, home().wall());
  if (!token_certificates) return std::unexpected(token_certificates.error());
  token_certificates_ = std::move(*token_certificates);
  auto upload_certificates = load_upload_certificates(config_, data_, home().wall());
  if (!upload_certificates) return std::unexpected(upload_certificates.error());
  upload_certificates_ = std::move(*upload_certificates);
  return {};
}

base::Result<void> Process::open_store() {
  tokensvc::SettingsRef tokens;
  if (config_.tokens) {
    auto loaded = load_tokens(*config_.tokens, data_.path());
    if (!loaded) return std::unexpected(loaded.error());
    tokens = std::move(*loaded);
  }
  const auto secret = data_.secret(base::system_random());
  if (!secret) return std::unexpected(secret.error());
  if (config_.hosts.empty()) store::bound_memory(kTokensPages);
  store::Options options;
  options.survive_power_cut = config_.durability == Durability::power;
  auto store = store::Store::open(data_.database(), options, writing_, reading_, &moving_);
  if (!store) return std::unexpected(store.error());
  store_ = std::move(*store);
  stream::FakeAccounts fake;
  fake.secret = *secret;
  keys_ = std::make_unique<c2s::ScramKeyMaker>(cpu_, base::system_random(), fake.iterations);
  std::vector<base::Loop*> loops;
  loops.reserve(loops_.size());
  for (const auto& loop : loops_) loops.push_back(loop.get());
  if (config_.federation) {
    auto federation = Federation::open(*config_.federation, data_.path(), *secret, loops_, cpu_);
    if (!federation) return std::unexpected(federation.error());
    federation_ = std::move(*federation);
  }
  if (config_.upload) {
    auto terms = load_upload(*config_.upload, data_.path());
    if (!terms) return std::unexpected(terms.error());
    upload_terms_ = std::move(*terms);
    auto uploads = Uploads::open(*config_.upload, upload_terms_, data_.uploads(), *secret);
    if (!uploads) return std::unexpected(uploads.error());
    uploads_ = std::move(*uploads);
  }
  const Seams seams{*store_,
                    *keys_,
                    cpu_,
                    base::system_random(),
                    fake,
                    tokens,
                    federation_ ? &federation_->seams() : nullptr,
                    config_.proxy65 ? config_.proxy65->settings : nullptr,
                    carry_on,
                    uploads_ ? &uploads_->seams() : nullptr};
  server_ = std::make_unique<Server>(std::move(loops), seams, settings());
  if (federation_) federation_admin_ = std::make_unique<FederationAdmin>(*server_, *federation_);
  return {};
}

base::Result<void> Process::open_listeners() {
  for (const ClientListener& entrance : config_.client_listeners) {
    const auto opened = open_listener(entrance);
    if (!opened) return opened;
  }
  return {};
}

base::Result<std::unique_ptr<net::Listener>> Process::listen(
    const std::string& address, std::uint16_t wanted,
    std::function<void(Shard&, std::unique_ptr<net::Transport>)> taken) {
  const auto port = shifted_port(wanted, options_.port_offset);
  if (!port) return std::unexpected(port.error());
  return net::Listener::open(
      home(), address, *port, [this]() -> net::AsioLoop& { return *loops_[next_shard_++ % loops_.size()]; },
      [this, taken = std::move(taken)](net::AsioLoop& loop, std::unique_ptr<net::Transport> transport) {
        for (std::size_t i = 0; i < loops_.size(); ++i)
          if (loops_[i].get() == &loop) return taken(server_->shard(i), std::move(transport));
      },
      tcp_limits(config_.limits));
}

base::Result<void> Process::open_listener(const ClientListener& entrance) {
  const c2s::Entrance kind{entrance.direct_tls, entrance.plaintext_login};
  auto opened =
      listen(entrance.address, entrance.port, [kind](Shard& shard, std::unique_ptr<net::Transport> transport) {
        shard.clients().accept(std::move(transport), kind);
      });
  if (!opened) return std::unexpected(opened.error());
  base::log::info("listening", {{"address", entrance.address},
                                {"port", (*opened)->port()},
                                {"tls", entrance.direct_tls ? "direct" : "starttls"}});
  listeners_.push_back(std::move(*opened));
  return {};
}

base::Result<void> Process::open_federation() {
  if (!federation_) return {};
  auto certificates = load_federation_certificates(config_, data_, home().wall(), federation_->authorities());
  if (!certificates) return std::unexpected(certificates.error());
  federation_certificates_ = std::move(*certificates);
  for (const ServerListener& entrance : config_.federation->listeners) {
    auto opened = listen(entrance.address, entrance.port,
                         [direct = entrance.direct_tls](Shard& shard, std::unique_ptr<net::Transport> transport) {
                           shard.federation()->accept(std::move(transport), direct);
                         });
    if (!opened) return std::unexpected(opened.error());
    base::log::info("listening_for_servers", {{"address", entrance.address},
                                              {"port", (*opened)->port()},
                                              {"tls", entrance.direct_tls ? "direct" : "starttls"}});
    server_listeners_.push_back(std::move(*opened));
  }
  return {};
}

base::Result<void> Process::open_tokens() {
  tokensvc::Office* office = server_->shard(0).office();
  if (office == nullptr) return {};
  auto tokens =
      Tokens::open({home(), *office, *store_, tcp_limits(config_.limits), options_.port_offset}, token_certificates_);
  if (!tokens) return std::unexpected(tokens.error());
  tokens_ = std::move(*tokens);
  return {};
}

base::Result<void> Process::open_proxy65() {
  if (!config_.proxy65) return {};
  Shard& shard = server_->owner(config_.proxy65->settings->domain);
  net::AsioLoop& loop = *loops_[shard.router().shard()];
  for (const ProxyListener& entrance : config_.proxy65->listeners) {
    const auto port = shifted_port(entrance.port, options_.port_offset);
    if (!port) return std::unexpected(port.error());
    auto opened = net::Listener::open(
        home(), entrance.address, *port, [&loop]() -> net::AsioLoop& { return loop; },
        [&shard](net::AsioLoop&, std::unique_ptr<net::Transport> transport) {
          shard.proxy65()->streamhost().accept(std::move(transport));
        });
    if (!opened) return std::unexpected(opened.error());
    base::log::info("listening_for_files", {{"address", entrance.address}, {"port", (*opened)->port()}});
    proxy_listeners_.push_back(std::move(*opened));
  }
  server_->use(served(*config_.proxy65, proxy_ports()));
  return {};
}

base::Result<void> Process::open_uploads() {
  if (!uploads_) return {};
  Shard& shard = server_->owner(upload_terms_.domain);
  auto opened = uploads_->listen(
      {home(), shard, *loops_[shard.router().shard()], tcp_limits(config_.limits), options_.port_offset},
      upload_certificates_);
  if (opened) server_->use(served(upload_terms_, uploads_->ports()));
  return opened;
}

std::vector<std::uint16_t> Process::proxy_ports() const {
  std::vector<std::uint16_t> ports;
  ports.reserve(proxy_listeners_.size());
  for (const auto& listener : proxy_listeners_) ports.push_back(listener->port());
  return ports;
}

base::Result<void> Process::open_control() {
  auto control = admin::Control::open(home(), data_.control_socket(),
                                      {server_->shard(0).router(), *store_, base::system_random(), *this});
  if (!control) return std::unexpected(control.error());
  control_ = std::move(*control);
  return {};
}

std::string Process::greeting() const {
  std::string text = "exedra " EXEDRA_VERSION " serves";
  for (const HostConfig& host : config_.hosts) text += " " + std::string(host.domain.str());
  if (config_.hosts.empty()) text += " tokens";
  text += ", data in " + data_.path() + "\n";
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    const ClientListener& entrance = config_.client_listeners[i];
    text += "  clients: " + place(entrance.address, listeners_[i]->port()) +
            (entrance.direct_tls ? " (TLS)\n" : " (STARTTLS)\n");
  }
  for (std::size_t i = 0; i < server_listeners_.size(); ++i) {
    const ServerListener& entrance = config_.federation->listeners[i];
    text += "  servers: " + place(entrance.address, server_listeners_[i]->port()) +
            (entrance.direct_tls ? " (TLS)\n" : " (STARTTLS)\n");
  }
  for (std::size_t i = 0; i < proxy_listeners_.size(); ++i)
    text += "  files: " + place(config_.proxy65->listeners[i].address, proxy_listeners_[i]->port()) + " (SOCKS5)\n";
  if (uploads_) text += uploads_->greeting();
  if (tokens_) text += tokens_->greeting();
  if (config_.hosts.empty()) return text;
  std::error_code ignored;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  text += "  add an account: " + (here / "exedractl").string() + " --data " + data_.path() + " account add NAME@" +
          std::string(config_.hosts.front().domain.str()) + "\n";
  return text;
}

void Process::run() {
  // Four of the fifteen megabytes of a server that has the token service alone were code that ran once.
  if (config_.hosts.empty()) let_go_of_the_start();
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < loops_.size(); ++i) threads.emplace_back([loop = loops_[i].get()] { loop->run(); });
  home().run();
  control_.reset();  // only now: the answer to "stop" left at the end of the last turn
  for (std::size_t i = 1; i < loops_.size(); ++i) loops_[i]->stop();
  threads.clear();
  settle();
}

void Process::settle() {
  constexpr auto longest = std::chrono::seconds(10);  // a disk that hangs must not keep the process
  std::vector executors{&cpu_, &reading_, &writing_, &moving_};
  if (uploads_)
    for (CountedExecutor* each : uploads_->executors()) executors.push_back(each);
  if (!::settle(executors, loops_, longest)) base::log::error("stopped_before_all_was_written");
}

void Process::on_signal(int number) {
  if (number != SIGHUP) return stop();
  reload([](const base::Result<json>&) {});  // the log has told
}

void Process::stop() {
  if (std::exchange(stopping_, true)) return;
  base::log::info("stopping");
  listeners_.clear();
  server_listeners_.clear();
  proxy_listeners_.clear();
  drain_ = base::Timer(home(), kDrain, [this] {
    base::log::warning("stopped before all clients were gone");
    end();
  });
  server_->stop([this] {
    const auto stop_uploads = [this] {
      if (!uploads_) return end();
      uploads_->stop([this] { end(); });
    };
    if (!tokens_) return stop_uploads();
    tokens_->stop(stop_uploads);
  });
}

void Process::end() {
  watch_.cancel();
  expiry_watch_.cancel();
  drain_.cancel();
  base::log::info("stopped");
  home().stop();
}

namespace {

/// What components are made for, once.
struct Domains {
  std::set<xmpp::Jid> hosts, rooms;
  std::optional<xmpp::Jid> proxy, uploads;
  bool operator==(const Domains&) const = default;
};

Domains domains(const Config& config) {
  Domains all;
  for (const HostConfig& host : config.hosts) all.hosts.insert(host.domain);
  for (const router::RoomService& service : config.rooms) all.rooms.insert(service.domain);
  if (config.proxy65) all.proxy = config.proxy65->settings->domain;
  if (config.upload) all.uploads = config.upload->terms.domain;
  return all;
}

/// Entrances stay as they were at start, so one must not need what there was none of.
bool same_entrances(const Config& a, const Config& b) {
  return a.federation.has_value() == b.federation.has_value() && a.tokens.has_value() == b.tokens.has_value() &&
         (!a.tokens || a.tokens->has_tls() == b.tokens->has_tls()) &&
         (!a.upload || (a.upload->has_tls() == b.upload->has_tls() &&
                        a.upload->terms.external.has_value() == b.upload->terms.external.has_value()));
}

}  // namespace

/// What a reload reads from disk, away from the shards.
struct Process::Read {
  Config config;
  CertificatesRef certificates, token_certificates, federation_certificates, upload_certificates;
  s2s::PolicyRef policy;
  tokensvc::SettingsRef tokens;
  web::Terms upload_terms;
};

/// Fails before anything is changed or made.
base::Result<Process::Read> Process::read_again(const std::string& file, const DataFolder& data, const Config& served,
                                                base::WallTime now) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  auto config = parse_config(*text, file);
  if (!config) return std::unexpected(config.error());
  if (domains(*config) != domains(served)) {
    return base::failure(
        "hosts, room services, the proxy and uploads are added and removed by a restart only; the old configuration "
        "stays");
  }
  if (!same_entrances(*config, served)) {
    return base::failure(
        "<federation>, <tokens>, TLS on entrances and <external> come and go by a restart only; the old configuration "
        "stays");
  }
  Read read;
  if (config->tokens) {
    auto tokens = load_tokens(*config->tokens, data.path());
    if (!tokens) return std::unexpected(tokens.error());
    read.tokens = std::move(*tokens);
  }
  if (config->upload) {
    auto terms = load_upload(*config->upload, data.path());
    if (!terms) return std::unexpected(terms.error());
    read.upload_terms = std::move(*terms);
  }
  auto certificates = load_certificates(*config, data, now);
  if (!certificates) return std::unexpected(certificates.error());
  auto token_certificates = load_token_certificates(*config, data, now);
  if (!token_certificates) return std::unexpected(token_certificates.error());
  auto upload_certificates = load_upload_certificates(*config, data, now);
  if (!upload_certificates) return std::unexpected(upload_certificates.error());
  read.upload_certificates = std::move(*upload_certificates);
  read.certificates = std::move(*certificates);
  read.token_certificates = std::move(*token_certificates);
  if (config->federation) {
    auto policy = load_federation(*config->federation, data.path());
    if (!policy) return std::unexpected(policy.error());
    auto authorities = certs::Authorities::system();
    if (!authorities) return std::unexpected(authorities.error());
    auto federation_certificates = load_federation_certificates(*config, data, now, std::move(*authorities));
    if (!federation_certificates) return std::unexpected(federation_certificates.error());
    read.policy = std::move(*policy);
    read.federation_certificates = std::move(*federation_certificates);
  }
  read.config = std::move(*config);
  return read;
}

void Process::reload(admin::Done done) {
  if (std::exchange(reloading_, true)) return done(base::failure("a reload is under way already"));
  cpu_.submit([this, served = config_, done = std::move(done)]() mutable {
    auto read = std::make_unique<base::Result<Read>>(read_again(options_.config_file, data_, served, home().wall()));
    home().post([this, read = std::move(read), done = std::move(done)]() mutable {
      reloading_ = false;
      if (stopping_) return done(base::failure("the server is stopping"));
      if (!*read) {
        base::log::error("reload_refused", {{"why", read->error().what}});
        return done(std::unexpected(read->error()));
      }
      apply(std::move(**read));
      done(json::object());
    });
  });
}

/// Listeners, shards and durability stay as they were at start.
void Process::apply(Read read) {
  config_ = std::move(read.config);
  certificates_ = std::move(read.certificates);
  token_certificates_ = std::move(read.token_certificates);
  try {  // opened again even if it is the same, because somebody may have moved the file
    base::log::configure(config_.log_level, config_.log_file.empty() ? "" : data_.file(config_.log_file));
  } catch (const std::exception& error) {
    base::log::error("log_not_opened", {{"file", config_.log_file}, {"why", error.what()}});
  }
  server_->use(settings());
  server_->use(certificates_);
  if (federation_) {
    federation_certificates_ = std::move(read.federation_certificates);
    server_->federate(read.policy);
    server_->federate(federation_certificates_);
  }
  if (config_.proxy65) server_->use(served(*config_.proxy65, proxy_ports()));
  if (uploads_) {
    upload_terms_ = std::move(read.upload_terms);
    upload_certificates_ = std::move(read.upload_certificates);
    uploads_->use(upload_certificates_);
    server_->use(served(upload_terms_, uploads_->ports()));
  }
  if (tokens_) {
    tokens_->use(token_certificates_);
    server_->use(read.tokens);
    home().post([this] { tokens_->reconsider(); });  // behind the office's turn on this loop
  }
  base::log::info("reloaded", {{"config", options_.config_file}});
}

void Process::watch_certificates() {
  watch_ = base::Timer(home(), options_.certificate_watch, [this] {
    watch_certificates();
    look_at_certificates();
  });
}

/// Once a day; start and reload have told already.
void Process::watch_expiry() {
  expiry_watch_ = base::Timer(home(), std::chrono::days(1), [this] {
    watch_expiry();
    const base::WallTime now = home().wall();
    if (certificates_) warn_of_expiry(*certificates_, certificate_hosts(config_, data_), now);
    if (token_certificates_ && !config_.tokens->certificate.empty())
      warn_of_expiry(*token_certificates_, token_certificate_hosts(config_, data_), now);
    if (upload_certificates_) warn_of_expiry(*upload_certificates_, upload_certificate_hosts(config_, data_), now);
  });
}

void Process::look_at_certificates() {
  const auto look = [this](const CertificatesRef& current, std::vector<certs::Host> hosts, auto use) {
    if (!current) return;
    cpu_.submit([this, current, hosts = std::move(hosts), use] {
      auto next = reload_changed(current, hosts, home().wall());
      if (next) home().post([use, current, next = std::move(next)] { use(current, next); });
    });
  };
  // What differs from `before` by now came by a reload.
  look(certificates_, certificate_hosts(config_, data_), [this](const auto& before, const auto& next) {
    if (certificates_ == before) server_->use(certificates_ = next);
  });
  if (federation_)
    look(federation_certificates_, federation_certificate_hosts(config_, data_),
         [this](const auto& before, const auto& next) {
           if (federation_certificates_ == before) server_->federate(federation_certificates_ = next);
         });
  look(token_certificates_, token_certificate_hosts(config_, data_), [this](const auto& before, const auto& next) {
    if (token_certificates_ == before) tokens_->use(token_certificates_ = next);
  });
  look(upload_certificates_, upload_certificate_hosts(config_, data_), [this](const auto& before, const auto& next) {
    if (upload_certificates_ == before) uploads_->use(upload_certificates_ = next);
  });
}
