#include "bench/load/fan_out.h"

#include <algorithm>

namespace load {

FanOut::FanOut(const Options& options, std::size_t speakers)
    : options_(options), each_(speakers), meter_(options.server), measured_(meter_) {
  if (each_ > options.group) throw Failed("more speakers than a group has");
  for (std::size_t i = 0; i < options.clients / options.group * options.group; ++i) {
    clients_.push_back(std::make_unique<Client>(loop_, options.way, *this, i, "u" + std::to_string(i)));
  }
  if (clients_.empty()) throw Failed("fewer clients than a group");
  speakers_.resize(groups() * each_);
  heard_.resize(clients_.size() * each_);
}

nlohmann::json FanOut::run() {
  log_in(loop_, clients_, options_.concurrent);
  set_up();
  if (speak_for(options_.warm_up_seconds)) {
    // From silence to silence: a server may hold back all copies of many messages and send them in one go.
    const std::uint64_t before = heard_in_all_;
    measured_.begin();
    speak_for(options_.seconds);
    measured_.end(heard_in_all_ - before);
  }
  errors_.lost = due() - std::min(heard_in_all_, due());
  log_out(loop_, clients_);
  nlohmann::json json = measured_.report();
  json["errors"] = report(errors_);
  return json;
}

void FanOut::heard(const Client& hearer, std::size_t speaker, std::string_view text) {
  const auto stamp = read_stamp(text);
  if (!stamp || !speaks(speaker) || group_of(speaker) != group_of(hearer.number())) return misdelivered();
  heard_[hearer.number() * each_ + speaker % options_.group].got(stamp->number, errors_);
  ++heard_in_all_;
  if (measured_.running()) measured_.latency.add(now_ns() - stamp->time);
  if (++speakers_[place(speaker)].heard % hearers() == 0) speak(speaker);
}

bool FanOut::speak_for(double seconds) {
  sending_ = true;
  for (std::size_t client = 0; client < clients_.size(); ++client) {
    if (speaks(client)) speak(client);
  }
  loop_.until([] { return false; }, seconds);
  sending_ = false;
  return loop_.until([this] { return heard_in_all_ >= due(); }, 60);
}

std::uint64_t FanOut::due() const {
  std::uint64_t said = 0;
  for (const Speaker& speaker : speakers_) said += speaker.said;
  return said * hearers();
}

void FanOut::speak(std::size_t client) {
  Speaker& state = speakers_[place(client)];
  while (sending_ && state.said * hearers() < state.heard + options_.window * hearers()) {
    const std::string text = std::to_string(state.said++) + " " + std::to_string(now_ns()) + " ";
    clients_[client]->send_stanza(next(group_of(client), text));
  }
}

}  // namespace load
