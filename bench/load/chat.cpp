// One-to-one chat: closed loop with a window, or open loop at a rate; with or without stream management.

#include "bench/load/run.h"

namespace load {
namespace {

/// A chat message as clients send it: chat state, receipt request, origin id. About 320 bytes; number and time first.
std::string message(std::string_view to, std::uint64_t number, std::uint64_t time) {
  std::string text = std::to_string(number) + " " + std::to_string(time) + " ";
  text.append(text.size() < 80 ? 80 - text.size() : 0, 'x');
  std::string out;
  out.reserve(400);
  out.append("<message to='")
      .append(to)
      .append("' type='chat' id='m")
      .append(std::to_string(number))
      .append("'><body>");
  out.append(text).append("</body><active xmlns='http://jabber.org/protocol/chatstates'/>");
  out.append("<request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='");
  return out.append(std::to_string(number)).append("'/></message>");
}

class Chat final : public Case {
 public:
  explicit Chat(const Options& options)
      : options_(options), far_(options.way), meter_(options.server), measured_(meter_) {
    const bool apart = !options.far.domain.empty();
    if (apart) {
      far_.address = options.far.address;
      far_.port = options.far.port;
      far_.domain = options.far.domain;
    }
    for (std::size_t n = 0; n < options.clients / 2 * 2; ++n) {
      const Way& way = n % 2 == 1 && apart ? far_ : options.way;
      clients_.push_back(std::make_unique<Client>(loop_, way, *this, n, "u" + std::to_string(n)));
    }
    peers_.resize(clients_.size());
  }

  nlohmann::json run() {
    log_in(loop_, clients_, options_.concurrent);
    for (const auto& client : clients_) {
      if (client->managed()) client->send("<r xmlns='urn:xmpp:sm:3'/>");
    }
    if (!loop_.until([this] { return all_acknowledged(); }, 10)) throw Failed("the login is not acknowledged");
    std::uint64_t next_due = now_ns();
    const auto until = [&](double seconds) {
      const std::uint64_t end = now_ns() + static_cast<std::uint64_t>(seconds * 1e9);
      while (now_ns() < end) turn(next_due);
    };
    sending_ = true;
    if (options_.rate == 0) {
      for (auto& peer : peers_) peer.credit = options_.window;
      for (std::size_t i = 0; i < clients_.size(); ++i) pump(i);
    }
    until(options_.warm_up_seconds);
    const std::uint64_t before = received_;
    measured_.begin();
    until(options_.seconds);
    measured_.end(received_ - before);
    sending_ = false;
    // Unhurried: a lost message shows as one that never comes.
    loop_.until([this] { return received_ == sent_ && all_acknowledged(); }, 15);
    errors_.lost = sent_ - std::min(received_, sent_);
    log_out(loop_, clients_);
    nlohmann::json json = measured_.report();
    json["errors"] = report(errors_);
    json["unacknowledged"] = !all_acknowledged();
    return json;
  }

 private:
  struct Peer {
    std::uint64_t next = 0;  // number of the next message this client sends
    std::size_t credit = 0;  // messages it may send now
    bool asks = false;       // has sent something since it last asked for an acknowledgement
    Sequence received;
  };

  void turn(std::uint64_t& next_due) {
    if (options_.rate == 0) return loop_.turn(5'000'000);
    const auto gap = static_cast<std::uint64_t>(1e9 / options_.rate);
    const std::uint64_t now = now_ns();
    for (; next_due <= now; next_due += gap) {
      send(turn_of_, next_due);  // timed from when it was due, so that a late generator or server shows
      ask(turn_of_);
      turn_of_ = (turn_of_ + 1) % clients_.size();
    }
    loop_.turn(0);  // polls: how soon a sleeping generator is woken is not the server's doing
  }

  void send(std::size_t from, std::uint64_t time) {
    Peer& peer = peers_[from];
    clients_[from]->send_stanza(message(clients_[from ^ 1]->jid(), peer.next++, time));
    peer.asks = true;
    ++sent_;
  }

  /// Sends what credit, and with stream management the window of what is not yet acknowledged, allow.
  void pump(std::size_t from) {
    Peer& peer = peers_[from];
    while (sending_ && peer.credit > 0 && clients_[from]->unacknowledged() < options_.window) {
      --peer.credit;
      send(from, now_ns());
    }
    ask(from);
  }

  void ask(std::size_t from) {
    if (std::exchange(peers_[from].asks, false) && clients_[from]->managed())
      clients_[from]->send("<r xmlns='urn:xmpp:sm:3'/>");
  }

  void stanza(Client& client, std::string_view element) override {
    if (!element.starts_with("<message")) {
      if (element.starts_with("<a ")) pump(client.number());
      return;
    }
    const std::size_t from = client.number() ^ 1;
    const auto stamp = read_stamp(text_of(element, "body"));
    if (stamp && stamp->time < begun_) return;  // kept by the server since an earlier run
    if (!stamp || attribute(element, "from") != clients_[from]->jid() || attribute(element, "type") == "error") {
      ++errors_.misdelivered;
      return;
    }
    peers_[from].received.got(stamp->number, errors_);
    ++received_;
    if (measured_.running()) measured_.latency.add(now_ns() - stamp->time);
    if (options_.rate != 0) return;
    ++peers_[client.number()].credit;  // each message is answered by one
    pump(client.number());
  }

  [[nodiscard]] bool all_acknowledged() const {
    for (const auto& client : clients_) {
      if (client->unacknowledged() != 0) return false;
    }
    return true;
  }

  const Options& options_;
  Way far_;
  Loop loop_;
  Meter meter_;
  Measurement measured_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Peer> peers_;
  Errors errors_;
  std::uint64_t begun_ = now_ns(), sent_ = 0, received_ = 0;
  std::size_t turn_of_ = 0;
  bool sending_ = false;
};

}  // namespace

nlohmann::json run_chat(const Options& options) { return Chat(options).run(); }

}  // namespace load
