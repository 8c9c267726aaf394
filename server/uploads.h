// What uploads need of the process: threads for the disk, what they listen on, their certificate.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "certificates.h"
#include "net/listener.h"
#include "net/tcp_transport.h"
#include "settle.h"
#include "shard.h"
#include "upload_config.h"

/// The home loop's thread, or before it runs; destroyed when no loop runs any more, and before them.
class Uploads {
 public:
  /// Files lie in `folder`, slots are signed with `secret`.
  static base::Result<std::unique_ptr<Uploads>> open(const UploadConfig& config, web::Terms terms,
                                                     const std::string& folder, std::string secret);

  const UploadSeams& seams() const { return seams_; }
  /// Threads that have to be done before a process ends.
  std::array<CountedExecutor*, 2> executors() { return {&bytes_, &names_}; }

  struct Home {
    net::AsioLoop& loop;
    Shard& shard;  ///< that has the address
    net::AsioLoop& shard_loop;
    net::TcpLimits limits;
    std::uint16_t port_offset = 0;
  };
  /// Opens every entrance, and has files go when their time is over.
  base::Result<void> listen(const Home& home, const CertificatesRef& certificates);
  std::vector<std::uint16_t> ports() const;
  void use(const CertificatesRef& certificates);

  /// A line for each entrance.
  std::string greeting() const;
  /// Takes no more; `done` on the home loop once all that was asked has its answer.
  void stop(base::Fn<void()> done);

 private:
  Uploads(const UploadConfig& config, web::FileStore files, web::SettingsRef settings, std::string secret);
  base::Result<std::unique_ptr<net::Listener>> open_listener(const UploadListener& entrance) const;
  void on_shard(base::Fn<void()> job) const { shard_loop_->post(std::move(job)); }

  const std::vector<UploadListener> entrances_;
  CountedExecutor bytes_{2}, names_{1};
  UploadSeams seams_;
  net::AsioLoop* loop_ = nullptr;
  net::AsioLoop* shard_loop_ = nullptr;
  Shard* shard_ = nullptr;
  net::TcpLimits limits_;
  std::uint16_t port_offset_ = 0;
  std::vector<std::unique_ptr<net::Listener>> listeners_;  ///< in the order of the configuration
};
