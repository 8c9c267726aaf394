#include "transcript/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "transcript/script.h"

namespace transcript {
namespace {

using Clock = std::chrono::steady_clock;

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class SocketWire final : public Wire {
 public:
  explicit SocketWire(int fd) : fd_(fd) {}
  ~SocketWire() override { cut(); }

  void send(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the peer ended it; what it said before is still to be read
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  bool receive(std::string& into) override {
    if (ended_ || fd_ < 0) return false;
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, milliseconds_until(Clock::now() + kPatience)) <= 0) return false;
    std::array<char, 65536> buffer;
    const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    ended_ = got <= 0;
    if (!ended_) into.append(buffer.data(), static_cast<std::size_t>(got));
    return !ended_;
  }

  bool ended() const override { return ended_; }

  void cut() override {
    if (fd_ < 0) return;
    // A reset, so that the server learns of it at once and without an end of stream.
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd_);
    fd_ = -1;
    ended_ = true;
  }

 private:
  int fd_;
  bool ended_ = false;
};

pid_t spawn(const std::vector<std::string>& command, int input, int output) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child != 0) return child;
  if (input >= 0) ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "exedra-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw Failure("cannot make a temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Process::Process(const std::vector<std::string>& command, const std::filesystem::path& output) : output_(output) {
  const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) throw Failure("cannot write " + output.string());
  pid_ = spawn(command, -1, file);
  ::close(file);
}

Process::~Process() { kill(); }

void Process::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void Process::stop() {
  if (pid_ < 0) throw Failure("the server ended by itself: " + output());
  ::kill(pid_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  int status = -1;
  pid_t ended = 0;
  while (ended == 0 && std::chrono::steady_clock::now() < deadline) {
    ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == 0) ::poll(nullptr, 0, 5);  // its end can only be seen by looking again
  }
  if (ended != pid_) throw Failure("the server does not end: " + output());
  pid_ = -1;
  if (status != 0) throw Failure("the server ended with status " + std::to_string(status) + ": " + output());
}

bool Process::running() {
  if (pid_ >= 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ >= 0;
}

std::string Process::output() const { return read_file(output_); }

void run(const std::vector<std::string>& command, std::string_view input) {
  const TemporaryFolder folder;
  const auto in = folder.path() / "in", out = folder.path() / "out";
  std::ofstream(in) << input;
  const int from = ::open(in.c_str(), O_RDONLY | O_CLOEXEC);
  const int to = ::open(out.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const pid_t child = spawn(command, from, to);
  int status = -1;
  ::waitpid(child, &status, 0);
  ::close(from);
  ::close(to);
  if (status != 0) throw Failure(command[0] + " failed: " + read_file(out));
}

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<const sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

std::unique_ptr<Wire> connect_to(std::uint16_t port, Process& process) {
  const auto deadline = Clock::now() + kPatience;
  const sockaddr_in address = loopback(port);
  while (process.running() && Clock::now() < deadline) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      return std::make_unique<SocketWire>(fd);
    }
    ::close(fd);
    ::poll(nullptr, 0, 20);  // a server that starts cannot tell us when it listens
  }
  throw Failure("the server does not listen: " + process.output());
}

}  // namespace transcript
