#include "sim/sim_transport.h"

#include <algorithm>
#include <span>

#include "base/check.h"

namespace sim {

/// Both ends' common state. One thread runs everything, so that either end may touch it.
struct Peer::Wire {
  explicit Wire(LinkOptions o) : options(std::move(o)) {}

  class Server;
  LinkOptions options;
  Server* server = nullptr;  ///< null while it moves and when it is gone
  std::string to_server;     ///< sent by the client, not yet given to the handler
  std::string to_client;     ///< arrived, not yet taken
  base::Fn<void()> arrival;
  std::size_t count_to_server = 0, count_to_client = 0;
  bool client_reads = true, client_ended = false, server_ended = false;
  std::size_t lost = 0;   ///< on the way to a client that vanished
  bool broken = false;    ///< nothing passes any more
  bool vanished = false;  ///< and the server does not know
  bool tls = false;

  std::size_t room() const {
    if (vanished) return kNever;
    if (client_reads) return options.cut_to_client - count_to_client;
    return std::min(options.kernel - std::min(options.kernel, to_client.size()),
                    options.cut_to_client - count_to_client);
  }
};

/// The server's end on one loop; a move makes a new one.
class Peer::Wire::Server : public std::enable_shared_from_this<Server> {
 public:
  Server(SimLoop& loop, std::shared_ptr<Wire> wire, std::string out)
      : loop_(loop), wire_(std::move(wire)), out_(std::move(out)) {
    wire_->server = this;
  }

  void start(net::TransportHandler& handler) {
    handler_ = &handler;
    wake();
    schedule_flush();
  }
  void send(std::string_view bytes) {
    if (dead_ || closing_) return;
    if (out_.size() + bytes.size() > wire_->options.queue) return abort("the queue to the peer overflowed");
    out_ += bytes;
    schedule_flush();
  }
  void close() {
    if (dead_ || closing_) return;
    closing_ = true;
    deadline_ = base::Timer(loop_, wire_->options.close, [this] { finish({}); });
    schedule_flush();
  }
  void abort(std::string_view why) {
    if (dead_) return;
    die();
    loop_.post([self = shared_from_this(), error = base::Error{std::string(why)}] {
      if (self->handler_ != nullptr) std::exchange(self->handler_, nullptr)->on_closed(error);
    });
  }
  void start_tls() {
    if (dead_) return;
    base::check(!wire_->tls, "TLS is started once");
    wire_->tls = true;
    if (!delivering_) begin_tls();
  }
  void pause() {
    paused_ = true;
    resumed_ = false;
  }
  void resume() {
    paused_ = false;
    resumed_ = delivering_;
    wake();
  }
  void leave() {
    handler_ = nullptr;
    if (!dead_) die();
  }
  std::string detach() {
    base::check(!dead_ && !closing_ && !delivering_, "only an open transport moves");
    dead_ = true;
    handler_ = nullptr;
    wire_->server = nullptr;
    return std::move(out_);
  }

  /// Looks, in a later step, for what the client did.
  void wake() {
    if (dead_ || waking_) return;
    waking_ = true;
    loop_.post([self = shared_from_this()] {
      self->waking_ = false;
      self->look();
    });
  }
  void schedule_flush() {
    if (dead_ || flushing_) return;
    flushing_ = true;
    loop_.at_turn_end([self = shared_from_this()] {
      self->flushing_ = false;
      self->flush();
    });
  }
  bool paused() const { return paused_; }
  std::size_t queued() const { return out_.size(); }
  std::size_t unacknowledged() const { return out_.size() + wire_->lost; }
  SimLoop& loop() { return loop_; }
  const std::shared_ptr<Wire>& wire() const { return wire_; }

 private:
  void look() {
    if (dead_ || handler_ == nullptr) return;
    if (wire_->broken && !wire_->vanished) return finish({"connection reset by peer"});
    if (closing_) {
      wire_->to_server.clear();
    } else if (!paused_ && !wire_->to_server.empty()) {
      return deliver();
    }
    if (wire_->client_ended && wire_->to_server.empty() && (!paused_ || closing_)) finish({});
  }

  void deliver() {
    const std::size_t left = wire_->options.cut_to_server - wire_->count_to_server;
    const std::string bytes = wire_->to_server.substr(0, std::min(wire_->options.chunk, left));
    const bool had_tls = wire_->tls;
    delivering_ = true;
    resumed_ = false;
    const std::size_t taken = handler_->on_bytes(std::as_bytes(std::span(bytes)));
    delivering_ = false;
    base::check(taken <= bytes.size(), "a handler takes no more than it was given");
    wire_->to_server.erase(0, taken);
    wire_->count_to_server += taken;
    if (dead_ || handler_ == nullptr) return;
    if (wire_->count_to_server >= wire_->options.cut_to_server) wire_->broken = true;
    if (taken < bytes.size()) paused_ = !resumed_;
    if (!had_tls && wire_->tls) begin_tls();
    wake();
  }

  void begin_tls() {
    if (!wire_->to_server.empty()) return finish({"plaintext behind starttls"});
    loop_.post([self = shared_from_this()] {
      if (!self->dead_ && self->handler_ != nullptr) self->handler_->on_tls();
    });
  }

