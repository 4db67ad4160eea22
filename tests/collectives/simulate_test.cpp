// Simulated times are what arithmetic says where arithmetic can say it.
#include "src/plan/simulate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectives/support.h"

namespace hawser {
namespace {

using testing::HasSubstr;

constexpr int64_t kOverhead = 1'500'000;  // ethernet, each end
constexpr int64_t kMicrosecond = 1'000'000;

Topology parsed(const char* text) {
  Result<Topology> topology = Topology::parse(text);
  EXPECT_TRUE(topology.ok()) << topology.error().text();
  return std::move(topology).value();
}

// 8 Gbit/s is 1 ns a byte.
const char* const kFour = "topology 1\nswitch net ethernet\nhost h[0-3] ranks 1 on net 8 lat 5\n";
const char* const kTrunk =
    "topology 1\nswitch a ethernet\nswitch b ethernet\nlink a b 8 lat 10\nhost a[0-1] ranks 1 on a 8 lat 5\nhost b[0-1] ranks 1 on b 8 lat "
    "5\n";

Simulation simulated(const char* planner, Collective collective, const Topology& topology, uint64_t bytes,
                     const SimulationOptions& options = {}) {
  const Planner& by = planner_named(planner, collective);
  const Request request{.collective = collective, .count = bytes, .type = DataType::u8};
  Result<Simulation> result = simulate(
      topology, [&](Rank me) { return plan(by, topology, request, me, Aliasing::in_place); }, request, options);
  EXPECT_TRUE(result.ok()) << result.error().text();
  return std::move(result).value();
}

TEST(Simulate, OneMessageTakesItsEndsItsBytesAndItsWay) {
  const Topology topology = parsed("topology 1\nswitch net ethernet\nhost h[0-1] ranks 1 on net 8 lat 5\n");
  const Simulation simulation = simulated("direct", Collective::broadcast, topology, 1'000'000);
  EXPECT_EQ(simulation.picoseconds, 2 * kOverhead + 1000 * kMicrosecond + 10 * kMicrosecond);
  EXPECT_EQ(simulation.finish_ps[0], kOverhead + 1000 * kMicrosecond);  // its last byte has left
  EXPECT_EQ(simulation.messages, 1u);
}

TEST(Simulate, NothingTakesNoTime) {
  EXPECT_EQ(simulated("ring", Collective::all_reduce, parsed(kFour), 0).picoseconds, 0);
  EXPECT_EQ(
      simulated("ring", Collective::all_reduce, parsed("topology 1\nswitch n ethernet\nhost h ranks 1 on n 1 lat 1\n"), 9).picoseconds, 0);
}

TEST(Simulate, WhoSharesALinkWaits) {
  // Both ranks of a send a megabyte to each of b over the trunk: four megabytes a direction.
  const Simulation simulation = simulated("pairwise", Collective::all_to_all, parsed(kTrunk), 1'000'000);
  EXPECT_GE(simulation.picoseconds, 4000 * kMicrosecond);
  EXPECT_LT(simulation.picoseconds, 6000 * kMicrosecond);  // ports collide now and then
  ASSERT_FALSE(simulation.stations.empty());
  EXPECT_EQ(simulation.stations[0].picoseconds, 4000 * kMicrosecond);
  EXPECT_TRUE(simulation.stations[0].station.kind == ResourceKind::link_forward ||
              simulation.stations[0].station.kind == ResourceKind::link_backward);
  EXPECT_EQ(simulation.stations[0].bytes, 4'000'000u);
}

TEST(Simulate, EveryoneBeginsWithTheFirstOfItsProgramSoEachWithEachFillsAllPorts) {
  const Topology topology = parsed("topology 1\nswitch net ethernet\nhost h[0-15] ranks 1 on net 8 lat 5\n");
  for (const int64_t picoseconds : {simulated("pairwise", Collective::all_to_all, topology, 1'000'000).picoseconds,
                                    simulated("direct", Collective::all_gather, topology, 1'000'000).picoseconds}) {
    EXPECT_GE(picoseconds, 15'000 * kMicrosecond);
    EXPECT_LT(picoseconds, 16'500 * kMicrosecond);  // in place an all-to-all copies first
  }
}

TEST(Simulate, SlicesMakeAChainAPipeline) {
  const uint64_t bytes = 4096 * 4096;
  const auto whole = simulated("ring", Collective::broadcast, parsed(kFour), bytes).picoseconds;
  const auto sliced = simulated("ring", Collective::broadcast, parsed(kFour), bytes, {.slice_bytes = 262144, .window = 8}).picoseconds;
  const auto one_message = static_cast<int64_t>(bytes) * 1000;
  EXPECT_GT(whole, 3 * one_message);
  EXPECT_LT(sliced, one_message * 5 / 4);
  EXPECT_GT(sliced, one_message);
}

TEST(Simulate, ABigRingReachesItsBound) {
  const int64_t megabytes = 64;
  const Simulation ring = simulated("ring", Collective::all_reduce, parsed(kFour), static_cast<uint64_t>(megabytes) << 20,
                                    {.slice_bytes = 1 << 20, .window = 4});
  const int64_t bound = (megabytes << 20) * 1000 * 2 * 3 / 4;
  EXPECT_GE(ring.picoseconds, bound);
  EXPECT_LT(ring.picoseconds, bound * 115 / 100);
}

TEST(Simulate, FewRoundsWinWhereLatencyRules) {
  const Topology topology = parsed("topology 1\nswitch net ethernet\nhost h[0-15] ranks 1 on net 8 lat 5\n");
  EXPECT_LT(simulated("recursive_doubling", Collective::all_reduce, topology, 8).picoseconds,
            simulated("ring", Collective::all_reduce, topology, 8).picoseconds / 4);
  EXPECT_LT(simulated("ring", Collective::all_reduce, topology, 1 << 26).picoseconds,
            simulated("recursive_doubling", Collective::all_reduce, topology, 1 << 26).picoseconds);
}

TEST(Simulate, RoutinesLastWhatTheirFormulaSays) {
  const Topology topology = Topology::one_island(4, {});
  const Scheme scheme = cheapest_scheme({}, 4, {.collective = Collective::all_reduce, .count = 65536, .type = DataType::u8}).scheme;
  const Simulation simulation = simulated("island", Collective::all_reduce, topology, 65536, {.schemes = {scheme}});
  EXPECT_EQ(simulation.picoseconds,
            scheme_cost({}, 4, {.collective = Collective::all_reduce, .count = 65536, .type = DataType::u8}, scheme));
  EXPECT_EQ(simulation.messages, 0u);
}

TEST(Simulate, TwoLevelsBeatOneWhereTheNetworkIsNarrow) {
  const Topology topology = parsed("topology 1\nswitch net ethernet\nhost h[0-3] ranks 4 on net 1 lat 20\n");
  EXPECT_LT(simulated("two_level_ring", Collective::all_reduce, topology, 1 << 24).picoseconds,
            simulated("direct", Collective::all_reduce, topology, 1 << 24).picoseconds / 2);
}

TEST(Simulate, EveryPlannerFinishesOnEveryTopology) {
  for (const Partition& partition : partitions(7)) {
    const Topology topology = topology_of(partition);
    for (const Case& one : cases(topology)) {
      const std::vector<Scheme> schemes(one.plans()[0].phases.size());
      for (const SimulationOptions& options : {SimulationOptions{.slice_bytes = 256, .window = 2}, SimulationOptions{.schemes = schemes}}) {
        Result<Simulation> first = simulate(topology, one.plans(), one.request, options);
        ASSERT_TRUE(first.ok()) << one.text() << first.error().text();
        EXPECT_EQ(simulate(topology, one.plans(), one.request, options)->finish_ps, first->finish_ps) << one.text();
      }
    }
  }
}

TEST(Simulate, PlansThatCannotEndAreAnError) {
  const Topology topology = parsed(kFour);
  const Request request{.collective = Collective::broadcast, .count = 100};
  std::vector<Plan> plans;
  for (Rank me = 0; me < 4; ++me)
    plans.push_back(plan(planner_named("direct", Collective::broadcast), topology, request, me, Aliasing::none));
  plans[2].steps[0].peer = 3;
  Result<Simulation> result = simulate(topology, plans, request);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().text(), HasSubstr("stuck after"));
  plans.pop_back();
  EXPECT_THAT(simulate(topology, plans, request).error().text(), HasSubstr("3 plans for a topology of 4 ranks"));
}

}  // namespace
}  // namespace hawser
