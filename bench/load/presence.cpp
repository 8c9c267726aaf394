// Presence to subscribed contacts.
#include "bench/load/fan_out.h"

namespace load {
namespace {

class Presence final : public FanOut {
 public:
  explicit Presence(const Options& options) : FanOut(options, 1) {}

 private:
  void set_up() override {
    for (const auto& client : clients_) {
      if (speaks(client->number())) continue;
      client->send("<presence type='subscribe' to='u" + std::to_string(first(group_of(client->number()))) + "@" +
                   options_.way.domain + "'/>");
    }
    const std::size_t wanted = groups() * hearers();
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
    const std::size_t speaker = first(group_of(client.number()));
    if (type == "subscribe" && speaks(client.number())) {
      client.send("<presence type='subscribed' to='" + std::string(from) + "'/>");
    } else if (type == "subscribed") {
      ++subscribed_;
    } else if (counting_ && type.empty() && client.number() != speaker && from == clients_[speaker]->jid()) {
      heard(client, speaker, text_of(element, "status"));
    }
  }

  std::size_t subscribed_ = 0;
  bool counting_ = false;
};

}  // namespace

nlohmann::json run_presence(const Options& options) { return Presence(options).run(); }

}  // namespace load
