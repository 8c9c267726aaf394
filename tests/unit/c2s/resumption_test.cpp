// Connections that break at any byte, both ways, again and again: what a client sent under stream management arrives
// once and in order, and so does what it was sent (XEP-0198 5).
#include <deque>
#include <optional>

#include "fixture.h"
#include "xml/stream_reader.h"

namespace c2s_test {

using namespace std::chrono_literals;

namespace {

/// A client that counts as XEP-0198 asks it to and resumes until it is let through.
class CountingClient final : public xml::StreamSink {
 public:
  CountingClient(xml::ParserPool& pool) : pool_(pool) {}

  /// What becomes of a connection when the client takes the next: SECURITY C14.
  enum class Old { cut, vanished, alive };

  void use(Client client, Old old = Old::cut) {
    if (client_ && old == Old::vanished) client_->peer().vanish();
    if (client_ && old != Old::cut) left_.push_back(std::move(*client_));
    client_.reset();
    client_.emplace(std::move(client));
    reader_.emplace(pool_, xml::Limits{.max_bytes = 1 << 20});
    ready_ = false;
    say(stream_header() + plain_auth("romeo", "secret"));
  }
  void send(const std::string& id) {
    unacknowledged_.push_back(id);
    if (ready_) say(message(id));
  }
  void listen() {
    if (client_) reader_->feed(client_->hear(), *this);
  }
  bool lost() { return client_->peer().ended() || client_->peer().closed(); }
  bool ready() const { return ready_; }
  bool settled() const { return unacknowledged_.empty(); }
  void ask() { say("<r xmlns='urn:xmpp:sm:3'/>"); }

  std::vector<std::string> received;
  int resumptions = 0;
  int failures = 0;

 private:
  void say(const std::string& bytes) { client_->peer().send(bytes); }

  Next on_header(const xml::Element&, std::string_view) override { return Next::go_on; }
  void on_end() override {}
  Next on_element(xml::Document element) override {
    const xml::Element& root = element.root();
    const std::string_view name = root.name();
    if (name == "success") {
      reader_->restart();
      say(stream_header());
      say(id_.empty()
              ? "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
                "<enable xmlns='urn:xmpp:sm:3' resume='true'/>"
              : "<resume xmlns='urn:xmpp:sm:3' previd='" + id_ + "' h='" + std::to_string(received.size()) + "'/>");
    } else if (name == "enabled" || name == "resumed") {
      ready_ = true;
      if (name == "enabled") id_ = root.attr("id");
      if (name == "resumed") acknowledged(root);
      resumptions += name == "resumed" ? 1 : 0;
      for (const std::string& id : unacknowledged_) say(message(id));
    } else if (name == "failed") {
      ++failures;
    } else if (name == "a") {
      acknowledged(root);
    } else if (name == "r") {
      say("<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(received.size()) + "'/>");
    } else if (name == "message") {
      received.emplace_back(root.attr("id"));
    }
    return Next::go_on;
  }
  void acknowledged(const xml::Element& element) {
    const auto h = std::stoul(std::string(element.attr("h")));
    for (; acknowledged_ < h; ++acknowledged_) unacknowledged_.pop_front();
  }

  xml::ParserPool& pool_;
  std::optional<Client> client_;
  std::vector<Client> left_;
  std::optional<xml::StreamReader> reader_;
  std::deque<std::string> unacknowledged_;
  std::size_t acknowledged_ = 0;
  std::string id_;
  bool ready_ = false;
};

using Old = CountingClient::Old;

class ResumptionTest : public C2sTest, public testing::WithParamInterface<int> {
 protected:
  ResumptionTest() : C2sTest(4) {}
  std::size_t draw(std::size_t below) { return world->draw(below); }
  sim::LinkOptions fragile() {
    sim::LinkOptions options{.chunk = 1 + draw(400)};
    if (draw(4) > 0) options.cut_to_server = 300 + draw(3000);
    if (draw(4) > 0) options.cut_to_client = 1200 + draw(4000);
    return options;
  }
};

TEST_P(ResumptionTest, NothingIsLostDoubledOrSwapped) {
  for (int i = 0; i < GetParam(); ++i) draw(2);  // another course of events
  RecordingService& service = accounts(owner("romeo@example.org"));
  service.slow = true;
  xml::ParserPool pool;
  CountingClient romeo(pool);
  romeo.use(connect());
  while (service.sessions.empty() || !romeo.ready()) romeo.listen();
  RecordingService::Session& session = service.sessions.front();

  std::vector<std::string> sent, delivered;
  const auto work = [&](bool more) {
    for (std::size_t n = more ? draw(4) : 0; n > 0; --n) {
      sent.push_back("m" + std::to_string(sent.size()));
      romeo.send(sent.back());
    }
    for (std::size_t n = more ? draw(4) : 0; n > 0; --n) {
      delivered.push_back("d" + std::to_string(delivered.size()));
      service.deliver(session, delivered.back());
    }
    service.complete(session, static_cast<std::uint32_t>(more ? draw(session.open + 1) : session.open));
    romeo.listen();
  };
  for (int round = 0; round < 400; ++round) {
    if (romeo.lost() || draw(40) == 0) romeo.use(connect(fragile(), draw(4)), static_cast<Old>(draw(3)));
    work(true);
  }
  romeo.use(connect());
  for (int round = 0; round < 100; ++round) work(false);
  romeo.ask();
  work(false);

  EXPECT_GT(romeo.resumptions, 10);
  EXPECT_EQ(romeo.failures, 0);
  EXPECT_TRUE(session.bound);
  EXPECT_EQ(session.submitted, sent);
  EXPECT_EQ(romeo.received, delivered);
  EXPECT_TRUE(romeo.settled());
  EXPECT_EQ(service.sessions.size(), 1U);
  EXPECT_EQ(counts().sessions, 1U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ResumptionTest, testing::Range(0, 8));

}  // namespace
}  // namespace c2s_test
