// Rooms (XEP-0045): messages to their occupants, and many who join one at once.
#include <charconv>

#include "bench/load/fan_out.h"

namespace load {
namespace {

std::string join(std::string_view room, std::string_view nickname) {
  std::string stanza("<presence to='");
  stanza.append(room).append("/").append(nickname);
  return stanza.append("'><x xmlns='http://jabber.org/protocol/muc'><history maxchars='0'/></x></presence>");
}

/// XEP-0045 10.1.2, an instant room; or 10.1.3, one that announces nobody but its owner.
std::string unlock(std::string_view room, bool quiet) {
  std::string stanza("<iq type='set' id='unlock' to='");
  stanza.append(room).append("'><query xmlns='http://jabber.org/protocol/muc#owner'>");
  stanza.append("<x xmlns='jabber:x:data' type='submit'>");
  if (quiet) {
    stanza.append("<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>");
    stanza.append("<field var='muc#roomconfig_presencebroadcast'><value>moderator</value></field>");
  }
  return stanza.append("</x></query></iq>");
}

bool has_status(std::string_view element, std::string_view code) {
  for (std::size_t at = element.find(code); at != std::string_view::npos; at = element.find(code, at + 1)) {
    if (element.substr(0, at - 1).ends_with("code=")) return true;  // behind it a quote of either kind
  }
  return false;
}

/// The client whose nickname `from` ends with if it is an occupant of the room.
std::optional<std::size_t> occupant(std::string_view from, std::string_view room) {
  if (!from.starts_with(room) || !from.substr(room.size()).starts_with("/u")) return std::nullopt;
  from.remove_prefix(room.size() + 2);
  std::size_t number = 0;
  const auto [end, bad] = std::from_chars(from.data(), from.data() + from.size(), number);
  if (bad != std::errc{} || end != from.data() + from.size()) return std::nullopt;
  return number;
}

void refuse_errors(std::string_view element) {
  if (attribute(element, "type") == "error") throw Failed(std::string(element.substr(0, 500)));
}

/// Some occupants of each room speak, all hear.
class Room final : public FanOut {
 public:
  explicit Room(const Options& options) : FanOut(options, options.speakers), in_(clients_.size()) {
    for (std::size_t group = 0; group < groups(); ++group) {
      rooms_.push_back("bench" + std::to_string(group) + "@" + options.service);
    }
  }

 private:
  [[nodiscard]] const std::string& room(std::size_t client) const { return rooms_[group_of(client)]; }

  void enter(std::size_t client) { clients_[client]->send_stanza(join(room(client), clients_[client]->name())); }

  void set_up() override {
    for (std::size_t group = 0; group < groups(); ++group) enter(first(group));
    if (!loop_.until([this] { return open_ == groups(); }, 30)) throw Failed("rooms were not made");
    for (std::size_t client = 0; client < clients_.size(); ++client) {
      if (client != first(group_of(client))) enter(client);
    }
    if (!loop_.until([this] { return joined_ == clients_.size(); }, 600)) throw Failed("not all could join their room");
    loop_.until([] { return false; }, 1);  // what the joins still set off
  }
  std::string next(std::size_t group, const std::string& text) override {
    return "<message to='" + rooms_[group] + "' type='groupchat' id='g'><body>" + text + std::string(60, 'x') +
           "</body></message>";
  }
  [[nodiscard]] std::size_t hearers() const override { return options_.group; }

  void stanza(Client& client, std::string_view element) override {
    refuse_errors(element);
    if (element.starts_with("<presence")) {
      if (!in_[client.number()] && has_status(element, "110")) entered(client, has_status(element, "201"));
    } else if (element.starts_with("<iq")) {
      if (attribute(element, "id") == "unlock") ++open_;
    } else if (element.contains("<body")) {
      const std::string_view from = attribute(element, "from");
      if (from == room(client.number())) return;  // the room's own words
      const auto speaker = occupant(from, room(client.number()));
      speaker ? heard(client, *speaker, text_of(element, "body")) : misdelivered();
    }
  }

  void entered(Client& client, bool made) {
    in_[client.number()] = true;
    ++joined_;
    if (made) {
      client.send_stanza(unlock(room(client.number()), options_.quiet));
    } else if (client.number() == first(group_of(client.number()))) {
      ++open_;  // was there
    }
  }

