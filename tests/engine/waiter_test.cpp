// Whoever sleeps is woken: by a word's writer, by the seat's attention, by a transport's descriptor. The limit of a sleep is made so long
// that one lost wake-up fails the test.
#include "src/engine/waiter.h"

#include <gtest/gtest.h>

#include <sys/eventfd.h>
#include <unistd.h>
#include <algorithm>

#include <chrono>
#include <functional>
#include <thread>

#include "src/base/random.h"

namespace hawser {
namespace {

constexpr int kLongMs = 20'000;

struct Sleeper {
  Bell bell;
  Seat seat;
  Fd event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  Waiter waiter{bell, event.get(), seat};
  PeerBell ring{&bell, event.get()};
  Sleeper() {
    (void)register_for_barriers();
    waiter.set_ranks_per_cpu(512);  // hardly spins, so that it sleeps often
    waiter.set_yield_ns(0);
    waiter.set_sleep_limit_ms(kLongMs);
  }
  void wait_until(const std::atomic<uint64_t>& word, uint64_t value) {
    Patience patience;
    while (word.load(std::memory_order_acquire) < value) {
      waiter.wait({&word, value}, {}, patience);
      slept += waiter.slept();
    }
  }
  int slept = 0;
};

double seconds_of(const std::function<void()>& body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void pause_sometimes(SeededRandom& random) {
  const uint64_t draw = random.next() % 16;
  if (draw < 4) std::this_thread::sleep_for(std::chrono::microseconds(draw * 20));
}

TEST(Waiter, NoWakeUpIsLostBetweenTwoSleepers) {
  constexpr uint64_t kRounds = 4000;
  Sleeper left, right;
  std::atomic<uint64_t> to_left{0}, to_right{0};
  double longest = 0;  // wait; the others may be long for want of a CPU, one that was never woken lasts kLongMs
  std::thread other([&] {
    SeededRandom random(7);
    for (uint64_t round = 1; round <= kRounds; ++round) {
      right.wait_until(to_right, round);
      pause_sometimes(random);
      to_left.store(round, std::memory_order_release);
      left.ring.ring();
    }
  });
  SeededRandom random(11);
  for (uint64_t round = 1; round <= kRounds; ++round) {
    pause_sometimes(random);
    to_right.store(round, std::memory_order_release);
    right.ring.ring();
    longest = std::max(longest, seconds_of([&] { left.wait_until(to_left, round); }));
  }
  other.join();
  EXPECT_LT(longest, kLongMs / 1000.0);
  EXPECT_GT(left.slept + right.slept, 0) << "nobody slept: the test shows nothing";
}

TEST(Waiter, AttentionEndsASleep) {
  Sleeper sleeper;
  const std::atomic<uint64_t> never{0};
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    sleeper.seat.attend();
    sleeper.ring.ring();
  });
  const double seconds = seconds_of([&] {
    Patience patience;
    while (!sleeper.seat.wanted()) sleeper.waiter.wait({&never, 1}, {}, patience);
  });
  other.join();
  EXPECT_LT(seconds, kLongMs / 1000.0);
}

TEST(Waiter, PreparedSleepIsToldByItsDescriptor) {
  Sleeper sleeper;
  ASSERT_TRUE(sleeper.waiter.prepare_sleep({}));
  EXPECT_EQ(sleeper.bell.asleep.load(), Bell::epoll);
  sleeper.ring.ring();
  uint64_t count = 0;
  EXPECT_EQ(::read(sleeper.event.get(), &count, sizeof count), static_cast<ssize_t>(sizeof count));
  sleeper.waiter.awake();
  EXPECT_EQ(sleeper.bell.asleep.load(), Bell::awake);
}

TEST(Waiter, DoesNotPrepareToSleepOverAnnouncedWork) {
  Sleeper sleeper;
  sleeper.seat.attend();
  EXPECT_FALSE(sleeper.waiter.prepare_sleep({}));
  EXPECT_EQ(sleeper.bell.asleep.load(), Bell::awake);
}

}  // namespace
}  // namespace hawser
