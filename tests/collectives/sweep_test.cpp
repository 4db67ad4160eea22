// Every planner, on every kind of topology and number of ranks, from every root, passes the check, and so it does as it really runs.
#include <gtest/gtest.h>

#include <set>

#include "collectives/emit.h"
#include "src/plan/check.h"
#include "tests/collectives/support.h"

namespace hawser {
namespace {

class Sweep : public testing::TestWithParam<uint32_t> {};

TEST_P(Sweep, EveryPlannerKeepsItsPromiseOnEveryTopology) {
  for (const Partition& partition : partitions(GetParam())) {
    const Topology topology = topology_of(partition);
    for (const Case& one : cases(topology)) {
      const Status status = check(one.plans(), one.request, {.aliasing = one.aliasing, .rank_order = one.planner->deterministic});
      ASSERT_TRUE(status.ok()) << one.text() << status.text();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, Sweep, testing::Values(1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16, 17, 33, 64, 65));

class AsItRuns : public testing::TestWithParam<uint32_t> {};

TEST_P(AsItRuns, SlicesOperationsAndProgramOrderPass) {
  uint64_t seed = 20;
  for (const Partition& partition : partitions(GetParam())) {
    const Topology topology = topology_of(partition);
    for (const Case& one : cases(topology)) {
      CheckOptions options{.aliasing = one.aliasing, .slices = 3, .window = 2, .operations = 2, .phases = false, .seed = ++seed};
      for (const bool in_order : {false, true}) {
        options.program_order = in_order;
        const Status status = check(one.plans(), one.request, options);
        ASSERT_TRUE(status.ok()) << "seed " << seed << ", program order " << in_order << ": " << one.text() << status.text();
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, AsItRuns, testing::Values(1, 2, 3, 5, 8, 12));

TEST(Catalog, EveryCollectiveHasAPlannerOnEveryTopology) {
  for (const uint32_t ranks : {1u, 2u, 7u, 64u})
    for (const Partition& partition : partitions(ranks)) {
      const Topology topology = topology_of(partition);
      std::set<Collective> served, deterministic;
      for (const Planner& planner : planners()) {
        if (!planner.suits(topology, {.collective = planner.collective})) continue;
        served.insert(planner.collective);
        if (planner.deterministic) deterministic.insert(planner.collective);
      }
      EXPECT_EQ(served.size(), 10u) << topology.text();  // all but point_to_point
      EXPECT_EQ(deterministic, served) << topology.text();
    }
}

TEST(Catalog, OneIslandIsServedByOnePhaseOverEverybodyFirst) {
  const Topology topology = topology_of(consecutive(6, {6}));
  std::set<Collective> seen;
  for (const Planner& planner : planners()) {
    if (planner.collective == Collective::all_to_all_v || !seen.insert(planner.collective).second) continue;
    EXPECT_EQ(planner.name, "island");
    const Request request{.collective = planner.collective, .root = 2};
    const Plan mine = plan(planner, topology, request, 2, Aliasing::none);
    ASSERT_EQ(mine.phases.size(), 1u);
    EXPECT_EQ(mine.phases[0].collective, planner.collective);
    EXPECT_EQ(mine.phases[0].last_step, mine.steps.size());
    EXPECT_EQ(mine.phases[0].first_step, 0u);
    EXPECT_EQ(mine.groups[mine.phases[0].group].size(), 6u);
  }
}

TEST(Catalog, PhasesAreNumberedAlikeOnAllRanks) {
  for (const Partition& partition : partitions(13)) {
    const Topology topology = topology_of(partition);
    for (const Case& one : cases(topology)) {
      const std::vector<Plan> plans = one.plans();
      for (const Plan& plan : plans) {
        ASSERT_EQ(plan.phases.size(), plans[0].phases.size()) << one.text();
        for (size_t i = 0; i < plan.phases.size(); ++i) EXPECT_EQ(plan.phases[i].collective, plans[0].phases[i].collective) << one.text();
      }
    }
  }
}

TEST(Catalog, AliasingNeverChangesTheMessages) {
  for (const Partition& partition : partitions(7)) {
    const Topology topology = topology_of(partition);
    for (const Case& one : cases(topology)) {
      Case plain = one;
      plain.aliasing.assign(one.aliasing.size(), Aliasing::none);
      const std::vector<Plan> plans = one.plans(), plain_plans = plain.plans();
      for (size_t rank = 0; rank < plans.size(); ++rank) {
        std::vector<std::pair<Rank, uint32_t>> messages, plain_messages;
        for (const Step& step : plans[rank].steps)
          if (step.peer >= 0) messages.push_back({step.kind == StepKind::send ? step.peer : ~step.peer, step.count});
        for (const Step& step : plain_plans[rank].steps)
          if (step.peer >= 0) plain_messages.push_back({step.kind == StepKind::send ? step.peer : ~step.peer, step.count});
        EXPECT_EQ(messages, plain_messages) << one.text();
      }
    }
  }
}

TEST(Catalog, BarriersNeedNoBuffers) {
  for (const Partition& partition : partitions(7)) {
    const Topology topology = topology_of(partition);
    for (const Case& one : cases(topology)) {
      if (one.request.collective != Collective::barrier) continue;
      for (const Plan& plan : one.plans()) {
        EXPECT_EQ(plan.input_chunks + plan.output_chunks, 0u) << one.text();
        for (const Step& step : plan.steps) {
          EXPECT_TRUE(step.kind == StepKind::recv || step.source_buffer == Buffer::scratch) << one.text();
          EXPECT_TRUE(step.kind == StepKind::send || step.target_buffer == Buffer::scratch) << one.text();
        }
      }
    }
  }
}

TEST(Catalog, ItsHashIsOfWhatItHolds) {
  EXPECT_EQ(catalog_hash(), catalog_hash());
  EXPECT_NE(catalog_hash(), 0u);
}

}  // namespace
}  // namespace hawser
