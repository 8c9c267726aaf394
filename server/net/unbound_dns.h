// One loop's questions to the process's resolver, each with a deadline.
#pragma once

#include "net/dns.h"
#include "net/unbound.h"

namespace net {

class UnboundDns final : public Dns {
 public:
  /// Both outlive it and its calls.
  UnboundDns(base::Loop& loop, Unbound& resolver) : loop_(loop), resolver_(resolver) {}

  [[nodiscard]] std::unique_ptr<Call> srv(const std::string& name, Done<Srv> done) override;
  [[nodiscard]] std::unique_ptr<Call> addresses(const std::string& host, Done<std::string> done) override;
  [[nodiscard]] std::unique_ptr<Call> tlsa(const std::string& name, Done<Tlsa> done) override;

 private:
  base::Loop& loop_;
  Unbound& resolver_;
};

}  // namespace net
