// Waiting in epoll, and calling back.
#include "src/net/poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace hawser {
namespace {

constexpr uint64_t kBellToken = 0;
constexpr int kEventsAtOnce = 64;

}  // namespace

Result<std::unique_ptr<Poller>> Poller::create(const Clock& clock) {
  std::unique_ptr<Poller> made(new Poller(clock));
  made->epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!made->epoll_) return Status::from_errno(errno, "making an epoll descriptor");
  made->bell_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!made->bell_) return Status::from_errno(errno, "making an eventfd");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kBellToken;
  if (::epoll_ctl(made->epoll_.get(), EPOLL_CTL_ADD, made->bell_.get(), &event) != 0)
    return Status::from_errno(errno, "watching an eventfd");
  return made;
}

Status Poller::watch(int fd, uint32_t events, OnEvents callback) {
  unwatch(fd);
  epoll_event event{};
  event.events = events;
  event.data.u64 = next_token_;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return Status::from_errno(errno, "watching a descriptor");
  token_of_[fd] = next_token_;
  watches_[next_token_++] = {fd, std::move(callback)};
  return {};
}

Status Poller::change(int fd, uint32_t events) {
  const auto found = token_of_.find(fd);
  if (found == token_of_.end()) return Status(Code::internal, "changing the events of a descriptor that is not watched");
  epoll_event event{};
  event.events = events;
  event.data.u64 = found->second;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) return Status::from_errno(errno, "watching a descriptor");
  return {};
}

void Poller::unwatch(int fd) {
  const auto found = token_of_.find(fd);
  if (found == token_of_.end()) return;
  epoll_event unused{};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &unused);
  const auto watch = watches_.find(found->second);
  const OnEvents last = std::move(watch->second.callback);  // its captures may end in here and call back into us
  watches_.erase(watch);
  token_of_.erase(found);
}

Poller::TimerId Poller::at(uint64_t deadline_ns, OnTime callback) {
  const TimerId id = next_timer_++;
  timers_.emplace(std::pair(deadline_ns, id), std::move(callback));
  deadline_of_[id] = deadline_ns;
  return id;
}

void Poller::cancel(TimerId id) {
  const auto found = deadline_of_.find(id);
  if (found == deadline_of_.end()) return;
  const auto timer = timers_.extract(std::pair(found->second, id));
  deadline_of_.erase(found);
}

void Poller::wake() {
  const uint64_t one = 1;
  while (::write(bell_.get(), &one, sizeof one) < 0 && errno == EINTR) {}  // a full counter has woken already
}

int Poller::timeout_ms(int64_t timeout_ns) const {
  uint64_t wait_ns = timeout_ns < 0 ? UINT64_MAX : static_cast<uint64_t>(timeout_ns);
  if (!timers_.empty()) {
    const uint64_t now = clock_.now_ns(), deadline = timers_.begin()->first.first;
    wait_ns = std::min(wait_ns, deadline > now ? deadline - now : 0);
  }
  if (wait_ns == UINT64_MAX) return -1;
  return static_cast<int>(std::min<uint64_t>(wait_ns / 1'000'000 + (wait_ns % 1'000'000 != 0), INT_MAX));
}

void Poller::dispatch(uint64_t token, uint32_t events) {
  const auto found = watches_.find(token);
  if (found == watches_.end()) return;  // unwatched by an earlier callback of this round
  OnEvents callback = std::move(found->second.callback);
  callback(events);
  const auto still = watches_.find(token);
  if (still != watches_.end()) still->second.callback = std::move(callback);
}

void Poller::run_timers() {
  const TimerId first_new = next_timer_;  // those made from here on wait for the next round, so that this one ends
  const uint64_t now = clock_.now_ns();
  auto next = timers_.begin();
  while (next != timers_.end() && next->first.first <= now) {
    if (next->first.second >= first_new) {
      ++next;
      continue;
    }
    auto timer = timers_.extract(next);
    deadline_of_.erase(timer.key().second);
    timer.mapped()();
    next = timers_.begin();  // the callback may have changed the map
  }
}

Status Poller::run_once(int64_t timeout_ns) {
  epoll_event events[kEventsAtOnce];
  const int count = ::epoll_wait(epoll_.get(), events, kEventsAtOnce, timeout_ms(timeout_ns));
  if (count < 0 && errno != EINTR) return Status::from_errno(errno, "waiting for events");
  for (int i = 0; i < count; ++i) {
    if (events[i].data.u64 != kBellToken) {
      dispatch(events[i].data.u64, events[i].events);
      continue;
    }
    uint64_t rings = 0;
    while (::read(bell_.get(), &rings, sizeof rings) < 0 && errno == EINTR) {}
  }
  run_timers();
  return {};
}

}  // namespace hawser
