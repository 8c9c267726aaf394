// Messages to accounts that are away; then these log in and get them.
#include <charconv>

#include "bench/load/run.h"

namespace load {
namespace {

class Offline final : public Case {
 public:
  explicit Offline(const Options& options)
      : options_(options), each_(options.count / options.clients), meter_(options.server), received_(options.clients) {}

  nlohmann::json run() {
    for (std::size_t i = 0; i < options_.clients; ++i) away_.push_back(client(i));
    std::vector<std::unique_ptr<Client>> senders;
    senders.push_back(client(options_.clients));
    log_in(loop_, senders, 1);
    Measurement stored(meter_), drained(meter_);
    stored.begin();
    for (std::uint64_t number = 0; number < each_; ++number) {
      for (const auto& to : away_) {
        senders[0]->send_stanza("<message type='chat' to='" + to->name() + "@" + options_.way.domain + "'><body>" +
                                std::to_string(number) + " " + std::string(80, 'x') + "</body></message>");
      }
    }
    // An answer comes after everything before it was routed.
    senders[0]->send("<iq type='get' id='end' to='" + options_.way.domain + "'><ping xmlns='urn:xmpp:ping'/></iq>");
    if (!loop_.until([this] { return answered_; }, 120)) throw Failed("the messages were not taken");
    stored.end(each_ * options_.clients);

    drained.begin();
    log_in(loop_, away_, options_.concurrent);
    loop_.until([this] { return got_ == each_ * options_.clients; }, 60);
    drained.end(each_ * options_.clients);
    errors_.lost = each_ * options_.clients - std::min<std::uint64_t>(got_, each_ * options_.clients);
    log_out(loop_, away_);
    nlohmann::json json = drained.report();
    json["stored"] = stored.report();
    json["errors"] = report(errors_);
    return json;
  }

 private:
  std::unique_ptr<Client> client(std::size_t number) {
    return std::make_unique<Client>(loop_, options_.way, *this, number, "u" + std::to_string(number));
  }
  void stanza(Client& client, std::string_view element) override {
    if (element.starts_with("<iq")) {
      answered_ = true;
    } else if (element.starts_with("<message") && client.number() < options_.clients) {
      const std::string_view body = text_of(element, "body");
      std::uint64_t number = 0;
      std::from_chars(body.data(), body.data() + body.size(), number);
      received_[client.number()].got(number, errors_);
      ++got_;
    }
  }

  const Options& options_;
  std::uint64_t each_;
  Loop loop_;
  Meter meter_;
  std::vector<std::unique_ptr<Client>> away_;
  std::vector<Sequence> received_;
  Errors errors_;
  std::uint64_t got_ = 0;
  bool answered_ = false;
};

}  // namespace

nlohmann::json run_offline(const Options& options) { return Offline(options).run(); }

}  // namespace load
