// Lower bounds: those of the reference cases, and that no cut of the topology is overlooked where it binds.
#include "src/plan/bound.h"

#include <gtest/gtest.h>

namespace hawser {
namespace {

Topology parsed(const std::string& text) {
  Result<Topology> topology = Topology::parse("topology 1\n" + text);
  EXPECT_TRUE(topology.ok()) << topology.error().text();
  return topology.ok() ? std::move(topology).value() : Topology();
}

Request request(Collective collective, uint64_t bytes) {
  Request one;
  one.collective = collective;
  one.count = bytes;
  one.type = DataType::u8;
  return one;
}

double milliseconds(const Bound& bound) { return static_cast<double>(bound.picoseconds) / 1e9; }

constexpr uint64_t kGigabyte = 1'000'000'000;

TEST(Bound, AllReduceOfTheReferenceCases) {  // 1 GB
  const auto all_reduce = [](const std::string& text) {
    return milliseconds(network_bound(parsed(text), request(Collective::all_reduce, kGigabyte)));
  };
  // One switch, unequal interfaces: max(M / least, 2 (N - 1) M / sum).
  EXPECT_NEAR(all_reduce("switch s roce\nhost a[0-6] ranks 1 on s 100\nhost b ranks 1 on s 50"), 160, 1);
  EXPECT_NEAR(all_reduce("switch s roce\nhost a[0-3] ranks 1 on s 400\nhost b[0-3] ranks 1 on s 100"), 80, 1);
  // Two clusters and an Ethernet: the partition says 107 where the cut says 80.
  const auto holmes = [&](int a, int ib, int b, int roce, int eth) {
    return all_reduce("switch ib infiniband\nswitch ro roce\nswitch e ethernet\nhost a[0-" + std::to_string(a - 1) + "] ranks 1 on ib " +
                      std::to_string(ib) + " on e " + std::to_string(eth) + "\nhost b[0-" + std::to_string(b - 1) + "] ranks 1 on ro " +
                      std::to_string(roce) + " on e " + std::to_string(eth));
  };
  EXPECT_NEAR(holmes(4, 200, 4, 100, 25), 107, 1);
  EXPECT_NEAR(holmes(2, 200, 2, 100, 25), 160, 1);
  EXPECT_NEAR(holmes(4, 400, 2, 100, 25), 160, 1);
  EXPECT_NEAR(holmes(3, 200, 5, 200, 10), 267, 1);
}

TEST(Bound, SharedTrunksAndCoresBind) {
  const std::string trunk =
      "switch a ethernet\nswitch b ethernet\nlink a b 10/5\nhost x[0-3] ranks 1 on a 100\nhost y[0-3] ranks 1 on b 100";
  const Topology topology = parsed(trunk);
  EXPECT_EQ(cut_capacity(topology, {4, 0}), 10'000'000'000u);
  EXPECT_EQ(cut_capacity(topology, {0, 4}), 5'000'000'000u);
  EXPECT_EQ(cut_capacity(topology, {1, 0}), 100'000'000'000u);
  EXPECT_NEAR(milliseconds(network_bound(topology, request(Collective::broadcast, kGigabyte))), 800, 1);
  EXPECT_NEAR(milliseconds(network_bound(topology, request(Collective::reduce, kGigabyte))), 1600, 1);
  EXPECT_NEAR(milliseconds(network_bound(topology, request(Collective::all_to_all, kGigabyte / 8))), 16 * 200, 1);
  const Topology core = parsed("switch s ethernet core 20\nhost x[0-3] ranks 1 on s 100");
  EXPECT_EQ(cut_capacity(core, {2}), 20'000'000'000u);
}

TEST(Bound, EachCollectiveOfFourEqualHosts) {
  const Topology topology = parsed("switch s roce\nhost h[0-3] ranks 1 on s 8");  // 1 GB/s
  const auto bound = [&](Collective collective) { return milliseconds(network_bound(topology, request(collective, kGigabyte))); };
  EXPECT_NEAR(bound(Collective::all_reduce), 1500, 1);
  EXPECT_NEAR(bound(Collective::broadcast), 1000, 1);
  EXPECT_NEAR(bound(Collective::reduce), 1000, 1);
  EXPECT_NEAR(bound(Collective::all_gather), 3000, 1);
  EXPECT_NEAR(bound(Collective::reduce_scatter), 3000, 1);
  EXPECT_NEAR(bound(Collective::all_to_all), 3000, 1);
  EXPECT_EQ(bound(Collective::barrier), 0);
}

TEST(Bound, RootsMatterWhereRatesDiffer) {
  const Topology topology = parsed("switch s roce\nhost h[0-2] ranks 1 on s 80\nhost slow ranks 1 on s 8/80");
  Request broadcast = request(Collective::broadcast, kGigabyte);
  EXPECT_NEAR(milliseconds(network_bound(topology, broadcast)), 100, 1);
  broadcast.root = 3;
  EXPECT_NEAR(milliseconds(network_bound(topology, broadcast)), 1000, 1);
}

TEST(Bound, AnIslandIsBoundByItsMemoryOrAHop) {
  const IslandFacts facts{250, 30'000'000'000, 40'000'000'000, 1024, 16384, 256};
  EXPECT_EQ(island_bound(facts, 2, request(Collective::all_reduce, 8)).picoseconds, 250'000);
  EXPECT_NEAR(milliseconds(island_bound(facts, 2, request(Collective::all_reduce, 64'000'000))), 1.6, 0.01);
  EXPECT_EQ(island_bound(facts, 1, request(Collective::all_reduce, 8)).picoseconds, 0);
  EXPECT_GT(lower_bound(Topology::one_island(4, facts), request(Collective::all_gather, 1 << 20)).picoseconds, 250'000);
}

TEST(Bound, WhatTheSecondCacheCannotHoldMovesNoFasterThanACopyInIt) {
  const IslandFacts facts{1, 50'000'000'000, 20'000'000'000, 1024, 16384, 256};
  const auto picoseconds = [&](uint64_t bytes) { return island_bound(facts, 2, request(Collective::all_reduce, bytes)).picoseconds; };
  EXPECT_EQ(picoseconds(1'000'000), 1'000'000 / 4 * 20);  // 20 ps a byte
  EXPECT_EQ(picoseconds(1'100'000), 1'100'000 * 20);      // twice as much is read and written: more than two of 1 MiB
}

// A root may go on before the others have what it sent, so one after another a broadcast takes less than a hop.
TEST(Bound, OnlyWhereEachWaitsForEachAnIslandTakesAHop) {
  const IslandFacts facts{250, 30'000'000'000, 40'000'000'000, 1024, 16384, 256};
  for (const Collective collective : {Collective::all_reduce, Collective::all_gather, Collective::reduce_scatter, Collective::all_to_all})
    EXPECT_EQ(island_bound(facts, 4, request(collective, 8)).picoseconds, 250'000) << name(collective);
  for (const Collective collective : {Collective::broadcast, Collective::reduce}) {
    EXPECT_LT(island_bound(facts, 4, request(collective, 8)).picoseconds, 1'000) << name(collective);
    EXPECT_EQ(island_bound(facts, 4, request(collective, 8)).why, "an island's caches") << name(collective);
  }
}

TEST(Bound, AnIslandMovesWhatMustMoveEvenInPlaceAndShared) {
  const IslandFacts facts{250, 50'000'000'000, 20'000'000'000, 1024, 16384, 256};  // a copy of 50 GB/s: 100 read or written
  const auto bound = [&](Collective collective) { return milliseconds(island_bound(facts, 4, request(collective, 400'000'000))); };
  EXPECT_NEAR(bound(Collective::all_reduce), 8, 0.01);
  EXPECT_NEAR(bound(Collective::reduce), 5, 0.01);           // its own read, a quarter of the result written
  EXPECT_NEAR(bound(Collective::broadcast), 4, 0.01);        // a quarter of the root's read, of all others' written
  EXPECT_NEAR(bound(Collective::all_gather), 4 + 12, 0.01);  // its own read, three blocks written
  EXPECT_NEAR(bound(Collective::reduce_scatter), 16 + 4, 0.01);
  EXPECT_NEAR(bound(Collective::all_to_all), 12 + 12, 0.01);
}

TEST(Bound, WhatTheCachesHoldTogetherIsNotBoundByMemory) {
  const IslandFacts facts{1, 50'000'000'000, 20'000'000'000, 2048, 1024, 256};
  EXPECT_EQ(island_bound(facts, 2, request(Collective::all_reduce, 1'500'000)).why, "an island's caches");
  EXPECT_EQ(island_bound(facts, 2, request(Collective::all_reduce, 1'600'000)).why, "an island's memory");
}

}  // namespace
}  // namespace hawser
