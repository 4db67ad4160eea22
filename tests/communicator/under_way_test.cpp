// Who waits for the last operation sleeps until it ends, and never longer.
#include "src/communicator/under_way.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <thread>

namespace hawser {
namespace {

long times_asleep() {
  rusage usage{};
  EXPECT_EQ(::getrusage(RUSAGE_THREAD, &usage), 0);
  return usage.ru_nvcsw;
}

TEST(UnderWay, NothingUnderWayIsNoWait) {
  UnderWay work;
  work.wait_for_none();
  work.begun();
  EXPECT_EQ(work.count(), 1);
  work.ended();
  work.wait_for_none();
  EXPECT_EQ(work.count(), 0);
}

TEST(UnderWay, TheWaitIsOneSleepHoweverLongItTakes) {
  UnderWay work;
  work.begun();
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    work.ended();
  });
  const long before = times_asleep();
  work.wait_for_none();
  EXPECT_LT(times_asleep() - before, 50);
  EXPECT_EQ(work.count(), 0);
  other.join();
}

// Whoever ends the last one may do it at any moment of the waiter's way to sleep. A lost wake-up hangs here.
TEST(UnderWay, NoWakeUpIsLost) {
  for (int round = 0; round < 3000; ++round) {
    UnderWay work;
    for (int i = 0; i < 3; ++i) work.begun();
    std::thread other([&] {
      for (int i = 0; i < 3; ++i) {
        for (int spin = 0; spin < round % 200; ++spin) std::atomic_signal_fence(std::memory_order_seq_cst);
        work.ended();
      }
    });
    work.wait_for_none();
    EXPECT_EQ(work.count(), 0);
    other.join();
  }
}

}  // namespace
}  // namespace hawser
