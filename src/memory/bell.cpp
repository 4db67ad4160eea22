// The slow half of ringing: what wakes a context that sleeps on its futex or in epoll. Called by any thread of any peer.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "transports/cells.h"

namespace hawser {
namespace {

void wake_futex(Bell& bell) {
  bell.rung.fetch_add(1, std::memory_order_release);  // a sleeper that has not slept yet finds another value and stays awake
  // Shared, not private: the sleeper is another process. Nobody sleeping is no error.
  ::syscall(SYS_futex, reinterpret_cast<uint32_t*>(&bell.rung), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void wake_epoll(int event_fd) {
  const uint64_t one = 1;
  // EAGAIN: the counter is full, so the sleeper is awake already. Other errors: the peer is being closed.
  while (::write(event_fd, &one, sizeof one) < 0 && errno == EINTR) {}
}

}  // namespace

void PeerBell::ring_slowly() const {
  const int before = errno;
  const uint32_t how = bell->asleep.load(std::memory_order_relaxed);  // may have woken by itself meanwhile: then nothing is to do
  if (how == Bell::futex) wake_futex(*bell);
  if (how == Bell::epoll && event_fd >= 0) wake_epoll(event_fd);
  errno = before;
}

}  // namespace hawser
