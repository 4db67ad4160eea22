// One holder at a time, and nothing announced is overlooked.
#include "src/engine/seat.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace hawser {
namespace {

TEST(Seat, HasOneHolder) {
  Seat seat;
  EXPECT_TRUE(seat.try_take());
  EXPECT_FALSE(seat.try_take());
  seat.leave();
  EXPECT_TRUE(seat.try_take());
}

// Threads announce work and try the seat; whoever holds it does all announced work and looks once more after leaving.
TEST(Seat, AnnouncedWorkIsAlwaysDone) {
  constexpr int kThreads = 4, kPieces = 20000;
  Seat seat;
  std::atomic<int> announced{0};
  int done = 0;  // of the holder
  const auto serve = [&] {
    do {
      if (!seat.try_take()) return;
      seat.attended();
      done = announced.load();
      seat.leave();
    } while (seat.wanted());
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kPieces; ++i) {
        ++announced;
        seat.attend();
        serve();
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, kThreads * kPieces);
}

}  // namespace
}  // namespace hawser
