// The running server: threads, sockets and files around a Server. main() makes one, runs it, and it is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "admin/control.h"
#include "certificates.h"
#include "config.h"
#include "data_folder.h"
#include "federation.h"
#include "federation_admin.h"
#include "net/asio_loop.h"
#include "net/listener.h"
#include "server.h"
#include "settle.h"
#include "tokens.h"
#include "uploads.h"

struct ProcessOptions {
  std::string config_file;
  std::uint16_t port_offset = 0;  ///< added to every port, so that several servers run on one machine
  base::Duration certificate_watch = std::chrono::seconds(60);  ///< between two looks at the certificates' files
  std::uint64_t descriptors = std::numeric_limits<std::uint64_t>::max();  ///< that this process may open
};

/// Its methods are for the thread that calls run(), whose loop is the first shard's.
class Process final : public admin::Process {
 public:
  /// Opens everything; an error says what is in the way.
  static base::Result<std::unique_ptr<Process>> start(ProcessOptions options, DataFolder data, Config config);
  ~Process() override;

  /// For the operator's terminal.
  std::string greeting() const;
  /// Until SIGTERM, SIGINT or stop(). Returns when the clients are gone or kDrain has passed.
  void run();

  void status(admin::Done done) override;
  void reload(admin::Done done) override;
  void stop() override;
  void token_keys(admin::Done done) override;
  void certificates(admin::Done done) override;
  void federation(const std::string& domain, admin::Done done) override;
  void kick_domain(const std::string& domain, admin::Done done) override;
  void unpin_domain(const std::string& domain, admin::Done done) override;
  void check_domain(const std::string& domain, admin::Done done) override;

 private:
  Process(ProcessOptions options, DataFolder data, Config config);
  router::SettingsRef settings() const;
  base::Result<void> open();
  base::Result<void> open_certificates();
  base::Result<void> open_store();
  base::Result<void> open_listeners();
  base::Result<void> open_listener(const ClientListener& entrance);
  base::Result<void> open_federation();
  base::Result<std::unique_ptr<net::Listener>> listen(
      const std::string& address, std::uint16_t port,
      std::function<void(Shard&, std::unique_ptr<net::Transport>)> taken);
  base::Result<void> open_tokens();
  base::Result<void> open_proxy65();
  base::Result<void> open_uploads();
  std::vector<std::uint16_t> proxy_ports() const;
  base::Result<void> open_control();
  struct Read;
  static base::Result<Read> read_again(const std::string& file, const DataFolder& data, const Config& served,
                                       base::WallTime now);
  void apply(Read read);
  void look_at_certificates();
  void watch_certificates();
  void watch_expiry();
  void on_signal(int number);
  void settle();
  void end();
  net::AsioLoop& home() { return *loops_.front(); }

  ProcessOptions options_;
  DataFolder data_;
  Config config_;
  base::MonoTime started_;
  // The order matters: what stands below uses what stands above until it is destroyed.
  std::vector<std::unique_ptr<net::AsioLoop>> loops_;
  CountedExecutor writing_, reading_, moving_, cpu_;
  std::unique_ptr<store::KeyMaker> keys_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Federation> federation_;  ///< null: other servers are not there
  std::unique_ptr<Uploads> uploads_;        ///< null without uploads
  std::unique_ptr<Server> server_;
  std::unique_ptr<FederationAdmin> federation_admin_;  ///< null with federation_
  CertificatesRef certificates_;                       ///< empty without hosts
  CertificatesRef token_certificates_;                 ///< empty where no entrance of the token service has TLS
  CertificatesRef federation_certificates_;            ///< empty without federation
  CertificatesRef upload_certificates_;                ///< empty where no entrance for uploads has TLS
  web::Terms upload_terms_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::vector<std::unique_ptr<net::Listener>> server_listeners_;  ///< in the order of the configuration
  std::vector<std::unique_ptr<net::Listener>> proxy_listeners_;   ///< likewise
  std::unique_ptr<Tokens> tokens_;                                ///< null without a token service
  std::unique_ptr<admin::Control> control_;
  base::Timer watch_, expiry_watch_, drain_;
  std::size_t next_shard_ = 0;  ///< round robin of accepted connections
  bool reloading_ = false, stopping_ = false;
};
