#include "net/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace net {
namespace {

struct FreeList {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

base::Result<Resolver::Addresses> look_up(const std::string& host, int flags) {
  addrinfo hints{};
  hints.ai_flags = flags;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code != 0)
    return base::failure("finding " + host + ": " + (code == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(code)));
  const std::unique_ptr<addrinfo, FreeList> list(found);
  Resolver::Addresses addresses;
  for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
      addresses.emplace_back(text);
  }
  if (addresses.empty()) return base::failure("finding " + host + ": no address");
  return addresses;
}

}  // namespace

void SystemResolver::resolve(base::Loop& loop, const std::string& host, Done done) {
  const auto answer = [](base::Loop& home, base::Result<Addresses> found, Done to) {
    home.post([found = std::make_unique<base::Result<Addresses>>(std::move(found)), to = std::move(to)]() mutable {
      to(*found);
    });
  };
  if (auto numeric = look_up(host, AI_NUMERICHOST)) return answer(loop, std::move(numeric), std::move(done));
  threads_.submit([&loop, host, answer, done = std::move(done)]() mutable {
    answer(loop, look_up(host, AI_ADDRCONFIG), std::move(done));
  });
}

}  // namespace net
