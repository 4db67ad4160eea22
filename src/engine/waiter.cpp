// The stages of a wait, and the one barrier that makes sleeping safe.
#include "src/engine/waiter.h"

#include <immintrin.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace hawser {
namespace {

// Sleeping costs the sleeper 8 us (membarrier) and the waker a system call: 4 ranks on 2 CPUs exchange 8 B in 18 us with 20 yields, in 2 us
// with 500 (decision 0005). A yield to a stranger takes milliseconds by itself; then it is better to sleep and be woken.
constexpr uint32_t kLeastYields = 2;
constexpr uint32_t kSpinUs = 50;  // where every rank has a CPU: costs a quiet machine nothing, and outlasts the wait for a long chunk

uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

uint32_t measure_pauses_per_us() {
  uint64_t best_ns = UINT64_MAX;
  for (int round = 0; round < 5; ++round) {
    timespec begin{}, end{};
    ::clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < 200; ++i) _mm_pause();
    ::clock_gettime(CLOCK_MONOTONIC, &end);
    const int64_t ns = (end.tv_sec - begin.tv_sec) * 1'000'000'000 + end.tv_nsec - begin.tv_nsec;
    best_ns = std::min(best_ns, static_cast<uint64_t>(std::max<int64_t>(ns, 1)));
  }
  return static_cast<uint32_t>(std::clamp<uint64_t>(200'000 / best_ns, 4, 400));
}

}  // namespace

uint32_t pauses_per_us() {
  static const uint32_t measured = measure_pauses_per_us();
  return measured;
}

Status register_for_barriers() {
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) != 0)
    return Status::from_errno(errno, "membarrier registration");
  return {};
}

void barrier_for_all() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  (void)::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);  // refused: the sleep limit carries
}

Waiter::Waiter(Bell& bell, int event_fd, Seat& seat)
    : bell_(&bell), seat_(seat), event_fd_(event_fd), epoll_(::epoll_create1(EPOLL_CLOEXEC)), spins_(kSpinUs * pauses_per_us()) {
  epoll_event event{};
  event.events = EPOLLIN;
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, event_fd_, &event);
}

void Waiter::set_ranks_per_cpu(uint32_t x256) {
  if (x256 > 256) spins_.store(std::max(1u, pauses_per_us() / 10), std::memory_order_relaxed);
}

void Waiter::wait(const Wait& wait, std::span<Transport* const> transports, Patience& patience) {
  slept_ = false;
  const uint32_t round = patience.rounds++, spins = spins_.load(std::memory_order_relaxed);
  if (wait.word != nullptr && round == 0) {
    for (uint32_t i = 0; i < spins; ++i) {
      if (wait.reached() || seat_.wanted_soon()) return;
      _mm_pause();
    }
    return;
  }
  if (wait.word == nullptr && round < spins) return _mm_pause();
  const uint32_t yields = wait.word == nullptr ? round - spins : round;
  if (yields <= 1) patience.yields_since_ns = now_ns();
  if (yields <= kLeastYields || now_ns() - patience.yields_since_ns < yield_ns_) {
    ::sched_yield();
    return;
  }
  sleep(wait, transports);
}

// A transport's descriptor joins the set when it is first seen and lives as long as the transport.
void Waiter::watch(std::span<Transport* const> transports) {
  for (const Transport* transport : transports) {
    const int fd = transport->wake_fd();
    if (fd < 0 || std::find(watched_.begin(), watched_.end(), fd) != watched_.end()) continue;
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST) watched_.push_back(fd);
  }
}

bool Waiter::something_ready(const Wait& wait, std::span<Transport* const> transports) {
  if (seat_.wanted() || (wait.word != nullptr && wait.reached())) return true;
  for (Transport* transport : transports)
    if (!transport->arm()) return true;
  return last_look_ != nullptr && last_look_(last_look_of_);
}

void Waiter::sleep(const Wait& wait, std::span<Transport* const> transports) {
  slept_ = true;
  watch(transports);
  if (something_ready(wait, transports)) return;  // the barrier below costs microseconds
  const bool by_futex = transports.empty();       // else a descriptor that nobody reads just now would end every sleep
  const uint32_t rung = bell_->rung.load(std::memory_order_relaxed);
  bell_->asleep.store(by_futex ? Bell::futex : Bell::epoll, std::memory_order_relaxed);
  barrier_for_all();
  if (!something_ready(wait, transports)) {
    if (by_futex) {
      const timespec limit{sleep_limit_ms_ / 1000, sleep_limit_ms_ % 1000 * 1'000'000L};
      (void)::syscall(SYS_futex, &bell_->rung, FUTEX_WAIT, rung, &limit, nullptr, 0);
    } else {
      epoll_event event{};
      (void)::epoll_wait(epoll_.get(), &event, 1, sleep_limit_ms_);
    }
  }
  awake();
}

bool Waiter::prepare_sleep(std::span<Transport* const> transports) {
  watch(transports);
  bell_->asleep.store(Bell::epoll, std::memory_order_relaxed);
  barrier_for_all();
  if (!something_ready({}, transports)) return true;
  awake();
  return false;
}

void Waiter::awake() {
  if (bell_->asleep.load(std::memory_order_relaxed) == Bell::awake) return;
  if (bell_->asleep.exchange(Bell::awake, std::memory_order_relaxed) == Bell::epoll) {
    uint64_t count = 0;
    while (::read(event_fd_, &count, sizeof count) > 0) {}
  }
}

}  // namespace hawser
