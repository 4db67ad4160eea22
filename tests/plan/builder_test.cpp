// The builder finds who must wait for whom, and nothing more.
#include "src/plan/builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>

namespace hawser {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Chunks in(uint32_t first, uint32_t count = 1, uint16_t stride = 1) { return {Buffer::input, first, count, stride}; }
Chunks out(uint32_t first, uint32_t count = 1, uint16_t stride = 1) { return {Buffer::output, first, count, stride}; }
Chunks scratch(uint32_t first, uint32_t count = 1) { return {Buffer::scratch, first, count, 1}; }

std::vector<uint32_t> released_by(const Plan& plan, uint32_t step) {
  std::vector<uint32_t> steps(plan.edges.begin() + plan.edge_begin[step], plan.edges.begin() + plan.edge_begin[step + 1]);
  std::sort(steps.begin(), steps.end());
  return steps;
}

TEST(Builder, ReadersWaitForTheWriterAndTheNextWriterWaitsForTheReaders) {
  PlanBuilder builder(Collective::all_reduce, 0, 3, 1, 1);
  builder.recv(1, out(0));        // 0
  builder.send(1, out(0));        // 1
  builder.send(2, out(0));        // 2
  builder.recv(2, out(0));        // 3
  builder.reduce(in(0), out(0));  // 4: reads its target
  const Plan plan = std::move(builder).build("test");
  EXPECT_THAT(released_by(plan, 0), ElementsAre(1, 2));
  EXPECT_THAT(released_by(plan, 1), ElementsAre(3));
  EXPECT_THAT(released_by(plan, 2), ElementsAre(3));
  EXPECT_THAT(released_by(plan, 3), ElementsAre(4));
  EXPECT_THAT(plan.waits, ElementsAre(0, 1, 1, 2, 1));
}

TEST(Builder, ADependencyOverManyChunksComesOnce) {
  PlanBuilder builder(Collective::all_reduce, 0, 2, 8, 8);
  builder.copy(in(0, 8), out(0, 8));
  builder.send(1, out(0, 8));
  builder.recv(1, out(0, 8));
  const Plan plan = std::move(builder).build("test");
  EXPECT_THAT(released_by(plan, 0), ElementsAre(1));
  EXPECT_THAT(released_by(plan, 1), ElementsAre(2));
  EXPECT_THAT(plan.waits, ElementsAre(0, 1, 1));
}

TEST(Builder, SendsToOnePeerNeedNoEdgesAmongThemselves) {
  PlanBuilder builder(Collective::all_reduce, 0, 2, 2, 2);
  builder.send(1, in(0));
  builder.send(1, in(1));
  const Plan plan = std::move(builder).build("test");
  EXPECT_THAT(plan.edges, IsEmpty());
}

TEST(Builder, StridesTouchOnlyTheirChunks) {
  PlanBuilder builder(Collective::all_to_all, 0, 2, 6, 6);
  builder.copy(in(0, 3), out(0, 3, 2));  // writes 0 2 4
  builder.send(1, out(1));
  builder.send(1, out(4));
  const Plan plan = std::move(builder).build("test");
  EXPECT_THAT(released_by(plan, 0), ElementsAre(2));
}

TEST(Builder, InPlaceMakesTheInputTheOutput) {
  PlanBuilder builder(Collective::all_reduce, 0, 2, 2, 2, Aliasing::in_place);
  builder.copy(in(0, 2), out(0, 2));  // nothing to do
  builder.send(1, in(1));
  builder.recv(1, out(1));
  const Plan plan = std::move(builder).build("test");
  ASSERT_EQ(plan.steps.size(), 2u);
  EXPECT_THAT(released_by(plan, 0), ElementsAre(1));
}

TEST(Builder, InPlaceGathersFromMyPartOfTheOutput) {
  PlanBuilder builder(Collective::all_gather, 2, 4, 1, 4, Aliasing::in_place);
  EXPECT_TRUE(builder.same(in(0), out(2)));
  EXPECT_FALSE(builder.same(in(0), out(0)));
  builder.copy(in(0), out(2));
  builder.send(1, in(0));
  builder.recv(1, out(1));
  builder.recv(1, out(2));
  const Plan plan = std::move(builder).build("test");
  ASSERT_EQ(plan.steps.size(), 3u);
  EXPECT_THAT(released_by(plan, 0), ElementsAre(2));
}

TEST(Builder, InPlaceScattersIntoMyPartOfTheInput) {
  PlanBuilder builder(Collective::reduce_scatter, 1, 3, 6, 2, Aliasing::in_place);
  EXPECT_TRUE(builder.same(in(2, 2), out(0, 2)));
  EXPECT_FALSE(builder.same(in(0, 2), out(0, 2)));
  EXPECT_FALSE(builder.same(scratch(builder.scratch(1)), in(5)));
}

TEST(Builder, ScratchIsAsLongAsWhatItIsLike) {
  PlanBuilder builder(Collective::all_reduce, 0, 2, 4, 4);
  const Chunks first = builder.scratch_like(out(2, 2));
  const Chunks second = builder.scratch_like({Buffer::scratch, first.first + 1, 1});
  builder.recv(1, first);
  builder.reduce(second, out(3));
  const Plan plan = std::move(builder).build("test");
  EXPECT_EQ(plan.scratch_chunks, 3u);
  EXPECT_THAT(plan.scratch_like, ElementsAre(2, 3, 3));
}

TEST(Builder, GroupsWithTheSameMembersAreOne) {
  PlanBuilder builder(Collective::barrier, 0, 3, 1, 1);
  EXPECT_EQ(builder.group({0, 1}), 0u);
  EXPECT_EQ(builder.group({0, 2}), 1u);
  EXPECT_EQ(builder.group({0, 1}), 0u);
}

TEST(Builder, PhasesCoverTheStepsBetween) {
  PlanBuilder builder(Collective::all_reduce, 0, 2, 1, 1);
  builder.begin_phase(Collective::reduce, builder.group({0, 1}), 1, in(0), out(0, 0));
  builder.send(1, in(0));
  builder.end_phase();
  builder.begin_phase(Collective::broadcast, builder.group({0, 1}), 1, in(0, 0), out(0));
  builder.recv(1, out(0));
  builder.end_phase();
  const Plan plan = std::move(builder).build("test");
  ASSERT_EQ(plan.phases.size(), 2u);
  EXPECT_EQ(plan.phases[0].first_step, 0u);
  EXPECT_EQ(plan.phases[0].last_step, 1u);
  EXPECT_EQ(plan.phases[1].first_step, 1u);
  EXPECT_EQ(plan.phases[1].last_step, 2u);
}

TEST(Builder, TakesTensOfNanosecondsAStep) {
  constexpr uint32_t ranks = 4096;
  uint32_t steps = 0;
  const auto begin = std::chrono::steady_clock::now();
  PlanBuilder builder(Collective::all_reduce, 7, ranks, ranks, ranks, Aliasing::in_place);
  const Chunks received = builder.scratch_like(out(0, ranks));
  for (uint32_t i = 0; i < ranks; ++i) {
    builder.send(8, out(i));
    builder.recv(6, {Buffer::scratch, received.first + i, 1});
    builder.reduce({Buffer::scratch, received.first + i, 1}, out((i + 1) % ranks));
    steps += 3;
  }
  const Plan plan = std::move(builder).build("test");
  const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_EQ(plan.steps.size(), steps);
  std::cout << "builder: " << took / steps << " ns a step\n";
  EXPECT_LT(took / steps, 2000);  // a loaded machine, a debug build; 100 is the aim
}

}  // namespace
}  // namespace hawser
