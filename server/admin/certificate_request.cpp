#include "admin/certificate_request.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "certs/request.h"
#include "net/dns_records.h"
#include "xmpp/domain.h"

namespace admin {
namespace {

using nlohmann::json;

/// Null: none of the server's hosts.
const json* find_host(const json& all, const std::string& host) {
  const auto found = std::ranges::find_if(all, [&](const json& each) { return each.value("host", "") == host; });
  return found != all.end() ? &*found : nullptr;
}

void add(std::vector<std::string>& domains, const std::string& domain) {
  if (!domain.empty() && std::ranges::find(domains, domain) == domains.end()) domains.push_back(domain);
}

void add_all(std::vector<std::string>& domains, const json& host) {
  add(domains, host.value("host", ""));
  for (const std::string& each : host.value("also", std::vector<std::string>{})) add(domains, each);
}

/// The host's own first.
std::vector<std::string> domains_of(const json& all, const json& host) {
  std::vector<std::string> domains;
  add_all(domains, host);
  for (const json& each : all) {
    if (each.value("certificate", "") == host.value("certificate", "")) add_all(domains, each);
  }
  return domains;
}

base::Result<std::vector<std::string>> in_ascii(const std::vector<std::string>& domains) {
  std::vector<std::string> names;
  for (const std::string& domain : domains) {
    const auto ascii = xmpp::to_ascii(domain);
    if (!ascii || net::is_address(*ascii) || !net::is_dns_name(*ascii))
      return base::failure("'" + domain + "' is no name of the DNS, so that no authority will vouch for it");
    names.push_back(*ascii);
  }
  return names;
}

/// Root writes for the server's user, who has to read it.
void give_to_owner_of(const std::string& model, const std::string& path) {
  struct stat info{};
  if (geteuid() != 0 || stat(model.c_str(), &info) != 0) return;
  [[maybe_unused]] const int ignored = lchown(path.c_str(), info.st_uid, info.st_gid);
}

std::string what_to_do(const certs::Files& pair, const certs::RequestFiles& made) {
  return "written " + made.request + "  the request, for a certificate authority\n" +  //
         "written " + made.key + "  its private key, to be kept secret\n" +            //
         "What the server uses now is as it was. When the authority has answered, keep copies of these two, and "
         "then:\n" +
         "  put the certificate it gives, with the intermediate ones behind it, into " + pair.certificate + "\n" +
         "  mv " + made.key + " " + pair.key + "\n" + "  exedractl reload, and exedractl certs list to see it\n";
}

}  // namespace

base::Result<json> request_certificate(const json& listed, const std::string& host, bool dns_only) {
  const json& all = listed.at("certificates");
  const auto prepared = xmpp::prepare_domain(host);
  const json* found = prepared ? find_host(all, *prepared) : nullptr;
  if (found == nullptr) return base::failure("'" + host + "' is no host of this server; `certs list` shows them");
  const certs::Files pair{found->value("certificate", ""), found->value("key", "")};
  const std::vector<std::string> domains = domains_of(all, *found);
  const auto ascii = in_ascii(domains);
  if (!ascii) return std::unexpected(ascii.error());
  certs::Wanted wanted{.names = {}, .dns_only = dns_only};
  for (std::size_t i = 0; i < domains.size(); ++i) wanted.names.push_back({domains[i], ascii->at(i)});
  const certs::RequestFiles files = certs::request_files(pair);
  const auto made = certs::create_request(wanted, files);
  if (!made) return std::unexpected(made.error());
  give_to_owner_of(pair.key, files.key);
  give_to_owner_of(pair.key, files.request);
  return json{{"host", *prepared},
              {"request", files.request},
              {"key", files.key},
              {"names", domains},
              {"text", what_to_do(pair, files)}};
}

}  // namespace admin
