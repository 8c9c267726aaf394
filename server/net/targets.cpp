#include "net/targets.h"

#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

#include "net/dns_records.h"

namespace net {
namespace {

struct Offer {
  Target target;
  std::uint16_t weight = 0;
  std::size_t order = 0;  ///< as given
};

/// Of both services.
struct Offers {
  std::vector<Offer> all;
  bool refused = false;  ///< there was a "."
};

void add(Offers& offers, const DnsResult<Srv>& answer, bool direct_tls) {
  if (!answer) return;
  for (const Srv& record : answer->records) {
    if (record.host.empty()) offers.refused = true;
    // RFC 2782: a target is a name. A number would be dialled without asking anybody whose it is.
    if (record.host.empty() || record.port == 0 || is_address(record.host)) continue;
    offers.all.push_back(
        {{record.host, record.port, direct_tls, answer->secure, record.priority}, record.weight, offers.all.size()});
  }
}

std::uint64_t draw_up_to(std::uint64_t most, base::Random& random) {
  std::uint64_t bits = 0;
  random.fill(std::as_writable_bytes(std::span(&bits, 1)));
  return bits % (most + 1);
}

/// RFC 2782, "Weight": those of weight 0 stand first, so that they have a small chance of their own.
std::size_t draw(std::span<const Offer> offers, base::Random& random) {
  std::uint64_t sum = 0;
  for (const Offer& each : offers) sum += each.weight;
  const std::uint64_t drawn = draw_up_to(sum, random);
  std::uint64_t running = 0;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    running += offers[i].weight;
    if (running >= drawn) return i;
  }
  return offers.size() - 1;
}

std::vector<Target> in_order(std::vector<Offer> offers, base::Random& random) {
  std::ranges::sort(offers, {},
                    [](const Offer& each) { return std::tuple(each.target.priority, each.weight > 0, each.order); });
  std::vector<Target> targets;
  while (!offers.empty() && targets.size() < kMostTargets) {
    const std::uint16_t priority = offers.front().target.priority;
    const auto group = std::ranges::find_if(offers, [&](const Offer& o) { return o.target.priority != priority; });
    const std::size_t size = static_cast<std::size_t>(group - offers.begin());
    const std::size_t chosen = draw(std::span(offers).first(size), random);
    targets.push_back(std::move(offers[chosen].target));
    offers.erase(offers.begin() + static_cast<std::ptrdiff_t>(chosen));
  }
  return targets;
}

}  // namespace

std::expected<std::vector<Target>, DnsFailure> choose_targets(const std::string& domain, const DnsResult<Srv>& direct,
                                                              const DnsResult<Srv>& starttls, base::Random& random) {
  Offers offers;
  add(offers, direct, true);
  add(offers, starttls, false);
  if (!offers.all.empty()) return in_order(std::move(offers.all), random);
  if (!starttls) return std::unexpected(starttls.error());
  // Who can forge the absence of records may not send us to another port either.
  if (!direct && direct.error().kind == DnsFailure::Kind::bogus) return std::unexpected(direct.error());
  const bool named = !starttls->records.empty() || (direct && !direct->records.empty());
  if (offers.refused || named) {  // XEP-0368 section 5: no fallback then
    return std::unexpected(DnsFailure{DnsFailure::Kind::no_service, domain + " offers no service to other servers"});
  }
  return std::vector<Target>{{domain, kServerPort, false, starttls->secure, 0}};
}

}  // namespace net
