#include "net/connector.h"

#include <algorithm>
#include <map>
#include <utility>

#include "net/dns_records.h"

namespace net {
namespace {

constexpr std::size_t kMostAddresses = 8;  ///< of one host
constexpr std::size_t kMostAtOnce = 8;     ///< attempts under way

/// One call of connect().
class Connecting final : public Connector::Call {
 public:
  Connecting(base::Loop& loop, Dns& dns, Dialer& dialer, std::vector<Target> targets, const ConnectOptions& options,
             Connector::Done done)
      : loop_(loop),
        dns_(dns),
        dialer_(dialer),
        options_(options),
        until_(loop.now() + options.deadline),
        targets_(std::move(targets)),
        done_(std::move(done)) {
    options_.dial.tls = nullptr;
    deadline_ = base::Timer(loop, options.deadline, [this] { give_up("no connection in time"); });
    pace_ = base::Timer(loop, base::Duration::zero(), [this] { next_group(); });
  }

 private:
  struct Host {
    std::size_t number = 0;  ///< of its target
    std::unique_ptr<Dns::Call> question;
    std::vector<std::string> addresses;  ///< not tried yet
    bool known = false, secure = false;
  };

  void next_group() {
    hosts_.clear();
    waited_ = false;
    pace_.cancel();
    names_.cancel();
    if (next_ == targets_.size()) return give_up(why_);
    const std::uint16_t priority = targets_[next_].priority;
    for (; next_ < targets_.size() && targets_[next_].priority == priority; ++next_)
      hosts_.emplace_back().number = next_;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      hosts_[i].question = dns_.addresses(targets_[hosts_[i].number].host, [this, i](DnsResult<std::string> result) {
        found(hosts_[i], std::move(result));
        go_on();
      });
    }
  }

  void found(Host& host, DnsResult<std::string> result) {
    host.known = true;
    if (!result) {
      unknown_names_ = true;
      why_ = result.error().what;
      return;
    }
    const Target& target = targets_[host.number];
    host.secure = target.secure && result->secure;
    if (result->records.empty()) why_ = "finding " + target.host + ": no address";
    for (std::string& address : result->records) {
      if (host.addresses.size() == kMostAddresses) break;
      if (options_.private_addresses || target.forced || result->forced || is_public_address(address)) {
        host.addresses.push_back(std::move(address));
      } else {
        why_ = "finding " + target.host + ": " + address + " is in no public network";
      }
    }
  }

  /// The next attempt, if it is its time; the next priority, if nothing is left of this one.
  void go_on() {
    if (pace_.armed() || attempts_.size() >= kMostAtOnce) return;
    if (Host* host = next_host()) return attempt(*host);
    const bool names_left = std::ranges::any_of(hosts_, [](const Host& host) { return !host.known; });
    if (!names_left && attempts_.empty()) next_group();
  }

  /// The order of the targets counts more than who is found first, but not for long (XEP-0495 section 4.2).
  Host* next_host() {
    const auto ready = [](const Host& host) { return !host.addresses.empty(); };
    const auto first = std::ranges::find_if(hosts_, [&](const Host& h) { return ready(h) || (!h.known && !waited_); });
    if (first == hosts_.end()) return nullptr;
    if (ready(*first)) return &*first;
    if (!names_.armed() && std::any_of(first, hosts_.end(), ready)) {
      names_ = base::Timer(loop_, options_.resolution_delay, [this] {
        waited_ = true;
        go_on();
      });
    }
    return nullptr;
  }

  void attempt(Host& host) {
    const std::string address = std::exchange(host.addresses.front(), {});
    host.addresses.erase(host.addresses.begin());
    tried_ = true;
    DialOptions options = options_.dial;
    options.deadline = std::min(options.deadline, until_ - loop_.now());
    const std::size_t id = ++last_;
    attempts_[id] = dialer_.dial(
        address, targets_[host.number].port, options,
        [this, id, number = host.number, secure = host.secure](base::Result<std::unique_ptr<Transport>> result) {
          if (result) return finish(Connected{std::move(*result), number, secure});
          failed(id, result.error().what);
        });
    pace_ = base::Timer(loop_, options_.attempt_delay, [this] {
      pace_.cancel();
      go_on();
    });
  }

  /// A failure is no reason to wait.
  void failed(std::size_t id, const std::string& why) {
    why_ = why;
    attempts_.erase(id);
    pace_.cancel();
    go_on();
  }

  void give_up(const std::string& why) {
    const bool names_left = std::ranges::any_of(hosts_, [](const Host& host) { return !host.known; });
    finish(std::unexpected(ConnectFailure{!tried_ && !unknown_names_ && !names_left, why}));
  }

  void finish(std::expected<Connected, ConnectFailure> result) {
    deadline_.cancel();
    pace_.cancel();
    names_.cancel();
    hosts_.clear();
    attempts_.clear();
    std::exchange(done_, nullptr)(std::move(result));  // may destroy us
  }

  base::Loop& loop_;
  Dns& dns_;
  Dialer& dialer_;
  ConnectOptions options_;
  base::MonoTime until_;
  std::vector<Target> targets_;
  Connector::Done done_;
  std::size_t next_ = 0;     ///< the first target of the next priority
  std::vector<Host> hosts_;  ///< of this priority
  std::map<std::size_t, std::unique_ptr<Dialer::Call>> attempts_;
  std::size_t last_ = 0;  ///< attempt
  std::string why_ = "there is nothing to connect to";
  bool waited_ = false;  ///< long enough for the names of earlier targets
  bool tried_ = false, unknown_names_ = false;
  base::Timer deadline_, pace_, names_;
};

}  // namespace

std::unique_ptr<Connector::Call> Connector::connect(std::vector<Target> targets, const ConnectOptions& options,
                                                    Done done) {
  return std::make_unique<Connecting>(loop_, dns_, dialer_, std::move(targets), options, std::move(done));
}

}  // namespace net
