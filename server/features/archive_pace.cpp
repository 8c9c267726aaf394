#include "features/archive_pace.h"

#include <utility>

namespace features::archive {

class Pace::Page final : public router::Receipt {
 public:
  explicit Page(std::weak_ptr<Pace> pace) : pace_(std::move(pace)) {}
  ~Page() override { acknowledged(); }
  void acknowledged() override {
    if (const auto pace = std::exchange(pace_, {}).lock()) pace->leave();
  }

 private:
  std::weak_ptr<Pace> pace_;  // the session may end first
};

void Pace::enter(Job job) {
  if (waiting_.empty() && pages_ < kPages) return job(take());
  if (waiting_.size() >= kWaiting) return job({});
  // The oldest is always at the front.
  auto late = [this] {
    Waiting first = std::move(waiting_.front());
    waiting_.pop_front();
    first.job({});
  };
  waiting_.push_back({std::move(job), base::Timer(loop_, kPatience, std::move(late))});
}

Pace::Place Pace::take() {
  ++pages_;
  return base::make_ref<Page>(weak_from_this());
}

// Posted, because whoever lets go is in the middle of something.
void Pace::leave() {
  --pages_;
  loop_.post([weak = weak_from_this()] {
    if (const auto pace = weak.lock()) pace->admit();
  });
}

void Pace::admit() {
  while (!waiting_.empty() && pages_ < kPages) {
    Job job = std::move(waiting_.front().job);
    waiting_.pop_front();
    job(take());
  }
}

}  // namespace features::archive
