#include "net/ready_set.h"

#include <algorithm>

#include "base/check.h"

namespace net {

ReadySet::ReadySet() : set_(epoll_create1(EPOLL_CLOEXEC)) { base::check(set_.get() >= 0, "epoll_create1"); }

bool ReadySet::add(int descriptor, Source& source) {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &source}};
  return epoll_ctl(set_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void ReadySet::remove(int descriptor, const Source& source) {
  epoll_ctl(set_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
  for (std::size_t i = 0; i < left_; ++i)
    if (events_[i].data.ptr == &source) events_[i].data.ptr = nullptr;
}

void ReadySet::take(bool wait) {
  if (left_ > 0) return;
  constexpr auto most = static_cast<int>(std::tuple_size_v<decltype(events_)>);
  left_ = static_cast<std::size_t>(std::max(0, epoll_wait(set_.get(), events_.data(), most, wait ? -1 : 0)));
}

bool ReadySet::next() {
  while (left_ > 0) {
    const epoll_event& event = events_[--left_];
    if (event.data.ptr == nullptr) continue;
    static_cast<Source*>(event.data.ptr)->on_ready(event.events);
    return true;
  }
  return false;
}

}  // namespace net
