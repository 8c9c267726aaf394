// Questions whose answers may come late or never: each is answered once, by whoever is first, the answer or the
// deadline.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>

#include "base/function.h"
#include "base/loop.h"

namespace c2s {

/// One shard's. Bounded by those who ask: a connection asks one question at a time.
template <class Answer>
class Waits {
 public:
  explicit Waits(base::Loop& loop) : loop_(loop) {}

  /// `done` gets the answer given for the number returned here, or `late` when none came in time.
  std::uint64_t add(base::Duration deadline, Answer late, base::Fn<void(Answer)> done) {
    const std::uint64_t number = next_++;
    base::Timer timer(loop_, deadline,
                      [this, number, late = std::move(late)]() mutable { answer(number, std::move(late)); });
    open_.emplace(number, Wait{std::move(done), std::move(timer)});
    return number;
  }

  /// Nothing happens if it came too late.
  void answer(std::uint64_t number, Answer answer) {
    const auto found = open_.find(number);
    if (found == open_.end()) return;
    auto wait = std::move(found->second);
    open_.erase(found);
    wait.timer.cancel();
    wait.done(std::move(answer));
  }

  base::Loop& loop() const { return loop_; }

 private:
  struct Wait {
    base::Fn<void(Answer)> done;
    base::Timer timer;
  };

  base::Loop& loop_;
  std::unordered_map<std::uint64_t, Wait> open_;
  std::uint64_t next_ = 1;
};

}  // namespace c2s
