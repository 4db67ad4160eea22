// Groups, orders and strides: what both readers of patterns rely on.
#include "collectives/patterns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "tests/collectives/support.h"

namespace hawser {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Islands kUnequal = Islands::of(Partition{{0, 3, 4}, {1}, {2, 5}});
const Islands kRails = Islands::of(Partition{{0, 2, 4}, {1, 3, 5}});

TEST(Patterns, AStrideVisitsEverybodyOnceAndIsNearTheGoldenSection) {
  for (uint32_t n = 2; n < 500; ++n) {
    EXPECT_EQ(std::gcd(peer_stride(n), n), 1u) << n;
    if (n > 40) { EXPECT_NEAR(peer_stride(n), 0.618 * n, 0.1 * n) << n; }
  }
  EXPECT_EQ(peer_stride(1), 1u);
}

TEST(Patterns, LeadersAreTheRootInItsOwnIslandAndTheFirstElsewhere) {
  const Group group = group_of(GroupKind::leaders, kUnequal, 5, 5);
  EXPECT_THAT(group.members, ElementsAre(0, 1, 5));
  EXPECT_EQ(group.me, 2u);
  EXPECT_EQ(group.root, 2);
  EXPECT_THAT(group_of(GroupKind::leaders, kUnequal, 2, 5).members, IsEmpty());
  EXPECT_THAT(group_of(GroupKind::leaders, kUnequal, 2, -1).members, ElementsAre(0, 1, 2));
}

TEST(Patterns, AnIslandIsLedByTheRootIfItIsThere) {
  EXPECT_EQ(group_of(GroupKind::island, kUnequal, 3, 4).root, 2);
  EXPECT_EQ(group_of(GroupKind::island, kUnequal, 2, 4).root, 0);
}

TEST(Patterns, RailsJoinThoseWithTheSameNumberInTheirIslands) {
  EXPECT_THAT(group_of(GroupKind::rail, kRails, 5, -1).members, ElementsAre(4, 5));
  EXPECT_EQ(group_of(GroupKind::rail, kRails, 5, -1).me, 1u);
}

TEST(Patterns, EveryOrderIsAPermutation) {
  for (const Order order : {Order::by_rank, Order::by_member, Order::by_island}) {
    std::set<uint32_t> places;
    for (Rank rank = 0; rank < 6; ++rank) places.insert(position(order, kRails, rank));
    EXPECT_EQ(places.size(), 6u);
    EXPECT_EQ(*places.rbegin(), 5u);
  }
  EXPECT_EQ(position(Order::by_member, kRails, 2), 2u);  // second members begin after both first ones
  EXPECT_EQ(position(Order::by_island, kRails, 1), 3u);
}

TEST(Patterns, TheShapeFromRunsOfHostsIsTheShapeOfTheIslands) {
  for (const uint32_t ranks : {1u, 6u, 12u, 13u})
    for (const Partition& partition : partitions(ranks)) {
      const Topology topology = topology_of(partition);
      const Shape cheap = Shape::of(topology), full = Islands::of(topology).shape();
      EXPECT_EQ(Islands::of(topology).members, partition) << topology.text();
      EXPECT_EQ(cheap.ranks, full.ranks);
      EXPECT_EQ(cheap.islands, full.islands);
      EXPECT_EQ(cheap.island_ranks, full.island_ranks) << topology.text();
    }
}

TEST(Patterns, PacksTakeFewCopies) {
  const Topology topology = topology_of(consecutive(64, {4}));
  const Plan all_to_all =
      plan(planner_named("two_level_direct", Collective::all_to_all), topology, {.collective = Collective::all_to_all}, 9, Aliasing::none);
  const auto copies =
      std::count_if(all_to_all.steps.begin(), all_to_all.steps.end(), [](const Step& step) { return step.kind == StepKind::copy; });
  EXPECT_EQ(copies, 4 + 1 + 4 + 1 + 1);  // before, my own, between, my own, after
}

}  // namespace
}  // namespace hawser
