// The wake-up pair of a context and its peers: whoever announces something finds the sleeper, and the sleeper never misses it.
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "src/base/fd.h"
#include "transports/cells.h"

namespace hawser {
namespace {

// Puts the calling thread on the nth CPU it may use: two threads on one CPU never race. Undone by the destructor.
class Pinned {
 public:
  explicit Pinned(int nth) {
    CPU_ZERO(&before_);
    ::sched_getaffinity(0, sizeof before_, &before_);
    nth %= CPU_COUNT(&before_);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &before_) || nth-- > 0) ++cpu;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof one, &one);
  }
  ~Pinned() { ::sched_setaffinity(0, sizeof before_, &before_); }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t before_;
};

void membarrier(int command) { ASSERT_EQ(::syscall(SYS_membarrier, command, 0, 0), 0) << "this kernel has no membarrier"; }

// As the engine's waiter sleeps, but with a time limit so long that only a lost wake-up reaches it. False: it did.
bool sleep_until(Bell& bell, const Wait& wait) {
  const uint32_t before = bell.rung.load(std::memory_order_acquire);
  bell.asleep.store(Bell::futex, std::memory_order_relaxed);
  membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
  bool woken = true;
  if (!wait.reached()) {
    const timespec limit{20, 0};
    woken =
        ::syscall(SYS_futex, reinterpret_cast<uint32_t*>(&bell.rung), FUTEX_WAIT, before, &limit, nullptr, 0) == 0 || errno != ETIMEDOUT;
  }
  bell.asleep.store(Bell::awake, std::memory_order_relaxed);
  return woken;
}

TEST(Bell, is_not_rung_while_its_owner_is_awake) {
  Bell bell;
  PeerBell{&bell, -1}.ring();
  EXPECT_EQ(bell.rung.load(), 0u);
  PeerBell{}.ring();  // a bell to oneself is null
}

TEST(Bell, writes_the_eventfd_of_an_owner_in_epoll) {
  Bell bell;
  const Fd event(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  bell.asleep = Bell::epoll;
  PeerBell{&bell, event.get()}.ring();
  uint64_t count = 0;
  EXPECT_EQ(::read(event.get(), &count, sizeof count), static_cast<ssize_t>(sizeof count));
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(bell.rung.load(), 0u);
}

TEST(Bell, survives_words_no_owner_would_write) {
  Bell bell;
  bell.asleep = 77;
  PeerBell{&bell, -1}.ring();
  bell.asleep = Bell::epoll;
  PeerBell{&bell, -1}.ring();  // its eventfd never came
  const Fd full(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  const uint64_t most = UINT64_MAX - 1;
  ASSERT_EQ(::write(full.get(), &most, sizeof most), static_cast<ssize_t>(sizeof most));
  PeerBell{&bell, full.get()}.ring();  // must not block
  EXPECT_EQ(bell.rung.load(), 0u);
}

// Two threads play ping-pong and go to sleep at once, so nearly every round passes through the window between looking and sleeping.
TEST(Bell, never_loses_a_wake_up) {
  membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
  struct Side {
    Bell bell;
    alignas(line_bytes) std::atomic<uint64_t> word{0};
  };
  Side sides[2];
  constexpr uint64_t kRounds = 3000;
  std::atomic<int> lost{0};
  const auto play = [&sides, &lost](int me) {
    const Pinned pinned(me);
    Side &mine = sides[me], &other = sides[1 - me];
    for (uint64_t round = 1; round <= kRounds; ++round) {
      if (me == 1)
        for (const Wait wait{&other.word, round}; !wait.reached() && lost == 0;) lost += !sleep_until(mine.bell, wait);
      for (uint64_t spin = (round * 7919) % 200; spin > 0; --spin) std::atomic_signal_fence(std::memory_order_seq_cst);
      mine.word.store(round, std::memory_order_release);
      PeerBell{&other.bell, -1}.ring();
      if (me == 0)
        for (const Wait wait{&other.word, round}; !wait.reached() && lost == 0;) lost += !sleep_until(mine.bell, wait);
    }
  };
  std::thread peer(play, 1);
  play(0);
  peer.join();
  EXPECT_EQ(lost, 0);
}

// Two threads meet every round at nearly the same time: one goes to sleep, the other announces. Either the sleeper sees what was announced
// or the announcer sees the sleeper. Without the sleeper's membarrier an optimised build fails
// some 300 of 10,000 rounds on two free cores.
TEST(Bell, the_sleeper_and_the_announcer_never_miss_each_other) {
  membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
  struct Shared {
    alignas(line_bytes) std::atomic<uint32_t> asleep{0};
    alignas(line_bytes) std::atomic<uint64_t> word{0};
    alignas(line_bytes) std::atomic<uint64_t> at_start[2]{0, 0};
    alignas(line_bytes) bool sleeper_saw = false, announcer_saw = false;
  } shared;
  constexpr uint64_t kRounds = 10'000;
  uint64_t missed = 0;
  const auto meet = [&shared](int me, uint64_t count) {
    shared.at_start[me].store(count, std::memory_order_release);
    for (int spins = 0; shared.at_start[1 - me].load(std::memory_order_acquire) < count;)
      if (++spins % 1000 == 0) std::this_thread::yield();
    // Whoever came last goes on at once, the other a hop later: these delays make up for it, more or less.
    for (uint64_t spin = count / 3 * (me ? 7 : 11) % 61; spin > 0; --spin) std::atomic_signal_fence(std::memory_order_seq_cst);
  };
  std::thread announcer([&] {
    uint64_t in_cache = 0;
    const Pinned pinned(1);
    for (uint64_t round = 1; round <= kRounds; ++round) {
      meet(1, 3 * round);
      in_cache += shared.asleep.load(std::memory_order_relaxed);  // or the load below would wait for the line, and see everything
      meet(1, 3 * round + 1);
      shared.word.store(round, std::memory_order_release);
      std::atomic_signal_fence(std::memory_order_seq_cst);  // as PeerBell::ring
      shared.announcer_saw = shared.asleep.load(std::memory_order_relaxed) != Bell::awake;
      meet(1, 3 * round + 2);
    }
    EXPECT_EQ(in_cache, 0u);
  });
  const Pinned pinned(0);
  uint64_t in_cache = 0;
  for (uint64_t round = 1; round <= kRounds; ++round) {
    shared.asleep.store(Bell::awake, std::memory_order_relaxed);
    meet(0, 3 * round);
    in_cache += shared.word.load(std::memory_order_relaxed);
    meet(0, 3 * round + 1);
    shared.asleep.store(Bell::futex, std::memory_order_relaxed);
    membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
    shared.sleeper_saw = shared.word.load(std::memory_order_acquire) == round;
    meet(0, 3 * round + 2);
    if (!shared.sleeper_saw && !shared.announcer_saw) ++missed;
  }
  announcer.join();
  EXPECT_LT(in_cache, kRounds * kRounds);
  EXPECT_EQ(missed, 0u);
}

}  // namespace
}  // namespace hawser
