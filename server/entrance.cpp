#include "entrance.h"

#include <arpa/inet.h>
#include <netinet/in.h>

bool is_loopback(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";
}

std::string place(const std::string& address, std::uint16_t port) {
  return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" + std::to_string(port);
}

base::Result<std::uint16_t> shifted_port(std::uint16_t port, std::uint16_t offset) {
  const unsigned shifted = port == 0 ? 0U : unsigned{port} + offset;
  if (shifted > 65535)
    return base::failure("port " + std::to_string(shifted) + " is too high; choose a smaller port offset");
  return static_cast<std::uint16_t>(shifted);
}
