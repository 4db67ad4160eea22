// The frontier hands out steps in program order as soon as nothing holds them back.
#include "src/plan/frontier.h"

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "src/plan/builder.h"

namespace hawser {
namespace {

Chunks out(uint32_t first, uint32_t count = 1) { return {Buffer::output, first, count, 1}; }

// recv 0 -> send 1; recv 2 -> send 3; send 4 reads both.
Plan two_relays() {
  PlanBuilder builder(Collective::all_reduce, 0, 3, 0, 2);
  builder.recv(1, out(0));
  builder.send(2, out(0));
  builder.recv(1, out(1));
  builder.send(2, out(1));
  builder.send(1, out(0, 2));
  return std::move(builder).build("test");
}

uint32_t take_next(Frontier& frontier) {
  const uint32_t step = frontier.ready();
  if (step != Frontier::kNone) frontier.take(step);
  return step;
}

TEST(Frontier, StepsComeInProgramOrderWhenReady) {
  const Plan plan = two_relays();
  Frontier frontier;
  frontier.start(plan);
  EXPECT_EQ(take_next(frontier), 0u);
  EXPECT_EQ(take_next(frontier), 2u);
  EXPECT_EQ(take_next(frontier), Frontier::kNone);
  frontier.complete(2);
  EXPECT_EQ(take_next(frontier), 3u);
  EXPECT_EQ(take_next(frontier), Frontier::kNone);
  frontier.complete(0);
  EXPECT_TRUE(frontier.is_ready(1));
  EXPECT_EQ(take_next(frontier), 1u);
  EXPECT_EQ(take_next(frontier), 4u);
  for (const uint32_t step : {1u, 3u, 4u}) frontier.complete(step);
  EXPECT_TRUE(frontier.done());
  EXPECT_EQ(frontier.completed(), 5u);
}

TEST(Frontier, StartsAgainAfterAnUnfinishedWalk) {
  const Plan plan = two_relays();
  Frontier frontier;
  frontier.start(plan);
  frontier.take(0);
  frontier.complete(0);
  frontier.start(plan);
  EXPECT_EQ(frontier.completed(), 0u);
  EXPECT_EQ(frontier.ready(), 0u);
}

TEST(Frontier, AnEmptyPlanIsDone) {
  Frontier frontier;
  frontier.start(Plan{.edge_begin = {0}});
  EXPECT_TRUE(frontier.done());
  EXPECT_EQ(frontier.ready(), Frontier::kNone);
}

TEST(Frontier, CostsAFewNanosecondsAStep) {
  constexpr uint32_t rounds = 256, repeats = 200;
  PlanBuilder builder(Collective::all_reduce, 0, 3, 0, 1);
  for (uint32_t i = 0; i < rounds; ++i) {
    builder.recv(1, out(0));
    builder.send(2, out(0));
  }
  const Plan plan = std::move(builder).build("test");
  Frontier frontier;
  frontier.start(plan);
  uint64_t walked = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (uint32_t i = 0; i < repeats; ++i) {
    frontier.start(plan);
    for (uint32_t step = take_next(frontier); step != Frontier::kNone; step = take_next(frontier), ++walked) frontier.complete(step);
  }
  const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_EQ(walked, uint64_t{repeats} * rounds * 2);
  std::cout << "frontier: " << static_cast<double>(took) / static_cast<double>(walked) << " ns a step, start included\n";
  EXPECT_LT(static_cast<uint64_t>(took), walked * 500);  // a loaded machine, a debug build
}

}  // namespace
}  // namespace hawser
