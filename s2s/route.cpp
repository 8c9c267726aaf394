#include "s2s/route.h"

#include <utility>

#include "net/dns_records.h"
#include "s2s/service.h"
#include "xmpp/domain.h"

namespace s2s {
namespace {

Failure failure_of(const std::string& remote, const net::DnsFailure& why) {
  if (why.kind == net::DnsFailure::Kind::no_service)
    return {.condition = xmpp::Condition::remote_server_not_found, .text = why.what, .final = true};
  return {.condition = xmpp::Condition::remote_server_timeout, .text = remote + " was not found: " + why.what};
}

/// A domain that is an address needs no DNS.
std::optional<std::string> as_address(const std::string& domain) {
  std::string inner = domain.starts_with('[') ? domain.substr(1, domain.size() - 2) : domain;
  if (!net::is_address(inner)) return std::nullopt;
  return inner;
}

}  // namespace

Route::Route(Service& service, std::string remote, const PairRules& rules, Done done)
    : service_(service),
      remote_(std::move(remote)),
      private_addresses_(rules.private_addresses),
      done_(std::move(done)) {
  const auto address = as_address(remote_);
  if (const auto& forced = rules.address) {
    connect({{.host = forced->host, .port = forced->port, .direct_tls = forced->direct_tls, .forced = true}});
  } else if (address) {
    connect({{.host = *address, .port = net::kServerPort}});
  } else {
    look_up();
  }
}

void Route::look_up() {
  const auto name = xmpp::to_ascii(remote_);
  if (!name) {
    later_ = base::Timer(service_.loop(), base::Duration::zero(), [this] {
      finish(std::unexpected(Failure{.condition = xmpp::Condition::remote_server_not_found,
                                     .text = remote_ + " is no name that the DNS has",
                                     .final = true}));
    });
    return;
  }
  ascii_ = *name;
  net::Dns& dns = service_.services().dns;
  direct_call_ = dns.srv("_xmpps-server._tcp." + ascii_, [this](net::DnsResult<net::Srv> result) {
    direct_ = std::move(result);
    found();
  });
  starttls_call_ = dns.srv("_xmpp-server._tcp." + ascii_, [this](net::DnsResult<net::Srv> result) {
    starttls_ = std::move(result);
    found();
  });
}

void Route::found() {
  if (!direct_ || !starttls_) return;
  auto targets = net::choose_targets(ascii_, *direct_, *starttls_, service_.services().random);
  if (!targets) return finish(std::unexpected(failure_of(remote_, targets.error())));
  connect(*std::move(targets));
}

void Route::connect(std::vector<net::Target> targets) {
  targets = service_.untried(remote_, std::move(targets));
  targets_ = targets;
  net::ConnectOptions options{.private_addresses = private_addresses_};
  options.deadline = service_.policy().limits().dns + service_.policy().limits().connect;
  options.dial.deadline = service_.policy().limits().connect;
  connection_ = service_.connector().connect(
      std::move(targets), options, [this](std::expected<net::Connected, net::ConnectFailure> result) {
        if (result) {
          reached_ = {.transport = std::move(result->transport),
                      .target = targets_[result->number],
                      .others = targets_.size() > 1};
          return result->secure ? prove() : finish(std::move(reached_));
        }
        const net::ConnectFailure& why = result.error();
        finish(std::unexpected(Failure{.condition = why.not_found ? xmpp::Condition::remote_server_not_found
                                                                  : xmpp::Condition::remote_server_timeout,
                                       .text = remote_ + " can't be reached: " + why.what,
                                       .final = why.not_found}));
      });
}

// RFC 7673 3.3: where the records can't be had, nobody knows whether the server may be spoken with.
void Route::prove() {
  const net::Target& target = reached_.target;
  tlsa_call_ = service_.services().dns.tlsa(
      "_" + std::to_string(target.port) + "._tcp." + target.host, [this](net::DnsResult<net::Tlsa> result) {
        if (!result) {
          service_.tried(remote_, reached_.target);
          return finish(std::unexpected(Failure{.text = remote_ + " has no certificate records: " + result.error().what,
                                                .elsewhere = reached_.others}));
        }
        if (result->secure) reached_.tlsa = std::move(result->records);
        finish(std::move(reached_));
      });
}

void Route::finish(std::expected<Reached, Failure> result) {
  std::exchange(done_, nullptr)(std::move(result));  // may destroy us
}

}  // namespace s2s
