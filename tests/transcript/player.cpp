#include "transcript/player.h"

#include <charconv>
#include <map>
#include <set>
#include <string>

#include "transcript/client.h"
#include "transcript/pattern.h"
#include "xml/writer.h"
#include "xmpp/ns.h"

namespace transcript {
namespace {

namespace ns = xmpp::ns;

std::string bare(const std::string& jid) { return jid.substr(0, jid.find('/')); }

class Player {
 public:
  Player(const Script& script, Stage& stage) : script_(script), stage_(stage) {}

  void set_the_scene();
  void perform(const Step& step);

 private:
  Client& client(const std::string& role) { return *clients_.at(role); }
  void subscribe(Client& contact, Client& user);
  void everyone_in_step();
  void act(const Step& step, Client& who);
  void expect_next(const Step& step, Client& who);
  void expect_among(const Step& step, Client& who);
  void expect_silence(Client& who);
  void kill_server();
  void move_clock(const std::string& by);
  Bindings bindings_for(const Client& who) const;

  const Script& script_;
  Stage& stage_;
  std::map<std::string, std::unique_ptr<Client>> clients_;
  Bindings bindings_;
};

void Player::set_the_scene() {
  std::set<std::string> added;
  for (const Role& role : script_.cast) {
    if (role.entrance != Entrance::stranger && added.insert(role.account).second) {
      stage_.add_account(role.account, kPassword);
    }
    clients_.emplace(role.name, std::make_unique<Client>(stage_, role));
  }
  stage_.start();
  for (const Role& role : script_.cast) {
    if (role.entrance == Entrance::absent || role.entrance == Entrance::stranger) continue;
    Client& who = client(role.name);
    who.connect();
    who.open();
    who.log_in();
    who.bind();
  }
  for (const auto& [one, other] : script_.friends) {
    subscribe(client(one), client(other));
    subscribe(client(other), client(one));
  }
  for (const Role& role : script_.cast) {
    Client& who = client(role.name);
    if (role.entrance == Entrance::interested)
      who.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
    if (role.entrance == Entrance::available || role.entrance == Entrance::interested) who.go_available();
  }
  everyone_in_step();
  for (auto& [name, who] : clients_) who->forget_waiting();
}

// Nobody is available yet, so the server holds the request and the approval needs no sight of it.
void Player::subscribe(Client& contact, Client& user) {
  user.send("<presence type='subscribe' to='" + bare(contact.jid()) + "'/>");
  everyone_in_step();
  contact.send("<presence type='subscribed' to='" + bare(user.jid()) + "'/>");
  everyone_in_step();
}

/// Two rounds, because what one round trip has flushed out of one account may set off something in another.
void Player::everyone_in_step() {
  for (int round = 0; round < 2; ++round) {
    for (auto& [name, who] : clients_) {
      if (!who->bound()) continue;
      for (auto& [other, peer] : clients_)
        if (peer->bound()) who->barrier(bare(peer->jid()));
      who->barrier();
    }
  }
}

void Player::perform(const Step& step) {
  switch (step.verb) {
    case Verb::clock: return move_clock(step.text);
    case Verb::server_dies: return kill_server();
    default: return act(step, client(step.role));
  }
}

void Player::act(const Step& step, Client& who) {
  switch (step.verb) {
    case Verb::sends: return who.send(fill(step.text, bindings_for(who)));
    case Verb::sends_raw: return who.send(fill(unescape(step.text), bindings_for(who)));
    case Verb::receives: return expect_next(step, who);
    case Verb::receives_too: return expect_among(step, who);
    case Verb::silent: return expect_silence(who);
    case Verb::connects: return who.connect();
    case Verb::opens: return who.open();
    case Verb::logs_in: return who.log_in();
    case Verb::binds: return who.bind();
    case Verb::available: return who.go_available();
    case Verb::cuts: return who.cut();
    case Verb::closes: return who.close();
    case Verb::closed: return who.await_end();
    default: throw Failure("no role does this");
  }
}

/// Acknowledgements come when the server sees fit, so they are passed over where something else is awaited, and so is
/// one that is not the awaited one yet.
bool may_pass(const xml::Element& expected, const xml::Element& element) {
  if (element.ns() != ns::sm || (element.name() != "a" && element.name() != "r")) return false;
  return !expected.is(element.ns(), element.name()) || element.name() == "a";
}

void Player::expect_next(const Step& step, Client& who) {
  const xml::Document expected = parse_pattern(step.text);
  std::string passed;
  while (const auto* element = who.peek(0)) {
    Bindings bindings = bindings_for(who);
    const std::string differs = difference(expected.root(), *element, bindings);
    if (differs.empty()) {
      bindings_ = std::move(bindings);
      who.take(0);
      return;
    }
    if (!may_pass(expected.root(), *element)) throw Failure(differs + "\n  waiting: " + who.waiting());
    passed += "\n    " + xml::to_string(who.take(0).root());
  }
  throw Failure("nothing came" + (passed.empty() ? "" : ", after" + passed));
}

void Player::expect_among(const Step& step, Client& who) {
  const xml::Document expected = parse_pattern(step.text);
  std::string closest;
  for (std::size_t i = 0;; ++i) {
    const auto* element = who.peek(i);
    if (element == nullptr) break;
    Bindings bindings = bindings_for(who);
    const std::string differs = difference(expected.root(), *element, bindings);
    if (!differs.empty()) {
      if (element->is(expected.root().ns(), expected.root().name())) closest += "\n  " + differs;
      continue;
    }
    bindings_ = std::move(bindings);
    who.take(i);
    return;
  }
  throw Failure("it did not come;" + closest + "\n  waiting: " + who.waiting());
}

void Player::expect_silence(Client& who) {
  everyone_in_step();
  if (!who.bound()) throw Failure("only a bound session can prove that nothing came");
  std::size_t i = 0;
  while (who.waiting() != "nothing") {
    const auto* element = who.peek(i);
    if (element->ns() != ns::sm) throw Failure("it was not silent: " + who.waiting());
    who.take(i);
  }
}

void Player::kill_server() {
  stage_.die_and_restart();
  for (auto& [name, who] : clients_) who->cut();
}

void Player::move_clock(const std::string& by) {
  int seconds = 0;
  const auto [end, error] = std::from_chars(by.data() + by.starts_with('+'), by.data() + by.size(), seconds);
  if (error != std::errc{} || std::string_view(end) != "s") throw Failure("clock +60s, not clock " + by);
  stage_.advance(std::chrono::seconds(seconds));
}

Bindings Player::bindings_for(const Client& who) const {
  Bindings bindings = bindings_;
  bindings.insert_or_assign("h", std::to_string(who.handled()));
  return bindings;
}

}  // namespace

void play(const Script& script, Stage& stage) {
  Player player(script, stage);
  player.set_the_scene();
  for (const Step& step : script.steps) {
    try {
      player.perform(step);
    } catch (const Failure& failure) {
      throw Failure("line " + std::to_string(step.line) + ": " + step.role + " " + step.text.substr(0, 300) + "\n  " +
                    failure.what());
    }
  }
}

}  // namespace transcript
