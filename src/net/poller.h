// The epoll loop of one thread: descriptors, deadlines, and a wake-up from other threads.
//
// Everything but wake() belongs to the thread that calls run_once(). Callbacks run in run_once() only, under no lock, and may watch and
// unwatch themselves and others; a callback that was unwatched is never called again, also when its event was already there.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "src/base/clock.h"
#include "src/base/fd.h"
#include "src/base/status.h"

namespace hawser {

class Poller {
 public:
  using OnEvents = std::function<void(uint32_t events)>;  // EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR
  using OnTime = std::function<void()>;
  using TimerId = uint64_t;  // never 0

  static Result<std::unique_ptr<Poller>> create(const Clock&);

  Status watch(int fd, uint32_t events, OnEvents);  // replaces what was there; unwatch before closing fd
  Status change(int fd, uint32_t events);           // other events, the same callback
  void unwatch(int fd);                             // nothing if it is not watched
  TimerId at(uint64_t deadline_ns, OnTime);         // once
  void cancel(TimerId);                             // nothing if it is over

  void wake();  // any thread: makes a run_once under way, or else the next one, return without waiting
  // Waits at most timeout_ns (negative: without limit) for events, timers or a wake-up, calls their callbacks and returns. Timeouts are
  // rounded up to milliseconds.
  Status run_once(int64_t timeout_ns);

 private:
  struct Watch {
    int fd = -1;
    OnEvents callback;
  };
  explicit Poller(const Clock& clock) : clock_(clock) {}
  int timeout_ms(int64_t timeout_ns) const;
  void dispatch(uint64_t token, uint32_t events);
  void run_timers();

  const Clock& clock_;
  Fd epoll_, bell_;
  std::unordered_map<uint64_t, Watch> watches_;  // by token: a descriptor's number may come back, a token never does
  std::unordered_map<int, uint64_t> token_of_;
  std::map<std::pair<uint64_t, TimerId>, OnTime> timers_;  // by deadline
  std::unordered_map<TimerId, uint64_t> deadline_of_;
  uint64_t next_token_ = 1, next_timer_ = 1;
};

}  // namespace hawser
