#include "admin/control.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/log.h"
#include "net/unix_listener.h"

namespace admin {
namespace {

using nlohmann::json;

class Conversation;

}  // namespace

struct Control::State : std::enable_shared_from_this<State> {
  State(net::AsioLoop& l, const Environment& e, ControlLimits m) : loop(l), environment(e), limits(m) {}
  void accept(std::unique_ptr<net::Transport> transport);
  /// Destroys a conversation in a later step.
  void drop(std::uint64_t number);
  /// Performs it in a later step: the answer resumes a conversation that has to be paused by then.
  void ask(std::uint64_t number, json request);
  void perform(std::uint64_t number, const json& request);

  net::AsioLoop& loop;
  Environment environment;
  ControlLimits limits;
  std::unique_ptr<net::UnixListener> listener;
  std::map<std::uint64_t, std::unique_ptr<Conversation>> conversations;
  std::uint64_t last = 0;
};

namespace {

/// One connection; its requests run one after the other.
class Conversation final : public net::TransportHandler {
 public:
  using Ask = std::function<void(const json&)>;

  Conversation(base::Loop& loop, std::unique_ptr<net::Transport> transport, const ControlLimits& limits, Ask ask,
               std::function<void()> ended)
      : loop_(loop), transport_(std::move(transport)), limits_(limits), ask_(std::move(ask)), ended_(std::move(ended)) {
    allow(limits.request);
    transport_->start(*this);
  }

  std::size_t on_bytes(std::span<const std::byte> bytes) override {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const std::size_t end = text.find('\n');
    const std::size_t taken = end == std::string_view::npos ? text.size() : end + 1;
    line_ += text.substr(0, taken);
    if (line_.size() > limits_.request_bytes) {
      refuse("the request is longer than " + std::to_string(limits_.request_bytes) + " bytes");
    } else if (end != std::string_view::npos) {
      transport_->pause();
      answer_line();
      return taken;
    }
    return text.size();
  }

  void on_closed(const base::Error&) override { ended_(); }

  void answer(const base::Result<json>& result) {
    json reply = result ? *result : json{{"error", result.error().what}};
    reply["ok"] = result.has_value();
    transport_->send(reply.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
    allow(limits_.request);
    transport_->resume();
  }

 private:
  void allow(base::Duration time) {
    deadline_ = base::Timer(loop_, time, [this] { transport_->close(); });
  }
  void answer_line() {
    allow(limits_.operation);
    const json request = json::parse(std::exchange(line_, {}), nullptr, false);
    if (request.is_discarded()) return refuse("the request is no JSON");
    ask_(request);
  }
  void refuse(std::string why) {
    answer(std::unexpected(base::Error{std::move(why)}));
    transport_->close();
  }

  base::Loop& loop_;
  std::unique_ptr<net::Transport> transport_;
  const ControlLimits& limits_;
  Ask ask_;
  std::function<void()> ended_;
  base::Timer deadline_;
  std::string line_;
};

}  // namespace

void Control::State::accept(std::unique_ptr<net::Transport> transport) {
  if (conversations.size() >= limits.connections) return;  // dropped
  const std::uint64_t number = ++last;
  conversations[number] = std::make_unique<Conversation>(
      loop, std::move(transport), limits, [this, number](const json& request) { ask(number, request); },
      [this, number] { drop(number); });
}

void Control::State::drop(std::uint64_t number) {
  loop.post([weak = weak_from_this(), number] {
    if (const auto self = weak.lock()) self->conversations.erase(number);
  });
}

void Control::State::ask(std::uint64_t number, json request) {
  loop.post([weak = weak_from_this(), number, request = std::move(request)] {
    if (const auto self = weak.lock()) self->perform(number, request);
  });
}

void Control::State::perform(std::uint64_t number, const json& request) {
  admin::perform(environment, request, [weak = weak_from_this(), number](base::Result<json> result) {
    const auto self = weak.lock();
    if (!self) return;
    const auto found = self->conversations.find(number);
    if (found != self->conversations.end()) found->second->answer(result);
  });
}

base::Result<std::unique_ptr<Control>> Control::open(net::AsioLoop& loop, const std::string& path,
                                                     const Environment& environment, ControlLimits limits) {
  auto state = std::make_shared<State>(loop, environment, limits);
  auto listener = net::UnixListener::open(loop, path, [self = state.get()](std::unique_ptr<net::Transport> transport) {
    self->accept(std::move(transport));
  });
  if (!listener) return std::unexpected(listener.error());
  state->listener = std::move(*listener);
  return std::unique_ptr<Control>(new Control(std::move(state)));
}

Control::~Control() {
  state_->listener.reset();
  state_->conversations.clear();
}

}  // namespace admin
