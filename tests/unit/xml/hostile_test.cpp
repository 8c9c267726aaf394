// SECURITY X02, X03, X08, X09: what hostile bytes cost, and what they never set off.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "xml/stream_reader.h"

namespace xml {
namespace {

using std::chrono_literals::operator""ms;

constexpr std::string_view kHeader =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='a.example' version='1.0'>";

struct Counter final : StreamSink {
  Next on_header(const Element&, std::string_view) override { return ++headers, Next::go_on; }
  Next on_element(Document) override { return ++elements, Next::go_on; }
  void on_end() override {}
  int headers = 0, elements = 0;
};

struct Stream {
  explicit Stream(const Limits& limits = {}) : reader(pool, limits) {}
  StreamReader::Fed feed(std::string_view bytes) { return reader.feed(bytes, sink); }
  ParserPool pool;
  Counter sink;
  StreamReader reader;
};

/// This thread's processor time: another process on the machine adds nothing to it.
std::chrono::nanoseconds cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// The least of several runs, because the first ones also pay for cold memory.
template <class Job>
std::chrono::nanoseconds least_cpu(Job job) {
  auto least = std::chrono::nanoseconds::max();
  for (int run = 0; run < 20; ++run) {
    const auto before = cpu_time();
    job();
    least = std::min(least, cpu_time() - before);
  }
  return least;
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

/// Nine levels of ten: three gigabytes of laughter.
std::string billion_laughs() {
  std::string prolog = "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY l0 'lol'>";
  for (int level = 1; level <= 9; ++level) {
    prolog += "<!ENTITY l" + std::to_string(level) + " '" + repeated("&l" + std::to_string(level - 1) + ";", 10) + "'>";
  }
  return prolog + "]><stream:stream to='&l9;'>&l9;";
}

/// One entity of 60 kB, used 30,000 times: 1.8 gigabytes without any nesting.
std::string quadratic_blowup() {
  return "<!DOCTYPE s [<!ENTITY a '" + std::string(60'000, 'a') + "'>]><s>" + repeated("&a;", 30'000);
}

TEST(Hostile, X02EntitiesCostLessThanAMillisecond) {
  for (const std::string& bytes : {billion_laughs(), quadratic_blowup()}) {
    Fault fault = Fault::none;
    std::size_t seen = 0;
    const auto took = least_cpu([&] {
      Stream stream({.max_bytes = 1024 * 1024});
      fault = stream.feed(bytes).fault;
      seen = static_cast<std::size_t>(stream.sink.headers + stream.sink.elements);
    });
    EXPECT_EQ(fault, Fault::restricted_xml);
    EXPECT_EQ(seen, 0U);
    EXPECT_LT(took, 1ms);
  }
}

TEST(Hostile, X02TheDoctypeIsTheEnd) {
  const std::string bytes = billion_laughs();
  const std::size_t doctype = bytes.find("<!DOCTYPE"), subset = bytes.find('[');
  Stream stream;
  std::size_t at = 0;
  while (stream.feed(std::string_view(bytes).substr(at, 1)).fault == Fault::none) ++at;
  EXPECT_GE(at, doctype);
  EXPECT_LE(at, subset) << "no declaration was ever looked at";
}

/// Tells of any opening of any file in a folder, and of any call to a port.
class Watch {
 public:
  Watch() {
    std::string name = std::filesystem::temp_directory_path() / "exedra-watch-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::ofstream(file()) << "<!ENTITY x 'secret'>";
    EXPECT_GE(inotify_add_watch(notes_, folder_.c_str(), IN_OPEN | IN_ACCESS), 0);
    sockaddr_in any{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof any;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&any), size), 0);
    EXPECT_EQ(listen(socket_, 5), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&any), &size), 0);
    port_ = ntohs(any.sin_port);
  }
  ~Watch() {
    close(notes_);
    close(socket_);
    std::filesystem::remove_all(folder_);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  std::string file() const { return folder_ / "entity"; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/entity"; }
  bool file_was_touched() const { return ready(notes_); }
  bool port_was_called() const { return ready(socket_); }
  void call() const {
    sockaddr_in to{
        .sin_family = AF_INET, .sin_port = htons(port_), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    const int caller = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(connect(caller, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    close(caller);
  }

 private:
  static bool ready(int fd) {
    pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
    return poll(&one, 1, 0) == 1;
  }
  std::filesystem::path folder_;
  int notes_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port_ = 0;
};

TEST(Hostile, X03NothingElsewhereIsReadOrCalled) {
  const Watch watch;
  for (const std::string& target : {watch.file(), "file://" + watch.file(), watch.url()}) {
    for (const std::string& bytes :
         {"<!DOCTYPE s SYSTEM '" + target + "'><s/>", "<!DOCTYPE s PUBLIC 'x' '" + target + "'><s/>",
          "<!DOCTYPE s [<!ENTITY x SYSTEM '" + target + "'>]><s>&x;</s>",
          "<!DOCTYPE s [<!ENTITY % p SYSTEM '" + target + "'> %p;]><s>&x;</s>",
          "<s xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='" + target + "'/></s>",
          "<?xml-stylesheet href='" + target + "'?><s/>"}) {
      Stream stream;
      const bool plain = bytes.starts_with("<s ");  // XInclude is an element like any other
      EXPECT_EQ(stream.feed(bytes).fault, plain ? Fault::none : Fault::restricted_xml) << bytes;
      Stream dribble;
      for (const char c : bytes) dribble.feed({&c, 1});
    }
  }
  EXPECT_FALSE(watch.file_was_touched());
  EXPECT_FALSE(watch.port_was_called());
  // The watch would have told.
  std::ifstream(watch.file()).get();
  watch.call();
  EXPECT_TRUE(watch.file_was_touched());
  EXPECT_TRUE(watch.port_was_called());
}

TEST(Hostile, X08NoMoreThanTheLimitIsTaken) {
  const Limits limits;
  for (const std::string& bytes :
       {"<a" + repeated(" a=''", 100'000) + "/>", "<a>" + repeated("<b/>", 100'000), "<" + std::string(1'000'000, 'a'),
        "<a b='" + std::string(1'000'000, 'a'), "<a>" + std::string(1'000'000, 'a'), "</" + std::string(1'000'000, 's'),
        "<a>&#" + std::string(1'000'000, '0'), "<a><![CDATA[" + std::string(1'000'000, 'a'),
        "<a>" + repeated("<b>", 100'000)}) {
    for (const bool header : {true, false}) {
      if (!header && bytes.contains("/>")) continue;  // after a header these are many stanzas
      Stream stream;
      if (header) stream.feed(kHeader);
      std::size_t at = 0;
      while (at < bytes.size() && stream.feed(std::string_view(bytes).substr(at, 100)).fault == Fault::none) at += 100;
      EXPECT_LE(at, limits.max_bytes + 100) << bytes.substr(0, 20);
      EXPECT_EQ(stream.pool.idle_parsers(), 0U);
    }
  }
}

// Without deferral expat looks at an unfinished tag again with every piece of it (CVE-2023-52425).
TEST(Hostile, X09ALongTagInManyPiecesIsBounded) {
  const std::string tag = "<a b='" + std::string(200'000, 'x') + "'/>";
  const auto cost = [&](std::size_t piece) {
    const auto before = cpu_time();
    Stream stream({.max_bytes = 256 * 1024});
    stream.feed(kHeader);
    for (std::size_t at = 0; at < tag.size(); at += piece) {
      if (stream.feed(std::string_view(tag).substr(at, piece)).fault != Fault::none) break;
    }
    return std::pair(cpu_time() - before, stream.sink.elements);
  };
  EXPECT_EQ(cost(1400).second, 1) << "as TCP cuts it";
  EXPECT_EQ(cost(100).second, 1);
  const auto [took, taken] = cost(1);
  EXPECT_EQ(taken, 0) << "ended before it was whole";
  EXPECT_LT(took, std::chrono::seconds(2)) << "and not 13";
}

// SECURITY X09: within what a login needs, the smallest pieces are taken.
TEST(Hostile, X09SixteenKilobytesByteByByteAreTaken) {
  Stream stream;
  stream.feed(kHeader);
  const std::string tag = "<a b='" + std::string(16'000, 'x') + "'/>";
  for (int i = 0; i < 3; ++i) {
    for (const char c : tag) ASSERT_EQ(stream.feed({&c, 1}).fault, Fault::none);
  }
  EXPECT_EQ(stream.sink.elements, 3);
}

}  // namespace
}  // namespace xml
