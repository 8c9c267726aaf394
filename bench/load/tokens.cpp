// Requests for Jitsi tokens over the line protocol, worded as a SkotOS game does: closed loop with a window on each
// connection, or open loop at a rate. Every reply must be a token, and in the order of the requests.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>

#include "bench/load/run.h"

namespace load {
namespace {

std::array<char, 256 * 1024> input;  // one thread, one read at a time

int connected_socket(const Way& way) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(way.port);
  if (::inet_pton(AF_INET, way.address.c_str(), &to.sin_addr) != 1 ||
      ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    throw Failed("connecting to " + way.address + ": " + std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/// One connection: what it asked and what came back.
class Line {
 public:
  Line(const Way& way, Errors& errors) : errors_(errors), fd_(connected_socket(way)) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { ::close(fd_); }

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::size_t in_flight() const { return asked_.size(); }

  void ask(std::uint64_t time) {
    out_ += R"({ "cmd": "jwt_token", "displayName": "Mercutio", "channel": "jitsi_chat_default", "moderator": false, )"
            R"("validFor": 600, "seq": )";
    out_ += std::to_string(next_++);
    out_.append(" }\0", 3);
    asked_.push_back(time);
  }

  void flush() {
    if (out_.empty()) return;
    const ssize_t sent = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) throw Failed(std::string("sending: ") + std::strerror(errno));
    if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
  }

  /// Everything that is there; calls `answered(when it was asked)` for each reply.
  template <class Answered>
  void read(Answered&& answered) {
    const ssize_t got = ::recv(fd_, input.data(), input.size(), 0);
    if (got == 0) throw Failed("the server ended a connection");
    if (got < 0 && errno != EAGAIN) throw Failed(std::string("receiving: ") + std::strerror(errno));
    std::string_view rest(input.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    for (std::size_t end = rest.find('\0'); end != std::string_view::npos; end = rest.find('\0')) {
      held_.append(rest.substr(0, end));
      rest.remove_prefix(end + 1);
      judge(held_);
      held_.clear();
      if (asked_.empty()) throw Failed("a reply to nothing");
      answered(asked_.front());
      asked_.pop_front();
    }
    held_.append(rest);
  }

 private:
  void judge(std::string_view reply) {
    if (!reply.starts_with(R"({"success":true,)") || reply.find(R"("token":"eyJ)") == std::string_view::npos)
      ++errors_.misdelivered;
    const std::size_t at = reply.rfind(R"("seq":)");
    std::uint64_t number = 0;
    if (at == std::string_view::npos) {
      ++errors_.misdelivered;
    } else {
      std::from_chars(reply.data() + at + 6, reply.data() + reply.size(), number);
      sequence_.got(number, errors_);
    }
  }

  Errors& errors_;
  int fd_;
  std::uint64_t next_ = 0;
  std::deque<std::uint64_t> asked_;  ///< when, of those not answered
  std::string out_, held_;
  Sequence sequence_;
};

class Tokens {
 public:
  explicit Tokens(const Options& options) : options_(options), meter_(options.server), measured_(meter_) {
    for (std::size_t i = 0; i < options.clients; ++i) {
      lines_.push_back(std::make_unique<Line>(options.way, errors_));
      epoll_event event{.events = EPOLLIN, .data = {.ptr = lines_.back().get()}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, lines_.back()->fd(), &event);
    }
  }
  ~Tokens() { ::close(epoll_); }
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;

  nlohmann::json run() {
    due_ = now_ns();
    go(options_.warm_up_seconds);
    const std::uint64_t before = received_;
    measured_.begin();
    go(options_.seconds);
    measured_.end(received_ - before);
    const std::uint64_t patience = now_ns() + 10'000'000'000;
    while (in_flight() > 0 && now_ns() < patience) turn(false);
    errors_.lost = in_flight();
    nlohmann::json json = measured_.report();
    json["pss"] = meter_.pss_bytes();
    json["errors"] = report(errors_);
    return json;
  }

 private:
  [[nodiscard]] std::size_t in_flight() const {
    std::size_t sum = 0;
    for (const auto& line : lines_) sum += line->in_flight();
    return sum;
  }

  void go(double seconds) {
    const std::uint64_t end = now_ns() + static_cast<std::uint64_t>(seconds * 1e9);
    while (now_ns() < end) turn(true);
  }

  void turn(bool asks) {
    if (asks) ask();
    for (const auto& line : lines_) line->flush();
    std::array<epoll_event, 64> events;
    const int wait = options_.rate == 0 ? 5 : 0;  // an open loop polls: its own waking up is not the server's doing
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait);
    for (int i = 0; i < count; ++i) {
      static_cast<Line*>(events[static_cast<std::size_t>(i)].data.ptr)->read([this](std::uint64_t asked) {
        ++received_;
        if (measured_.running()) measured_.latency.add(now_ns() - asked);
      });
    }
  }

  void ask() {
    if (options_.rate == 0) {
      for (const auto& line : lines_)
        while (line->in_flight() < options_.window) line->ask(now_ns());
      return;
    }
    const auto gap = static_cast<std::uint64_t>(1e9 / options_.rate);
    for (const std::uint64_t now = now_ns(); due_ <= now; due_ += gap) {
      lines_[next_]->ask(due_);  // timed from when it was due, so that a late generator or server shows
      next_ = (next_ + 1) % lines_.size();
    }
  }

  const Options& options_;
  Meter meter_;
  Measurement measured_;
  Errors errors_;
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Line>> lines_;
  std::uint64_t received_ = 0, due_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

nlohmann::json run_tokens(const Options& options) { return Tokens(options).run(); }

}  // namespace load
