#include "admin/ctl_client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace admin {
namespace {

using nlohmann::json;

constexpr timeval kPatience{600, 0};                    // a backup may take that long
constexpr std::size_t kMostBytes = 64UL * 1024 * 1024;  // of an answer

base::Error worded(const std::string& folder, int error) {
  switch (error) {
    case ENOENT:
    case ECONNREFUSED: return {"no server runs in " + folder + "; start it, or name its folder with --data"};
    case EACCES: return {"the folder " + folder + " belongs to another user; run this as the server's user or as root"};
    default: return {"connecting to the server in " + folder + ": " + std::strerror(error)};
  }
}

}  // namespace

base::Result<CtlClient> CtlClient::connect(const std::string& data_folder) {
  const std::string path = data_folder + "/control.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return base::failure("the folder's path is too long: " + data_folder);
  std::memcpy(address.sun_path, path.data(), path.size());
  CtlClient client;
  client.socket_ = net::Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  setsockopt(client.socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  setsockopt(client.socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  if (::connect(client.socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return std::unexpected(worded(data_folder, errno));
  }
  return client;
}

base::Result<json> CtlClient::ask(const json& request) {
  const std::string line = request.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  std::string_view left = line;
  while (!left.empty()) {
    const ssize_t sent = ::send(socket_.get(), left.data(), left.size(), MSG_NOSIGNAL);
    if (sent <= 0) return base::failure("the server closed the connection");
    left.remove_prefix(static_cast<std::size_t>(sent));
  }
  const auto text = read_line();
  if (!text) return std::unexpected(text.error());
  json answer = json::parse(*text, nullptr, false);
  if (!answer.is_object() || !answer.contains("ok")) return base::failure("the server's answer makes no sense");
  if (!answer.value("ok", false)) return base::failure(answer.value("error", "the server gave no reason"));
  answer.erase("ok");
  return answer;
}

base::Result<std::string> CtlClient::read_line() {
  std::string line;
  char bytes[16 * 1024];
  while (!line.ends_with('\n')) {
    const ssize_t got = recv(socket_.get(), bytes, sizeof bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return base::failure("the server does not answer");
    if (got <= 0) return base::failure("the server closed the connection");
    line.append(bytes, static_cast<std::size_t>(got));
    if (line.size() > kMostBytes) return base::failure("the server's answer is too long");
  }
  return line;
}

}  // namespace admin
