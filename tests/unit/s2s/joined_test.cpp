// Whole servers' worth of streams joined in memory: both machines talk to each other, and to the authoritative server.
#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "ends.h"

namespace s2s {
namespace {

struct Link {
  std::unique_ptr<OutgoingEnd> out;
  std::unique_ptr<IncomingEnd> in;
  std::size_t most = std::numeric_limits<std::size_t>::max();  ///< bytes after which it is cut
  std::size_t carried = 0;
};

/// Servers, a name service, and the streams between them.
class World {
 public:
  void add(Server& server) {
    for (const std::string& domain : server.domains) names_[domain] = &server;
  }

  /// `proves` is what the certificate names that the dialling server shows, `shows` that of the other.
  Link& dial(Server& from, Plan plan, std::set<std::string, std::less<>> proves = {},
             std::set<std::string, std::less<>> shows = {}) {
    auto link = std::make_unique<Link>();
    Server& to = *names_.at(plan.pair.remote);
    link->out = std::make_unique<OutgoingEnd>(from, std::move(plan));
    link->in = std::make_unique<IncomingEnd>(to);
    link->out->certificate = std::move(shows);
    link->in->certificate = std::move(proves);
    IncomingEnd* asking = link->in.get();
    asking->on_verify = [this, asking](const Question& question) { to_ask_.emplace_back(asking, question); };
    link->out->stream.open();
    links_.push_back(std::move(link));
    return *links_.back();
  }

  void run() {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t i = 0; i < links_.size(); ++i) moved = move(*links_[i]) || moved;
      for (auto& [asking, question] : std::exchange(to_ask_, {})) {
        Link& link = dial(asking->server, {.pair = question.pair, .questions_only = true});
        EXPECT_TRUE(link.out->stream.ask(question));
        IncomingEnd* asked_by = asking;
        link.out->on_answered = [asked_by](const Question& q, const Verdict& v) { asked_by->stream.on_verified(q, v); };
        moved = true;
      }
    }
  }

 private:
  static bool carry(Link& link, std::string bytes, auto& to) {
    bytes.resize(std::min(bytes.size(), link.most - link.carried));
    link.carried += bytes.size();
    to.feed(bytes);
    return !bytes.empty();
  }

  static bool move(Link& link) {
    const bool there = carry(link, link.out->sent(), *link.in);
    const bool back = carry(link, link.in->sent(), *link.out);
    if (link.out->tls_asked && link.in->tls_asked) {
      link.in->tls();
      link.out->tls();
      return true;
    }
    return there || back;
  }

  std::map<std::string, Server*, std::less<>> names_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<std::pair<IncomingEnd*, Question>> to_ask_;
};

class Joined : public testing::Test {
 protected:
  Joined() {
    world.add(verona);
    world.add(mantua);
  }
  static void say(Link& link, std::string_view from, std::string_view to) { link.out->out += message_from(from, to); }

  Server verona{{"verona.example", "rooms.verona.example"}};
  Server mantua{{"mantua.example", "rooms.mantua.example"}};
  World world;
  const DomainPair pair{"verona.example", "mantua.example"};
};

TEST_F(Joined, Dialback) {
  Link& link = world.dial(verona, {.pair = pair});
  world.run();
  EXPECT_EQ(link.out->news(), "authorised verona.example<>mantua.example\nestablished dialback sm\n");
  EXPECT_EQ(link.in->news(),
            "bidi\nverify mantua.example<>verona.example\nauthorised mantua.example<>verona.example\nenable\n");
  say(link, "romeo@verona.example", "juliet@mantua.example");
  world.run();
  EXPECT_EQ(link.in->arrivals.size(), 1U);
}

TEST_F(Joined, External) {
  Link& link = world.dial(verona, {.pair = pair, .certificate = true}, {"verona.example"}, {"mantua.example"});
  world.run();
  EXPECT_EQ(link.out->news(), "authorised verona.example<>mantua.example\nestablished external sm\n");
  EXPECT_EQ(link.in->news(), "bidi\nauthorised mantua.example<>verona.example\nenable\n");
}

