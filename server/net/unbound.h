// The process's one resolver: libunbound with its cache and its own thread, which begins at the first question. It
// follows aliases, asks other servers, honours times to live and judges signatures (DNSSEC).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.h"

namespace net {

class AsioLoop;

struct DnsOptions {
  struct Server {
    std::string address;  ///< in numbers
    std::uint16_t port = 53;
  };
  std::vector<Server> servers;  ///< to ask; none: those of /etc/resolv.conf
  /// File of root keys, such as /usr/share/dns/root.key. Empty: nothing is `secure` and nothing is bogus.
  std::string trust_anchors;
  /// Hosts (lower case) whose addresses are these, whatever the DNS says.
  std::map<std::string, std::vector<std::string>> hosts;
  base::Duration deadline = std::chrono::seconds(10);  ///< of one call
  /// How long one family of addresses waits for the other. RFC 8305 section 3 has 50 ms; who dials afterwards has more.
  base::Duration other_family = std::chrono::milliseconds(250);
  std::size_t most_questions = 1000;  ///< under way; more fail at once
};

class Unbound {
 public:
  struct Answer {
    bool known = false;  ///< records, or that there are none
    bool secure = false, bogus = false;
    std::string why;                ///< not known
    std::vector<std::string> data;  ///< of each record, at most kMostRecords
  };
  static constexpr std::size_t kMostRecords = 100;

  /// One question; whoever asked holds it, and so does the Unbound until it is answered.
  struct Question {
    Question(base::Loop& asker, std::string asked_name, int of_type, base::Fn<void(Answer)> answered)
        : loop(asker), name(std::move(asked_name)), type(of_type), done(std::move(answered)) {}
    base::Loop& loop;
    const std::string name;
    const int type;               ///< of records: 1 A, 28 AAAA, 33 SRV, 52 TLSA
    base::Fn<void(Answer)> done;  ///< the asker's: called once at most, and not at all once it is empty
  };
  using QuestionPtr = std::shared_ptr<Question>;  ///< shared because the asker may give up

  /// `home` is where answers arrive; it and the loops that ask outlive this.
  Unbound(AsioLoop& home, DnsOptions options);
  /// On home's thread, or when that doesn't run. What is still asked is not answered.
  ~Unbound();

  const DnsOptions& options() const;
  /// Any loop's thread. Waits as long as libunbound does, which may be a minute.
  void ask(QuestionPtr question);
  /// The answer is not waited for any more.
  void forget(const QuestionPtr& question);

 private:
  class Core;
  std::shared_ptr<Core> core_;  ///< shared with what other loops have posted to home
};

}  // namespace net
