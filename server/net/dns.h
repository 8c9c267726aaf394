// What federation asks the DNS: over libunbound in net/unbound_dns.h, on virtual time in tests/sim/sim_dns.h.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/function.h"

namespace net {

/// One place where a service is offered (RFC 2782).
struct Srv {
  std::uint16_t priority = 0, weight = 0, port = 0;
  std::string host;  ///< lower case, no final dot; empty for ".": the service is decidedly not offered
  bool operator==(const Srv&) const = default;
};

/// Which certificate a service shows (RFC 6698 section 2.1).
struct Tlsa {
  std::uint8_t usage = 0, selector = 0, matching = 0;
  std::string data;
  bool operator==(const Tlsa&) const = default;
};

/// Having no records is an answer, not a failure.
template <class Record>
struct DnsAnswer {
  std::vector<Record> records;
  bool secure = false;  ///< DNSSEC proves the records, or that there are none
  bool forced = false;  ///< the operator says so, not the DNS
};

struct DnsFailure {
  enum class Kind : std::uint8_t {
    late,        ///< no answer by the deadline
    failed,      ///< a server could not say, or we could not ask
    bogus,       ///< DNSSEC proves that the answer is false
    no_service,  ///< the domain says that it does not offer it
  };
  Kind kind = Kind::failed;
  std::string what;  ///< in one line, for the operator
};

template <class Record>
using DnsResult = std::expected<DnsAnswer<Record>, DnsFailure>;

/// One loop's. Names are in ASCII (A-labels).
class Dns {
 public:
  /// Once, in a later step and by a deadline of the Dns'; may destroy the call.
  template <class Record>
  using Done = base::Fn<void(DnsResult<Record>)>;

  /// A question that is not answered yet. Destroying it gives up without a call.
  class Call {
   public:
    virtual ~Call() = default;
  };

  virtual ~Dns() = default;

  /// Records of a name such as "_xmpp-server._tcp.example.org", in no order.
  [[nodiscard]] virtual std::unique_ptr<Call> srv(const std::string& name, Done<Srv> done) = 0;
  /// IPv6 and IPv4 addresses in numbers, in turns, IPv6 first (RFC 8305 section 4).
  [[nodiscard]] virtual std::unique_ptr<Call> addresses(const std::string& host, Done<std::string> done) = 0;
  /// Records of a name such as "_5269._tcp.xmpp.example.org".
  [[nodiscard]] virtual std::unique_ptr<Call> tlsa(const std::string& name, Done<Tlsa> done) = 0;
};

}  // namespace net
