#include "net/http_message.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace net {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void add(std::string& bytes, std::string_view name, std::string_view value) {
  bytes.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool same_field_name(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

std::size_t HttpRequest::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields, [name](const HttpField& each) { return same_field_name(each.name, name); }));
}

const std::string* HttpRequest::field(std::string_view name) const {
  if (count(name) != 1) return nullptr;
  return &std::ranges::find_if(fields, [name](const HttpField& each) {
            return same_field_name(each.name, name);
          })->value;
}

bool HttpResponse::has(std::string_view name) const {
  return std::ranges::any_of(fields, [name](const HttpField& each) { return same_field_name(each.name, name); });
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 507: return "Insufficient Storage";
    default: return "";  // RFC 9112 4: the phrase may be empty
  }
}

std::string http_date(base::WallTime time) {
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                kDays.at(std::chrono::weekday(day).c_encoding()), static_cast<unsigned>(date.day()),
                kMonths.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string serialised(const HttpResponse& response, base::WallTime now, HttpFraming framing) {
  std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  bytes.append(reason_of(response.status)).append("\r\n");
  add(bytes, "Date", http_date(now));
  for (const HttpField& field : response.fields) add(bytes, field.name, field.value);
  if (!response.has("Cache-Control")) add(bytes, "Cache-Control", "no-store");
  add(bytes, "X-Content-Type-Options", "nosniff");
  if (response.status != 204 && response.status != 304)
    add(bytes, "Content-Length", std::to_string(framing.bytes.value_or(response.body.size())));  // RFC 9110 8.6
  if (framing.last) add(bytes, "Connection", "close");
  bytes += "\r\n";
  if (!framing.head_only && !framing.bytes) bytes += response.body;
  return bytes;
}

}  // namespace net
