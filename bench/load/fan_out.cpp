// One speaks, many hear: presence to subscribed contacts, a message to the occupants of a room.

#include "bench/load/run.h"

namespace load {
namespace {

/// Clients in groups of `group`; the first of each is the speaker, and the others count what they hear.
class FanOut : public Case {
 public:
  explicit FanOut(const Options& options) : options_(options), meter_(options.server), measured_(meter_) {
    for (std::size_t i = 0; i < options.clients / options.group * options.group; ++i) {
      clients_.push_back(std::make_unique<Client>(loop_, options.way, *this, i, "u" + std::to_string(i)));
    }
    heard_.resize(clients_.size());
    speakers_.resize(clients_.size() / options.group);
    if (speakers_.empty()) throw Failed("fewer clients than a group");
  }

  nlohmann::json run() {
    log_in(loop_, clients_, options_.concurrent);
    set_up();
    sending_ = true;
    for (std::size_t group = 0; group < speakers_.size(); ++group) speak(group);
    wait(options_.warm_up_seconds);
    const std::uint64_t before = heard_in_all_;
    measured_.begin();
    wait(options_.seconds);
    measured_.end(heard_in_all_ - before);
    sending_ = false;
    loop_.until([this] { return heard_in_all_ == due(); }, 15);
    errors_.lost = due() - std::min(heard_in_all_, due());
    log_out(loop_, clients_);
    nlohmann::json json = measured_.report();
    json["errors"] = report(errors_);
    return json;
  }

 protected:
  /// Subscriptions made, rooms joined.
  virtual void set_up() = 0;
  virtual std::string next(std::size_t group, const std::string& text) = 0;
  /// Who hears besides the speaker's own echo.
  [[nodiscard]] virtual std::size_t hearers() const = 0;

  [[nodiscard]] std::size_t group_of(const Client& client) const { return client.number() / options_.group; }
  [[nodiscard]] bool speaks(const Client& client) const { return client.number() % options_.group == 0; }
  Client& speaker(std::size_t group) { return *clients_[group * options_.group]; }

  /// `text` is what next() was given.
  void heard(const Client& client, std::string_view text) {
    const auto stamp = read_stamp(text);
    if (!stamp) {
      ++errors_.misdelivered;
      return;
    }
    heard_[client.number()].got(stamp->number, errors_);
    ++heard_in_all_;
    if (measured_.running()) measured_.latency.add(now_ns() - stamp->time);
    Speaker& group = speakers_[group_of(client)];
    if (++group.heard % hearers() == 0) speak(group_of(client));
  }

  const Options& options_;
  Loop loop_;
  std::vector<std::unique_ptr<Client>> clients_;

 private:
  struct Speaker {
    std::uint64_t said = 0, heard = 0;
  };

  void wait(double seconds) {
    loop_.until([] { return false; }, seconds);
  }
  [[nodiscard]] std::uint64_t due() const {
    std::uint64_t said = 0;
    for (const Speaker& group : speakers_) said += group.said;
    return said * hearers();
  }
  void speak(std::size_t group) {
    Speaker& state = speakers_[group];
    while (sending_ && state.said * hearers() < state.heard + options_.window * hearers()) {
      speaker(group).send_stanza(next(group, std::to_string(state.said++) + " " + std::to_string(now_ns()) + " "));
    }
  }

  Meter meter_;
  Measurement measured_;
  std::vector<Sequence> heard_;
  std::vector<Speaker> speakers_;
  Errors errors_;
  std::uint64_t heard_in_all_ = 0;
  bool sending_ = false;
};

class Presence final : public FanOut {
  using FanOut::FanOut;

  void set_up() override {
    const auto bare = [this](std::size_t group) {
      return "u" + std::to_string(group * options_.group) + "@" + options_.way.domain;
    };
    for (const auto& client : clients_) {
      if (!speaks(*client)) client->send("<presence type='subscribe' to='" + bare(group_of(*client)) + "'/>");
    }
    const std::size_t wanted = clients_.size() / options_.group * hearers();
    if (!loop_.until([&] { return subscribed_ >= wanted; }, 60)) {
      throw Failed(std::to_string(wanted - subscribed_) + " subscriptions were not made");
    }
    loop_.until([] { return false; }, 1);  // what the subscriptions still set off
    counting_ = true;
  }
  std::string next(std::size_t, const std::string& text) override {
    return "<presence><status>" + text + "available for conversation</status></presence>";
  }
  [[nodiscard]] std::size_t hearers() const override { return options_.group - 1; }

  void stanza(Client& client, std::string_view element) override {
    if (!element.starts_with("<presence")) return;
    const std::string_view type = attribute(element, "type"), from = attribute(element, "from");
    if (type == "subscribe" && speaks(client)) {
      client.send("<presence type='subscribed' to='" + std::string(from) + "'/>");
    } else if (type == "subscribed") {
      ++subscribed_;
    } else if (counting_ && type.empty() && !speaks(client) && from == speaker(group_of(client)).jid()) {
      heard(client, text_of(element, "status"));
    }
  }

  std::size_t subscribed_ = 0;
  bool counting_ = false;
};

class Room final : public FanOut {
  using FanOut::FanOut;

  [[nodiscard]] std::string room(std::size_t group) const {
    return "bench" + std::to_string(group) + "@" + options_.service;
  }

  void join(const Client& client) {
    clients_[client.number()]->send(
        "<presence to='" + room(group_of(client)) + "/" + client.name() +
        "'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>");
  }
  void set_up() override {
    for (std::size_t group = 0; group < clients_.size() / options_.group; ++group) join(speaker(group));
    if (!loop_.until([&] { return joined_ == clients_.size() / options_.group; }, 30))
      throw Failed("rooms were not made");
    for (const auto& client : clients_) {
      if (!speaks(*client)) join(*client);
    }
    if (!loop_.until([&] { return joined_ == clients_.size(); }, 60)) throw Failed("not all could join their room");
    loop_.until([] { return false; }, 1);
  }
  std::string next(std::size_t group, const std::string& text) override {
    return "<message to='" + room(group) + "' type='groupchat' id='g'><body>" + text + std::string(60, 'x') +
           "</body></message>";
  }
  [[nodiscard]] std::size_t hearers() const override { return options_.group; }

  void stanza(Client& client, std::string_view element) override {
    if (element.starts_with("<presence")) {
      if (attribute(element, "type") == "error") throw Failed(std::string(element));
      if (element.contains("code='110'") || element.contains("code=\"110\"")) {
        if (element.contains("'201'") || element.contains("\"201\"")) unlock(client);
        ++joined_;
      }
    } else if (element.starts_with("<message") && element.contains("<body")) {
      heard(client, text_of(element, "body"));
    }
  }
  /// XEP-0045 10.1.2: an instant room.
  void unlock(Client& client) {
    client.send(
        "<iq type='set' id='unlock' to='" + room(group_of(client)) +
        "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>");
  }

  std::size_t joined_ = 0;
};

}  // namespace

nlohmann::json run_presence(const Options& options) { return Presence(options).run(); }
nlohmann::json run_room(const Options& options) { return Room(options).run(); }

}  // namespace load
