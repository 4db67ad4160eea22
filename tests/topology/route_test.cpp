// Ways between ranks, classes of equals, and clusters.
#include <gtest/gtest.h>

#include "src/topology/contraction.h"
#include "src/topology/topology.h"

namespace hawser {
namespace {

Topology parsed(std::string_view text) {
  Result<Topology> topology = Topology::parse("topology 1\n" + std::string(text));
  EXPECT_TRUE(topology.ok()) << topology.error().text();
  return topology.ok() ? std::move(topology).value() : Topology();
}

constexpr uint64_t kGbit = 1'000'000'000;

TEST(TopologyRoute, TheSharedTrunkIsOnTheWayBetweenClusters) {
  const Topology topology = parsed(
      "switch ib infiniband\nswitch roce roce\nswitch ea ethernet\nswitch eb ethernet\nlink ea eb 0.4 lat 50\n"
      "host a[0-1] ranks 1 on ib 4 lat 2 on ea 1 lat 30\nhost b[0-1] ranks 1 on roce 2 lat 3 on eb 1 lat 30");
  const Route near = topology.route(0, 1), far = topology.route(0, 3), back = topology.route(3, 0);
  EXPECT_EQ(near.bits_per_s, 4 * kGbit);
  EXPECT_EQ(near.latency_ns, 4000);
  EXPECT_EQ(far.bits_per_s, 400'000'000u);
  EXPECT_EQ(far.latency_ns, 110'000);
  ASSERT_EQ(far.hops.size(), 3u);
  EXPECT_EQ(far.hops[0].index, 1u);
  EXPECT_EQ(far.hops[1].kind, RouteHop::Kind::link_forward);
  EXPECT_EQ(back.hops[1].kind, RouteHop::Kind::link_backward);
}

TEST(TopologyRoute, UnlikeDirectionsAndCoresCount) {
  const Topology topology =
      parsed("switch a ethernet core 30\nswitch b ethernet\nlink a b 100/40 lat 7\nhost x ranks 1 on a 400\nhost y ranks 1 on b 400/20");
  EXPECT_EQ(topology.route(0, 1).bits_per_s, 20 * kGbit);
  const Topology wide =
      parsed("switch a ethernet\nswitch b ethernet\nlink a b 100/40 lat 7\nhost x ranks 1 on a 400\nhost y ranks 1 on b 400");
  EXPECT_EQ(wide.route(0, 1).bits_per_s, 100 * kGbit);
  EXPECT_EQ(wide.route(1, 0).bits_per_s, 40 * kGbit);
  EXPECT_EQ(wide.route(1, 0).latency_ns, 7000);
}

TEST(TopologyRoute, FewestLinksThenTheWidestThenTheFirst) {
  const Topology topology = parsed(
      "switch a ethernet\nswitch b ethernet\nswitch c ethernet\nlink a b 10\nlink a b 20\nlink a b 20\nlink a c 900\nlink c b 900\n"
      "host x ranks 1 on a 400\nhost y ranks 1 on b 400");
  const Route route = topology.route(0, 1);
  EXPECT_EQ(route.bits_per_s, 20 * kGbit);
  ASSERT_EQ(route.hops.size(), 3u);
  EXPECT_EQ(route.hops[1].index, 1u);
}

TEST(TopologyRoute, RanksUseTheirOwnPortsAndElseANeighbours) {
  const char* rails = "switch r0 roce\nswitch r1 roce\nhost h[0-1] ranks 2 inner 1000 lat 1 on r0 100 for 0 on r1 200 for 1";
  const Topology topology = parsed(rails);
  EXPECT_EQ(topology.route(0, 2).bits_per_s, 100 * kGbit);
  EXPECT_EQ(topology.route(1, 3).bits_per_s, 200 * kGbit);
  EXPECT_EQ(topology.route(0, 3).bits_per_s, 200 * kGbit);
  EXPECT_EQ(topology.route(0, 1).hops[0].kind, RouteHop::Kind::inner);
  EXPECT_EQ(topology.route(0, 1).bits_per_s, 1000 * kGbit);
}

TEST(TopologyContraction, EqualHostsAreOneClassWhereverTheyStand) {
  const Topology topology = parsed(
      "switch l0 roce\nswitch l1 roce\nswitch spine roce\nlink l0 spine 1600\nlink l1 spine 1600\n"
      "host a[0-15] ranks 4 on l0 200\nhost b[0-15] ranks 4 on l1 200\nhost c ranks 4 on l1 100");
  const Contraction& parts = topology.contraction();
  // c makes l1 unlike l0, so a and b differ by their switch.
  EXPECT_EQ(parts.host_classes.size(), 3u);
  EXPECT_EQ(parts.clusters(), 1u);
  const Topology even = parsed(
      "switch l0 roce\nswitch l1 roce\nswitch spine roce\nlink l0 spine 1600\nlink l1 spine 1600\n"
      "host a[0-15] ranks 4 on l0 200\nhost b[0-15] ranks 4 on l1 200");
  ASSERT_EQ(even.contraction().host_classes.size(), 1u);
  EXPECT_EQ(even.contraction().host_classes[0].hosts, 32u);
  ASSERT_EQ(even.contraction().link_classes.size(), 1u);
  EXPECT_EQ(even.contraction().link_classes[0].links, 2u);
}

TEST(TopologyContraction, NarrowTrunksSeparateClusters) {
  const Topology topology = parsed(
      "switch ib infiniband\nswitch roce roce\nswitch eth ethernet\n"
      "host a[0-3] ranks 8 on ib 400 on eth 25\nhost b[0-1] ranks 8 on roce 200 on eth 25\nhost a4 ranks 8 on ib 200 on eth 25");
  const Contraction& parts = topology.contraction();
  ASSERT_EQ(parts.clusters(), 2u);
  EXPECT_EQ(parts.cluster_of_run, (std::vector<uint32_t>{0, 1, 0}));
  EXPECT_EQ(parts.hosts_of_cluster, (std::vector<uint32_t>{5, 2}));
  EXPECT_EQ(parts.ranks_of_cluster, (std::vector<uint32_t>{40, 16}));
  EXPECT_EQ(parts.cluster_of_switch, (std::vector<uint32_t>{0, 1, Contraction::no_cluster}));
}

TEST(TopologyContraction, RailsAreOneCluster) {
  const Topology topology = parsed(
      "switch r0 roce\nswitch r1 roce\nswitch eth ethernet\nhost h[0-3] ranks 2 on r0 400 for 0 on r1 400 for 1 on eth 25\n"
      "host x ranks 2 on r0 300 for 0 on r1 400 for 1 on eth 25");
  EXPECT_EQ(topology.contraction().clusters(), 1u);
}

TEST(TopologyContraction, AWideUplinkJoinsANarrowOneDoesNot) {
  const auto clusters = [](const std::string& rate) {
    return parsed("switch l0 roce\nswitch l1 roce\nlink l0 l1 " + rate + "\nhost a[0-7] ranks 1 on l0 100\nhost b[0-3] ranks 1 on l1 100")
        .contraction()
        .clusters();
  };
  EXPECT_EQ(clusters("200"), 1u);
  EXPECT_EQ(clusters("150"), 2u);
}

}  // namespace
}  // namespace hawser