// SECURITY F04: such a certificate proves nothing; dialback over TLS does, where policy says so.
TEST_F(Joined, CertificateForAnotherName) {
  Link& weak = world.dial(verona, {.pair = pair, .certificate = true}, {"padua.example"});
  world.run();
  EXPECT_EQ(weak.out->news(), "authorised verona.example<>mantua.example\nestablished dialback sm\n");
  mantua.rules.dialback = false;
  Link& refused = world.dial(verona, {.pair = pair, .certificate = true}, {"padua.example"});
  world.run();
  EXPECT_EQ(refused.out->news(), "not accepted verona.example<>mantua.example not-authorized\n");
  EXPECT_TRUE(refused.in->stream.receives().empty());
}

TEST_F(Joined, Spoofer) {
  Server mallory({"verona.example"});  // by its own account; the name service knows better
  mallory.keys = DialbackKeys(base::Secret("guessed"));
  Link& link = world.dial(mallory, {.pair = pair, .certificate = true}, {"mallory.example"});
  world.run();
  EXPECT_EQ(link.out->news(), "not accepted verona.example<>mantua.example invalid\npeer closed\nclosed well\n");
  EXPECT_TRUE(link.in->stream.receives().empty());
  EXPECT_EQ(
      link.in->news(),
      "bidi\nverify mantua.example<>verona.example\nrefused mantua.example<>verona.example invalid\nclosed well\n");
}

// A key that was made for one stream is of no use on another (XEP-0185 2).
TEST_F(Joined, KeyOfAnotherStream) {
  Link& link = world.dial(verona, {.pair = pair, .questions_only = true});
  world.run();
  link.out->out += result_from("verona.example", "mantua.example",
                               verona.keys.key("mantua.example", "verona.example", "id of another stream"));
  world.run();
  EXPECT_TRUE(link.in->stream.is_closed());
  EXPECT_TRUE(link.in->stream.receives().empty());
}

TEST_F(Joined, PairsShareAStream) {
  Link& link = world.dial(verona, {.pair = pair});
  world.run();
  EXPECT_TRUE(link.out->stream.request({"rooms.verona.example", "mantua.example"}));
  EXPECT_TRUE(link.out->stream.request({"verona.example", "rooms.mantua.example"}));
  EXPECT_TRUE(link.out->stream.request({"verona.example", "elsewhere.example"}));
  link.out->news();
  world.run();
  EXPECT_EQ(link.out->news(),
            "not accepted verona.example<>elsewhere.example item-not-found\n"
            "accepted rooms.verona.example<>mantua.example\n"
            "authorised rooms.verona.example<>mantua.example\n"
            "accepted verona.example<>rooms.mantua.example\n");
  say(link, "ball@rooms.verona.example", "juliet@mantua.example");
  say(link, "romeo@verona.example", "feud@rooms.mantua.example");
  world.run();
  EXPECT_EQ(link.in->arrivals.size(), 2U);
}

TEST_F(Joined, BothWaysOverOneStream) {
  Link& link = world.dial(verona, {.pair = pair});
  world.run();
  ASSERT_TRUE(link.in->stream.may_send({"mantua.example", "verona.example"}));
  link.in->out += message_from("juliet@mantua.example", "romeo@verona.example");
  world.run();
  EXPECT_EQ(link.out->arrivals.size(), 1U);
  link.in->out += message_from("feud@rooms.mantua.example", "romeo@verona.example");
  world.run();
  EXPECT_TRUE(link.out->stream.is_closed());
}

// Two servers that begin at the same time answer each other's questions, though neither has proved itself.
TEST_F(Joined, BothBeginAtOnce) {
  Link& there = world.dial(verona, {.pair = pair});
  Link& back = world.dial(mantua, {.pair = {"mantua.example", "verona.example"}});
  world.run();
  EXPECT_TRUE(there.out->stream.is_established());
  EXPECT_TRUE(back.out->stream.is_established());
}

// ---- a link that is cut ----