  void flush() {
    if (dead_) return;
    const std::size_t sent = std::min(out_.size(), wire_->broken && !wire_->vanished ? 0 : wire_->room());
    if (wire_->vanished) {
      wire_->lost += sent;
    } else {
      wire_->to_client.append(out_, 0, sent);
    }
    out_.erase(0, sent);
    wire_->count_to_client += sent;
    if (wire_->count_to_client >= wire_->options.cut_to_client) wire_->broken = true;
    const bool ends = closing_ && out_.empty() && !std::exchange(wire_->server_ended, closing_ && out_.empty());
    if (sent > 0 || ends) announce();
    wake();
    if (sent > 0 && out_.empty() && !closing_ && handler_ != nullptr) handler_->on_drained();
  }

  void announce() {
    loop_.post([wire = wire_] {
      if (wire->arrival) wire->arrival();
    });
  }

  void die() {
    dead_ = true;
    deadline_.cancel();
    wire_->broken = true;
    wire_->server_ended = true;
    if (wire_->server == this) wire_->server = nullptr;
    announce();
  }

  void finish(const base::Error& why) {
    if (dead_) return;
    const auto self = shared_from_this();  // the handler may destroy the transport
    die();
    if (handler_ != nullptr) std::exchange(handler_, nullptr)->on_closed(why);
  }

  SimLoop& loop_;
  std::shared_ptr<Wire> wire_;
  std::string out_;
  net::TransportHandler* handler_ = nullptr;
  base::Timer deadline_;
  bool paused_ = false, delivering_ = false, resumed_ = false, flushing_ = false, waking_ = false, closing_ = false,
       dead_ = false;
};

namespace {

class SimTransport final : public net::Transport {
 public:
  explicit SimTransport(std::shared_ptr<Peer::Wire::Server> server) : server_(std::move(server)) {}
  ~SimTransport() override { server_->leave(); }

  void start(net::TransportHandler& handler) override { server_->start(handler); }
  void send(std::string_view bytes) override { server_->send(bytes); }
  std::size_t queued_bytes() const override { return server_->queued(); }
  std::size_t unacknowledged_bytes() const override { return server_->unacknowledged(); }
  void pause() override { server_->pause(); }
  void resume() override { server_->resume(); }
  void start_tls(base::Ref<certs::Store>, std::string_view) override { server_->start_tls(); }
  void start_tls_client(net::TlsCall) override { server_->start_tls(); }
  const net::TlsEngine* tls() const override { return nullptr; }
  void close() override { server_->close(); }
  void abort(std::string_view why) override { server_->abort(why); }
  const std::string& peer() const override { return server_->wire()->options.peer; }

  void move_to(base::Loop& target, base::Fn<void(std::unique_ptr<net::Transport>)> arrived) override {
    auto* loop = dynamic_cast<SimLoop*>(&target);
    base::check(loop != nullptr, "a simulated transport moves between simulated loops");
    loop->post([loop, out = server_->detach(), wire = server_->wire(), arrived = std::move(arrived)]() mutable {
      arrived(std::make_unique<SimTransport>(std::make_shared<Peer::Wire::Server>(*loop, wire, std::move(out))));
    });
  }

 private:
  std::shared_ptr<Peer::Wire::Server> server_;  ///< shared with the loop's pending jobs
};

}  // namespace

Peer::Peer(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}

Peer::~Peer() {
  if (wire_ != nullptr) cut();
}

void Peer::send(std::string_view bytes) {
  if (wire_->broken || wire_->client_ended) return;
  wire_->to_server += bytes;
  if (wire_->server != nullptr) wire_->server->wake();
}

void Peer::end() {
  wire_->client_ended = true;
  if (wire_->server != nullptr) wire_->server->wake();
}

void Peer::cut() {
  wire_->broken = true;
  wire_->to_server.clear();
  if (wire_->server != nullptr) wire_->server->wake();
}

void Peer::vanish() {
  wire_->broken = wire_->vanished = true;
  wire_->to_server.clear();
}

std::string Peer::take() {
  std::string bytes = std::exchange(wire_->to_client, {});
  if (wire_->server != nullptr) wire_->server->schedule_flush();
  return bytes;
}

const std::string& Peer::peek() const { return wire_->to_client; }

void Peer::read(bool on) {
  wire_->client_reads = on;
  if (on && wire_->server != nullptr) wire_->server->schedule_flush();
}

void Peer::on_arrival(base::Fn<void()> job) { wire_->arrival = std::move(job); }
bool Peer::ended() const { return wire_->server_ended; }
bool Peer::closed() const { return wire_->broken && !wire_->vanished; }
bool Peer::tls() const { return wire_->tls; }
bool Peer::unread() const { return wire_->server != nullptr && wire_->server->paused(); }
std::size_t Peer::bytes_to_server() const { return wire_->count_to_server; }
std::size_t Peer::bytes_to_client() const { return wire_->count_to_client; }

std::pair<std::unique_ptr<net::Transport>, Peer> make_link(SimLoop& loop, const LinkOptions& options) {
  auto wire = std::make_shared<Peer::Wire>(options);
  auto server = std::make_shared<Peer::Wire::Server>(loop, wire, std::string());
  return {std::make_unique<SimTransport>(std::move(server)), Peer(std::move(wire))};
}

}  // namespace sim
