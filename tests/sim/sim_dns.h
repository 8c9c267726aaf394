// The DNS of a simulated world: what each name has, how long its servers take, and what goes wrong.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/dns.h"
#include "sim/sim_loop.h"

namespace sim {

/// One loop's.
class SimDns final : public net::Dns {
 public:
  explicit SimDns(SimLoop& loop) : loop_(loop) {}

  /// One record more.
  void add(const std::string& name, net::Srv record) { srv_[name].push_back(std::move(record)); }
  void add(const std::string& name, net::Tlsa record) { tlsa_[name].push_back(std::move(record)); }
  void add(const std::string& host, const std::string& address) { addresses_[host].push_back(address); }
  /// A domain as most are: a STARTTLS record to a host, and the host's address.
  void add_server(const std::string& domain, const std::string& host, const std::string& address,
                  std::uint16_t port = 5269);
  /// Forgets all records of this name.
  void remove(const std::string& name);
  /// Questions about this name fail so from now on; nothing: they don't any more.
  void fail(const std::string& name, std::optional<net::DnsFailure::Kind> how);
  /// Questions about this name take so long.
  void delay(const std::string& name, base::Duration time) { delays_[name] = time; }

  base::Duration latency{0};                           ///< of a name without a delay of its own
  base::Duration deadline = std::chrono::seconds(10);  ///< what takes longer is late
  bool silent = false;                                 ///< nothing is answered by the deadline
  bool secure = false;                                 ///< DNSSEC proves every answer
  std::size_t questions = 0;                           ///< so far

  [[nodiscard]] std::unique_ptr<Call> srv(const std::string& name, Done<net::Srv> done) override;
  [[nodiscard]] std::unique_ptr<Call> addresses(const std::string& host, Done<std::string> done) override;
  [[nodiscard]] std::unique_ptr<Call> tlsa(const std::string& name, Done<net::Tlsa> done) override;

 private:
  template <class Record>
  class Answering;
  template <class Record>
  using Records = std::map<std::string, std::vector<Record>>;
  template <class Record>
  std::unique_ptr<Call> ask(const Records<Record>& records, const std::string& name, Done<Record> done);
  base::Duration time_for(const std::string& name) const;
  template <class Record>
  net::DnsResult<Record> answer(const Records<Record>& records, const std::string& name) const;

  SimLoop& loop_;
  Records<net::Srv> srv_;
  Records<net::Tlsa> tlsa_;
  Records<std::string> addresses_;
  std::map<std::string, net::DnsFailure::Kind> failures_;
  std::map<std::string, base::Duration> delays_;
};

}  // namespace sim
