// Ranks as threads, each with its own executor, over the memory transport: nothing is shared but the hub.
#include <chrono>
#include <thread>

#include "tests/executor/call.h"
#include "tests/executor/plans.h"

namespace hawser::testing {
namespace {

TEST(Threads, ARingOfThreadsRunsOneOperationAfterAnother) {
  constexpr int kRanks = 3, kOperations = 30;
  World world(kRanks);
  CallShape shape;
  shape.count = 5000;
  shape.slice_bytes = 1024;
  shape.window = 2;
  shape.plan = [](Rank me) { return ring_all_reduce(me, kRanks, 1, Aliasing::none); };
  Call call(world, shape);
  std::vector<std::thread> threads;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (Rank rank = 0; rank < kRanks; ++rank)
    threads.emplace_back([&, rank] {
      Operation& operation = call.operation(rank);
      for (int i = 0; i < kOperations; ++i) {
        operation.number = static_cast<uint32_t>(i);
        call.start(rank);
        while (!done(operation) && std::chrono::steady_clock::now() < deadline) {
          world.at(rank).progress();
          std::this_thread::yield();
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  call.expect_results();
}

}  // namespace
}  // namespace hawser::testing
