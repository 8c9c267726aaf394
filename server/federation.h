// What a process with <federation> has besides: the resolver, dialers, and whose certificates are believed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "certs/authorities.h"
#include "config.h"
#include "net/asio_loop.h"
#include "net/resolver.h"
#include "net/tcp_dialer.h"
#include "net/unbound.h"
#include "net/unbound_dns.h"
#include "shard.h"

/// Outlives the server; its loops outlive it.
class Federation {
 public:
  /// `secret` stays within this server; `folder` is where relative file names begin. Blocks on disk.
  static base::Result<std::unique_ptr<Federation>> open(const FederationConfig& config, const std::string& folder,
                                                        const std::string& secret,
                                                        const std::vector<std::unique_ptr<net::AsioLoop>>& loops,
                                                        base::Executor& threads);

  const FederationSeams& seams() const { return seams_; }
  const base::Ref<const certs::Authorities>& authorities() const { return authorities_; }

 private:
  Federation(net::AsioLoop& home, net::DnsOptions options, const std::string& secret, base::Executor& threads);

  base::Ref<const certs::Authorities> authorities_;
  net::Unbound unbound_;
  net::SystemResolver resolver_;
  s2s::DialbackKeys keys_;
  std::vector<std::unique_ptr<net::UnboundDns>> dns_;
  std::vector<std::unique_ptr<net::TcpDialer>> dialers_;
  FederationSeams seams_;
};
