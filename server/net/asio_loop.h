// A shard's event loop in production: Boost.Asio underneath, one thread, a mailbox for the others.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>

#include "base/loop.h"
#include "net/ready_set.h"

namespace boost::asio {
class io_context;
}

namespace net {

class AsioLoop : public base::Loop {
 public:
  AsioLoop();
  /// Jobs not run yet are destroyed. What uses the loop (timers, transports, listeners) must be gone.
  ~AsioLoop() override;

  base::MonoTime now() const override;
  base::WallTime wall() const override;
  /// What another loop's thread posts is handed over when that loop's turn ends.
  void post(base::Fn<void()> job) override;
  bool here() const override;
  void at_turn_end(base::Fn<void()> job) override;
  base::TimerId after(base::Duration delay, base::Fn<void()> job) override;
  void cancel(base::TimerId timer) override;

  /// Runs until stop(); the calling thread is the loop's thread from now on. May be called again.
  void run();
  /// Ends run() after the jobs posted before this. From any thread.
  void stop();

  /// Calls `job` with each of these signals that the process gets, as long as the loop lives. This thread, or before
  /// run(). One loop of the process takes a given signal.
  void on_signal(std::initializer_list<int> signals, base::Fn<void(int)> job);

  /// Scratch of this loop's thread for one read: never kept across a callback.
  std::span<std::byte> read_buffer();
  /// The same for what TLS decrypts: one record.
  std::span<std::byte> plain_buffer();

  /// This loop's connections.
  ReadySet& ready_set();

  /// An empty string, perhaps with memory: what is sent gathers in it until the turn ends.
  std::string take_buffer();
  void give_back(std::string buffer);

 private:
  friend boost::asio::io_context& context_of(AsioLoop& loop);
  friend void look_at_asio(AsioLoop& loop);
  struct Impl;
  /// The loop whose run() this thread is in.
  static Impl*& running();

  std::unique_ptr<Impl> impl_;
};

}  // namespace net
