// A tiny DNS server on loopback: answers over UDP with packets made by hand.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/fd.h"

namespace loopback {

constexpr int kTypeA = 1, kTypeCname = 5, kTypeAaaa = 28, kTypeSrv = 33, kTypeRrsig = 46, kTypeDnskey = 48,
              kTypeTlsa = 52;

inline std::string wire16(unsigned value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}
inline std::string wire32(unsigned value) { return wire16(value >> 16) + wire16(value & 0xffff); }

inline std::string wire_name(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    wire += static_cast<char>(label.size());
    wire += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return wire + '\0';
}

inline std::string wire_address(const std::string& text) {
  char bytes[16];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return std::string(bytes, 4);
  EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), bytes), 1) << text;
  return std::string(bytes, 16);
}

inline std::string wire_srv(unsigned priority, unsigned weight, unsigned port, std::string_view host) {
  return wire16(priority) + wire16(weight) + wire16(port) + wire_name(host);
}

class DnsServer {
 public:
  struct Record {
    int type;
    std::string data;
    unsigned ttl = 60;
  };
  struct Reply {
    int rcode = 0;
    std::vector<Record> records = {};
    bool silent = false;
  };
  using Names = std::map<std::pair<std::string, int>, Reply>;

  explicit DnsServer(Names names) : socket_(::socket(AF_INET, SOCK_DGRAM, 0)), names_(std::move(names)) {
    sockaddr_in at{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    port = ntohs(at.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~DnsServer() {
    sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    ended_ = true;
    sendto(socket_.get(), "", 0, 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
  }

  std::uint16_t port = 0;
  std::atomic<int> questions = 0;

 private:
  void serve() {
    char packet[4096];
    sockaddr_storage from{};
    while (!ended_) {
      socklen_t size = sizeof from;
      const ssize_t got = recvfrom(socket_.get(), packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 12) continue;
      const std::string reply = answer(std::string(packet, static_cast<std::size_t>(got)));
      if (!reply.empty())
        sendto(socket_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  std::string answer(const std::string& packet) {
    std::size_t at = 12;
    std::string name;
    while (at < packet.size() && packet[at] != 0) {
      const auto size = static_cast<std::size_t>(packet[at]);
      name += (name.empty() ? "" : ".") + packet.substr(at + 1, size);
      at += 1 + size;
    }
    if (at + 5 > packet.size()) return {};
    const int type = static_cast<unsigned char>(packet[at + 1]) << 8 | static_cast<unsigned char>(packet[at + 2]);
    const std::string question = packet.substr(12, at + 5 - 12);
    ++questions;
    const auto found = names_.find({name, type});
    const Reply reply = found != names_.end() ? found->second : Reply{.rcode = 3};
    if (reply.silent) return {};
    std::string records;
    for (const Record& each : reply.records) {
      records += wire16(0xc00c);
      records += wire16(static_cast<unsigned>(each.type)) + wire16(1) + wire32(each.ttl);
      records += wire16(static_cast<unsigned>(each.data.size())) + each.data;
    }
    const unsigned flags = 0x8180U | static_cast<unsigned>(reply.rcode);  // an answer, recursion as wished
    const std::string extended = '\0' + wire16(41) + wire16(1232) + wire32(0x8000) + wire16(0);  // with DNSSEC
    return packet.substr(0, 2) + wire16(flags) + wire16(1) + wire16(static_cast<unsigned>(reply.records.size())) +
           wire16(0) + wire16(1) + question + records + extended;
  }

  net::Fd socket_;
  Names names_;
  std::atomic<bool> ended_ = false;
  std::jthread thread_;
};

}  // namespace loopback
