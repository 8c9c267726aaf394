#include "sim/sim_dns.h"

namespace sim {

/// What is known is looked up when the time is over, so that records may change meanwhile.
template <class Record>
class SimDns::Answering final : public Call {
 public:
  Answering(SimDns& dns, const Records<Record>& records, std::string name, Done<Record> done)
      : dns_(dns), records_(records), name_(std::move(name)), done_(std::move(done)) {
    const base::Duration time = dns.time_for(name_);
    const bool late = dns.silent || time > dns.deadline;
    timer_ = base::Timer(dns.loop_, late ? dns.deadline : time, [this, late] { end(late); });
  }

 private:
  void end(bool late) {
    Done<Record> done = std::move(done_);  // may destroy us
    if (late) {
      return done(
          std::unexpected(net::DnsFailure{net::DnsFailure::Kind::late, "finding " + name_ + ": no answer in time"}));
    }
    done(dns_.answer(records_, name_));
  }

  SimDns& dns_;
  const Records<Record>& records_;
  std::string name_;
  Done<Record> done_;
  base::Timer timer_;
};

void SimDns::add_server(const std::string& domain, const std::string& host, const std::string& address,
                        std::uint16_t port) {
  add("_xmpp-server._tcp." + domain, net::Srv{0, 0, port, host});
  add(host, address);
}

void SimDns::remove(const std::string& name) {
  srv_.erase(name);
  tlsa_.erase(name);
  addresses_.erase(name);
}

void SimDns::fail(const std::string& name, std::optional<net::DnsFailure::Kind> how) {
  if (how) {
    failures_[name] = *how;
  } else {
    failures_.erase(name);
  }
}

base::Duration SimDns::time_for(const std::string& name) const {
  const auto found = delays_.find(name);
  return found != delays_.end() ? found->second : latency;
}

template <class Record>
net::DnsResult<Record> SimDns::answer(const Records<Record>& records, const std::string& name) const {
  if (const auto failure = failures_.find(name); failure != failures_.end())
    return std::unexpected(net::DnsFailure{failure->second, "finding " + name + ": as the test wishes"});
  const auto found = records.find(name);
  return net::DnsAnswer<Record>{found != records.end() ? found->second : std::vector<Record>(), secure};
}

template <class Record>
std::unique_ptr<net::Dns::Call> SimDns::ask(const Records<Record>& records, const std::string& name,
                                            Done<Record> done) {
  ++questions;
  return std::make_unique<Answering<Record>>(*this, records, name, std::move(done));
}

std::unique_ptr<net::Dns::Call> SimDns::srv(const std::string& name, Done<net::Srv> done) {
  return ask(srv_, name, std::move(done));
}
std::unique_ptr<net::Dns::Call> SimDns::addresses(const std::string& host, Done<std::string> done) {
  return ask(addresses_, host, std::move(done));
}
std::unique_ptr<net::Dns::Call> SimDns::tlsa(const std::string& name, Done<net::Tlsa> done) {
  return ask(tlsa_, name, std::move(done));
}

}  // namespace sim
