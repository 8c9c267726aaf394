// Clients in groups: some of each group speak, and all count what they hear.
#pragma once

#include "bench/load/run.h"

namespace load {

class FanOut : public Case {
 public:
  /// The first `speakers` clients of each group speak.
  FanOut(const Options& options, std::size_t speakers);
  nlohmann::json run();

 protected:
  /// Subscriptions made, rooms joined.
  virtual void set_up() = 0;
  /// The stanza a speaker sends; `text` is to come back to heard() from everyone who hears.
  virtual std::string next(std::size_t group, const std::string& text) = 0;
  /// How many hear each stanza.
  [[nodiscard]] virtual std::size_t hearers() const = 0;

  void heard(const Client& hearer, std::size_t speaker, std::string_view text);
  void misdelivered() { ++errors_.misdelivered; }

  [[nodiscard]] std::size_t groups() const { return clients_.size() / options_.group; }
  [[nodiscard]] std::size_t group_of(std::size_t client) const { return client / options_.group; }
  [[nodiscard]] bool speaks(std::size_t client) const { return client % options_.group < each_; }
  /// The first speaker of a group.
  [[nodiscard]] std::size_t first(std::size_t group) const { return group * options_.group; }

  const Options& options_;
  Loop loop_;
  std::vector<std::unique_ptr<Client>> clients_;

 private:
  struct Speaker {
    std::uint64_t said = 0, heard = 0;  // stanzas sent; copies of them that arrived
  };

  /// And until all has arrived; false if it does not.
  bool speak_for(double seconds);
  /// Copies that are to arrive for what was said.
  [[nodiscard]] std::uint64_t due() const;
  /// As much as the window allows.
  void speak(std::size_t client);
  [[nodiscard]] std::size_t place(std::size_t speaker) const {
    return group_of(speaker) * each_ + speaker % options_.group;
  }

  std::size_t each_;  // speakers of a group
  Meter meter_;
  Measurement measured_;
  std::vector<Speaker> speakers_;
  std::vector<Sequence> heard_;  // of each client, by speaker of its group
  Errors errors_;
  std::uint64_t heard_in_all_ = 0;
  bool sending_ = false;
};

}  // namespace load