  std::vector<std::string> rooms_;
  std::vector<bool> in_;  // by client
  std::size_t open_ = 0, joined_ = 0;
};

/// All clients but the last join its room in one instant. Over when each occupant has the presence of every other, and
/// each joiner its own besides.
class Joins final : public Case {
 public:
  explicit Joins(const Options& options)
      : options_(options), room_("joins@" + options.service), meter_(options.server), measured_(meter_) {
    for (std::size_t i = 0; i <= options.group; ++i) {
      clients_.push_back(std::make_unique<Client>(loop_, options.way, *this, i, "u" + std::to_string(i)));
    }
    seen_.resize(clients_.size() * clients_.size());
    got_.resize(clients_.size());
    due_ = seen_.size() - 1;  // the owner's own came before
  }

  nlohmann::json run() {
    log_in(loop_, clients_, options_.concurrent);
    Client& owner = *clients_.back();
    owner.send_stanza(join(room_, owner.name()));
    if (!loop_.until([this] { return open_; }, 30)) throw Failed("the room was not made");
    begin();
    while (received_ < due_) {
      const std::uint64_t before = received_;
      if (!loop_.until([this] { return received_ >= due_; }, 20) && received_ == before) break;  // nothing comes
    }
    if (measured_.running()) measured_.end(received_);
    loop_.until([] { return false; }, 0.5);  // what came twice may follow
    errors_.lost = due_ - std::min(received_, due_);
    nlohmann::json json = measured_.report();
    json["occupants"] = clients_.size();
    json["entered_p50_ms"] = entered_.quantile(0.50) / 1e6;
    json["entered_p99_ms"] = entered_.quantile(0.99) / 1e6;
    json["errors"] = report(errors_);
    // Connections are dropped: a thousand departures, each told to the rest, are not waited for.
    return json;
  }

 private:
  void begin() {
    std::vector<std::string> stanzas;
    for (const auto& client : clients_) stanzas.push_back(join(room_, client->name()));
    measured_.begin();
    begun_ = now_ns();
    for (std::size_t i = 0; i < options_.group; ++i) clients_[i]->send_stanza(stanzas[i]);
  }

  void stanza(Client& client, std::string_view element) override {
    refuse_errors(element);
    if (element.starts_with("<iq")) {
      if (attribute(element, "id") == "unlock") open_ = true;
    } else if (element.starts_with("<presence")) {
      begun_ == 0 ? before(client, element) : presence(client, element);
    }
  }
  void before(Client& client, std::string_view element) {
    if (client.number() != options_.group || !has_status(element, "110")) return;
    if (has_status(element, "201")) {
      client.send_stanza(unlock(room_, false));
    } else {
      open_ = true;
    }
  }
  void presence(const Client& client, std::string_view element) {
    const std::size_t here = client.number();
    const std::string_view from = attribute(element, "from");
    if (from == room_) return;  // the room's own (XEP-0486)
    const auto who = occupant(from, room_);
    const bool own = who == here;
    if (!who || *who > options_.group || !attribute(element, "type").empty() || (own && !has_status(element, "110"))) {
      ++errors_.misdelivered;
      return;
    }
    const bool seen = seen_[here * clients_.size() + *who];
    if (seen || (own && here == options_.group)) {
      ++errors_.doubled;
      return;
    }
    seen_[here * clients_.size() + *who] = true;
    ++received_;
    if (own) entered_.add(now_ns() - begun_);
    if (++got_[here] == clients_.size()) measured_.latency.add(now_ns() - begun_);
    if (received_ == due_) measured_.end(received_);
  }

  const Options& options_;
  std::string room_;
  Loop loop_;
  Meter meter_;
  Measurement measured_;  // its latency: until a joiner had all it is owed
  Histogram entered_;     // until it had its own presence
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<bool> seen_;        // by receiver, then occupant
  std::vector<std::size_t> got_;  // presences, by receiver
  Errors errors_;
  std::uint64_t begun_ = 0, received_ = 0, due_ = 0;
  bool open_ = false;
};

}  // namespace

nlohmann::json run_room(const Options& options) { return Room(options).run(); }
nlohmann::json run_joins(const Options& options) { return Joins(options).run(); }

}  // namespace load