/// What one side has to say, and what of it was not acknowledged yet.
class Sender {
 public:
  Sender(int count, std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {
    for (int i = 0; i < count; ++i) waiting_.push_back(std::to_string(i));
  }

  /// Over a stream that counts from now on, or that was resumed.
  void begin(auto& end, bool resumed, std::optional<std::uint32_t> h) {
    if (h) take(*h);
    if (!resumed) {
      auto rest = queue_.take_all();
      waiting_.insert(waiting_.begin(), rest.begin(), rest.end());
      queue_ = stream::OutboundQueue<std::string>({});
    }
    queue_.for_each_unacked([&](const std::string& id) { write(end, id); });
    for (std::string& id : std::exchange(waiting_, {})) {
      write(end, id);
      EXPECT_TRUE(queue_.push(std::move(id), 1));
    }
    end.stream.request_ack();
  }
  void take(std::uint32_t h) { EXPECT_TRUE(queue_.acknowledge(h)); }
  std::size_t left() const { return waiting_.size() + queue_.unacked(); }

 private:
  void write(auto& end, const std::string& id) const {
    EXPECT_TRUE(end.stream.may_send(
        {std::string(xmpp::Jid::parse(from_)->domain()), std::string(xmpp::Jid::parse(to_)->domain())}));
    end.out += "<message from='" + from_ + "' to='" + to_ + "' id='" + id + "'/>";
  }

  std::string from_, to_;
  std::vector<std::string> waiting_;
  stream::OutboundQueue<std::string> queue_{{}};
};

constexpr int kMessages = 4;

/// All of them, each once, in order.
void expect_all(const std::vector<std::string>& arrivals) {
  EXPECT_EQ(arrivals.size(), static_cast<std::size_t>(kMessages));
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    EXPECT_NE(arrivals[i].find("id='" + std::to_string(i) + "'"), std::string::npos) << arrivals[i];
  }
}

/// Two servers that talk both ways over one stream at a time.
class Talk {
 public:
  explicit Talk(bool external) : external_(external) {
    world_.add(verona_);
    world_.add(mantua_);
  }

  /// Bytes carried; with `most` the link is cut after so many and a second one takes over.
  std::size_t play(std::size_t most) {
    Link& first = dial({});
    first.most = most;
    world_.run();
    EXPECT_EQ(first.in->times_closed + first.out->times_closed, 0);
    collect(first);
    if (first.carried == most) {
      first.in->lose();
      const OutgoingEnd& out = *first.out;
      std::optional<Lost> lost;
      if (!out.reached.sm_id.empty()) {
        lost = Lost{out.reached.sm_id, out.stream.handled_count(), out.stream.sends(), out.stream.receives()};
      }
      Link& second = dial(std::move(lost));
      world_.run();
      collect(second);
    }
    expect_all(there_);
    expect_all(back_);
    EXPECT_EQ(romeo_.left() + juliet_.left(), 0U);
    return first.carried;
  }

 private:
  Link& dial(std::optional<Lost> lost) {
    std::set<std::string, std::less<>> proves;
    if (external_) proves.insert("verona.example");
    const DomainPair pair{"verona.example", "mantua.example"};
    Link& link = world_.dial(verona_, {.pair = pair, .certificate = external_, .lost = std::move(lost)}, proves);
    OutgoingEnd* out = link.out.get();
    IncomingEnd* in = link.in.get();
    in->kept = &kept_;
    out->on_established = [this, out] { romeo_.begin(*out, out->reached.resumed, out->reached.h); };
    in->on_counted = [this, in](bool resumed, std::optional<std::uint32_t> h) { juliet_.begin(*in, resumed, h); };
    return link;
  }

  void collect(const Link& link) {
    there_.insert(there_.end(), link.in->arrivals.begin(), link.in->arrivals.end());
    back_.insert(back_.end(), link.out->arrivals.begin(), link.out->arrivals.end());
    if (link.out->acked != 0) romeo_.take(link.out->acked);
    if (link.in->acked != 0) juliet_.take(link.in->acked);
  }

  const bool external_;
  Server verona_{{"verona.example"}};
  Server mantua_{{"mantua.example"}};
  World world_;
  Kept kept_;
  Sender romeo_{kMessages, "romeo@verona.example", "juliet@mantua.example"};
  Sender juliet_{kMessages, "juliet@mantua.example", "romeo@verona.example"};
  std::vector<std::string> there_, back_;
};

TEST(JoinedCut, AtEveryByteNothingIsLostOrDoubled) {
  for (const bool external : {false, true}) {
    const std::size_t whole = Talk(external).play(std::numeric_limits<std::size_t>::max());
    ASSERT_GT(whole, 1000U);
    for (std::size_t most = 0; most < whole; ++most) {
      SCOPED_TRACE(std::to_string(most));
      Talk(external).play(most);
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace s2s
