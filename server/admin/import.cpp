#include "admin/import.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace admin {
namespace {

using nlohmann::json;

constexpr std::size_t kLeastSecret = 32;  // RFC 7518 3.2

/// Without commas that no value follows; `found` if there was one.
std::string without_trailing_commas(std::string_view text, bool& found) {
  std::string clean;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted && c == '\\' && at + 1 < text.size()) {
      clean += c;
      clean += text[++at];
      continue;
    }
    if (c == '"') quoted = !quoted;
    const std::size_t next = text.find_first_not_of(" \t\r\n", at + 1);
    if (!quoted && c == ',' && next != std::string_view::npos && (text[next] == '}' || text[next] == ']')) {
      found = true;
      continue;
    }
    clean += c;
  }
  return clean;
}

const json* member(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

base::Result<std::string> text_of(const json& file, const char* section, const char* name) {
  const json* inner = member(file, section);
  const json* value = inner != nullptr ? member(*inner, name) : nullptr;
  const std::string path = std::string(section) + "." + name;
  if (value == nullptr || !value->is_string() || value->get_ref<const std::string&>().empty())
    return base::failure(path + " is missing; is this the configuration of chat_admin_server?");
  return value->get<std::string>();
}

std::string in_quotes(std::string_view text) {
  std::string safe = "'";
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '\'': safe += "&apos;"; break;
      default: safe += c;
    }
  }
  return safe += '\'';
}

struct Place {
  std::string host = "127.0.0.1";
  unsigned port = 0;
};

/// Numbers stand in quotes in some files.
std::optional<Place> place_of(const json& file, const char* section) {
  const json* inner = member(file, section);
  const json* port = inner != nullptr ? member(*inner, "port") : nullptr;
  if (port == nullptr) return std::nullopt;
  Place place;
  const std::string digits = port->is_string() ? port->get<std::string>() : port->dump();
  if (digits.empty() || digits.size() > 5 || digits.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  place.port = static_cast<unsigned>(std::stoul(digits));
  if (place.port == 0 || place.port > 65535) return std::nullopt;
  const json* host = member(*inner, "host");
  if (host != nullptr && host->is_string()) place.host = host->get<std::string>();
  if (place.host == "localhost" || place.host.empty()) place.host = "127.0.0.1";
  return place;
}

bool is_near(const std::string& host) { return host == "::1" || host.starts_with("127."); }

/// An entrance or a game, and what has to be added where the network lies between.
void add_place(Import& import, const char* element, const char* address, const Place& place) {
  const bool near = is_near(place.host);
  import.xml += std::string("  <") + element + " " + address + "=" + in_quotes(place.host) + " port='" +
                std::to_string(place.port) + (near ? "'" : "' tls='true'") + " caller='game'/>\n";
  if (near) return;
  import.remarks.push_back(
      place.host +
      " is not this machine, so the connection has to use TLS now; listen on 127.0.0.1 if game and "
      "service share a machine");
}

void add_secret_remarks(Import& import, const std::string& secret_file) {
  const std::size_t size = import.secret.reveal().size();
  import.secret_is_short = size < kLeastSecret;
  if (!import.secret_is_short) return;
  import.remarks.push_back(
      "the secret has " + std::to_string(size) +
      " bytes and can be guessed; 32 are the least that is taken. Make a new one with: (umask 077; "
      "openssl rand -hex 32 > " +
      secret_file + ") and give Prosody the same as app_secret at the same time");
}

}  // namespace

base::Result<Import> import_chat_admin(std::string_view text, const std::string& secret_file) {
  Import import;
  bool commas = false;
  const json file = json::parse(without_trailing_commas(text, commas), nullptr, false, true);
  if (!file.is_object()) return base::failure("this is no JSON object");
  auto domain = text_of(file, "jitsi", "domain");
  auto issuer = text_of(file, "jwt", "app_id");
  auto secret = text_of(file, "jwt", "secret");
  for (const auto* each : {&domain, &issuer, &secret})
    if (!*each) return std::unexpected(each->error());
  const auto inbound = place_of(file, "inbound"), outbound = place_of(file, "outbound");
  import.secret = base::Secret(std::move(*secret));
  import.xml = "<tokens>\n  <key algorithm='HS256' secret-file=" + in_quotes(secret_file) + "/>\n" +
               "  <caller name='game' issuer=" + in_quotes(*issuer) + " subject=" + in_quotes(*domain) +
               " channels='*' moderate='true'/>\n";
  if (inbound) add_place(import, "line", "address", *inbound);
  if (outbound) add_place(import, "game name='game'", "host", *outbound);
  import.xml += "</tokens>\n";
  if (commas)
    import.remarks.emplace_back("a comma stood before a closing bracket, which JSON doesn't have; it was left out");
  if (!inbound && !outbound)
    import.remarks.emplace_back("neither inbound nor outbound has a port; add <line/> or <game/> by hand");
  if (inbound && !is_near(inbound->host))
    import.remarks.emplace_back(
        "give the caller a 'secret-file' or 'certificate': over the network it has to show who it is");
  import.remarks.emplace_back("the room '*' is refused now; wildcards='true' on the caller would allow it");
  add_secret_remarks(import, secret_file);
  return import;
}

}  // namespace admin
