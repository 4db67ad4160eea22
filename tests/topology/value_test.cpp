// The value and its text: what is parsed is printed back, equals are merged, and everybody finds who sits where.
#include <gtest/gtest.h>

#include "src/topology/topology.h"

namespace hawser {
namespace {

constexpr const char* kTrunk = R"(
topology 1                                  # rates Gbit/s each way, latencies us
switch ib-a     infiniband
switch roce-b   roce
switch eth-a    ethernet
switch eth-b    ethernet
link   eth-a eth-b  0.4  lat 50              # the shared trunk
host   a[0-1]  ranks 1  on ib-a   4 lat 2  on eth-a 1 lat 30
host   b[0-1]  ranks 1  on roce-b 2 lat 3  on eth-b 1 lat 30
)";
constexpr const char* kRails = R"(topology 1
switch rail0 infiniband
switch rail1 infiniband
switch eth ethernet core 800
host g[0-254] ranks 8 inner 3600 lat 1.5 on rail0 400 lat 2 for 0-3 each on rail1 400 lat 2 for 4-7 each on eth 25 lat 20
island hop 45 copy 92.5 nt 70 l2 2048 l3 16384 per_cpu 0.50390625 publish 184.5 take 150.25 cma 107 cma_again 275 cma_ns 800
host g255 ranks 8 inner 3600 lat 1.5 on rail0 400 lat 2 for 0-3 each on rail1 200 lat 2 for 4-7 each on eth 25 lat 20
)";
constexpr const char* kWan = R"(topology 1
switch leaf0 roce
switch leaf1 roce
switch spine roce
switch wan ethernet
link leaf0 spine 1600 lat 1
link leaf1 spine 1600 lat 1
link spine wan 100/40 lat 2000
host p[0-15] ranks 4 inner 400 lat 2 on leaf0 200 lat 3
host p[16-31] ranks 4 inner 400 lat 2 on leaf1 200 lat 3
host c[0-5] ranks 1 on wan 25 lat 10 on wan 10 lat 10
)";

Topology parsed(std::string_view text) {
  Result<Topology> topology = Topology::parse(text);
  EXPECT_TRUE(topology.ok()) << topology.error().text();
  return topology.ok() ? std::move(topology).value() : Topology();
}

std::string error_of(std::string_view text) {
  const Result<Topology> topology = Topology::parse(text);
  return topology.ok() ? "" : topology.error().text();
}

TEST(TopologyText, CanonicalTextIsPrintedBackAsItWas) {
  EXPECT_EQ(parsed(kRails).text(), kRails);
  EXPECT_EQ(parsed(kWan).text(), kWan);
  const Topology trunk = parsed(kTrunk);
  EXPECT_EQ(parsed(trunk.text()), trunk);
  EXPECT_EQ(parsed(trunk.text()).text(), trunk.text());
}

TEST(TopologyText, FactsArriveAsIntegers) {
  const Topology rails = parsed(kRails);
  ASSERT_EQ(rails.runs().size(), 2u);
  EXPECT_EQ(rails.runs()[0].island.hop_ns, 45u);
  EXPECT_EQ(rails.runs()[0].island.copy_bytes_per_s, 11'562'500'000u);
  EXPECT_EQ(rails.runs()[0].island.ranks_per_cpu_x256, 129u);
  EXPECT_EQ(rails.runs()[0].island.take_bytes_per_s, 18'781'250'000u);
  EXPECT_EQ(rails.runs()[0].island.cma_ns, 800u);
  EXPECT_EQ(rails.runs()[1].island, IslandFacts());
  EXPECT_EQ(rails.runs()[1].ports[1].rate.out_bits_per_s, 200'000'000'000u);
  const Topology wan = parsed(kWan);
  EXPECT_EQ(wan.links()[2].rate, (Rate{100'000'000'000, 40'000'000'000}));
  EXPECT_EQ(wan.links()[2].latency_ns, 2'000'000);
}

TEST(TopologyText, EqualNeighbouringRunsBecomeOne) {
  const Topology two =
      parsed("topology 1\nswitch s ethernet\nhost n[08-09] ranks 2 on s 10\nhost n[10-11] ranks 2 on s 10 for 0-1\nhost x ranks 2 on s 10");
  ASSERT_EQ(two.runs().size(), 2u);
  EXPECT_EQ(two.runs()[0].hosts, 4u);
  EXPECT_EQ(two.host_name(2), "n10");
  EXPECT_NE(two.text().find("host n[08-11] ranks 2 on s 10\n"), std::string::npos) << two.text();
  EXPECT_EQ(two.fingerprint(), parsed(two.text()).fingerprint());
}

TEST(TopologyText, FingerprintTellsTopologiesApart) {
  EXPECT_NE(parsed(kRails).fingerprint(), parsed(kWan).fingerprint());
  EXPECT_NE(Topology::one_island(4, {}).fingerprint(), Topology::one_island(5, {}).fingerprint());
}

TEST(TopologyText, ErrorsNameTheLine) {
  const auto line = [](std::string_view extra) { return error_of("topology 1\nswitch s ethernet\n" + std::string(extra)); };
  EXPECT_NE(line("host a ranks 0 on s 10").find("host a"), std::string::npos);
  EXPECT_NE(line("host a ranks x on s 10").find("line 3"), std::string::npos);
  EXPECT_NE(line("host a ranks 1 on t 10").find("no switch is named 't'"), std::string::npos);
  EXPECT_NE(line("host a ranks 1 on s 10 lat").find("line 3"), std::string::npos);
  EXPECT_NE(line("host a ranks 1 on s 0").find("rate of 0"), std::string::npos);
  EXPECT_NE(line("host a ranks 3 islands 2 on s 1").find("do not divide"), std::string::npos);
  EXPECT_NE(line("host a[3-1] ranks 1 on s 1").find("line 3"), std::string::npos);
  EXPECT_NE(line("host a[0-9999999] ranks 1 on s 1").find("line 3"), std::string::npos);
  EXPECT_NE(line("host a[0-99999] ranks 65535 on s 1").find("1048576 ranks"), std::string::npos);
  EXPECT_NE(line("host a ranks 1 on s 1\nhost a ranks 1 on s 1").find("named 'a'"), std::string::npos);
  EXPECT_NE(line("host a[0-1] ranks 1").find("no port"), std::string::npos);
  EXPECT_NE(line("host a[0-1] ranks 1 on s 1\norder a0 a0").find("twice"), std::string::npos);
  EXPECT_NE(line("host a[0-1] ranks 1 on s 1\norder a0").find("1 of 2"), std::string::npos);
  EXPECT_NE(line("host a[0-1] ranks 1 on s 1\norder a0 b").find("no host is named 'b'"), std::string::npos);
  EXPECT_NE(line("rope").find("line 3"), std::string::npos);
  EXPECT_NE(error_of("host a ranks 1").find("line 1"), std::string::npos);
  EXPECT_NE(error_of("topology 2").find("topology 1"), std::string::npos);
  EXPECT_NE(error_of("").find("topology 1"), std::string::npos);
  EXPECT_NE(error_of(std::string(2 << 20, '#')).find("1 MiB"), std::string::npos);
}

TEST(TopologyText, SeparateNetworksAreRefused) {
  EXPECT_NE(
      error_of("topology 1\nswitch s ethernet\nswitch t ethernet\nhost a ranks 1 on s 1\nhost b ranks 1 on t 1").find("have no route"),
      std::string::npos);
}

TEST(TopologyPlaces, RanksOfAHostAreTogether) {
  const Topology wan = parsed(kWan);
  EXPECT_EQ(wan.ranks(), 134);
  EXPECT_EQ(wan.hosts(), 38);
  EXPECT_EQ(wan.islands(), 38);
  EXPECT_EQ(wan.host_of(0), 0);
  EXPECT_EQ(wan.host_of(7), 1);
  EXPECT_EQ(wan.local_of(7), 3);
  EXPECT_EQ(wan.host_of(128), 32);
  EXPECT_EQ(wan.island_of(133), 37);
  EXPECT_EQ(wan.ranks_of_island(2), (std::vector<Rank>{8, 9, 10, 11}));
  EXPECT_EQ(wan.host_name(33), "c1");
  for (Rank rank = 0; rank < wan.ranks(); ++rank) {
    const auto members = wan.ranks_of_host(wan.host_of(rank));
    EXPECT_EQ(members[static_cast<size_t>(wan.local_of(rank))], rank);
  }
}

TEST(TopologyPlaces, AHostMayHoldSeveralIslands) {
  const Topology topology = parsed("topology 1\nhost h ranks 6 islands 3");
  EXPECT_EQ(topology.islands(), 3);
  EXPECT_EQ(topology.ranks_of_island(1), (std::vector<Rank>{2, 3}));
  EXPECT_EQ(topology.island_of(5), 2);
  EXPECT_NE(topology.text().find("ranks 6 islands 3"), std::string::npos);
}

TEST(TopologyPlaces, AnOrderLineShufflesHostsAndRanks) {
  const Topology hosts = parsed("topology 1\nswitch s ethernet\nhost a[0-1] ranks 2 on s 1\nhost b ranks 1 on s 1\norder b a1 a0");
  EXPECT_EQ(hosts.host_of(0), 0);
  EXPECT_EQ(hosts.host_name(0), "b");
  EXPECT_EQ(hosts.ranks_of_island(1), (std::vector<Rank>{1, 2}));
  EXPECT_EQ(hosts.host_name(1), "a1");
  EXPECT_EQ(parsed(hosts.text()), hosts);

  const Topology mixed = parsed("topology 1\nswitch s ethernet\nhost a[0-1] ranks 2 on s 1\norder a0:0 a1:1 a0:1 a1:0");
  EXPECT_EQ(mixed.ranks_of_island(0), (std::vector<Rank>{0, 2}));
  EXPECT_EQ(mixed.ranks_of_island(1), (std::vector<Rank>{1, 3}));
  EXPECT_EQ(mixed.local_of(1), 1);
  EXPECT_EQ(mixed.island_of(3), 1);
  EXPECT_EQ(parsed(mixed.text()), mixed);
  EXPECT_EQ(mixed.text().substr(mixed.text().find("order")), "order a0:0 a1:1 a0:1 a1:0\n");
}

TEST(TopologyPlaces, AnOrderLikeTheTextIsNoOrder) {
  const Topology topology = parsed("topology 1\nswitch s ethernet\nhost a[0-1] ranks 2 on s 1\norder a0 a1:0 a1:1");
  EXPECT_EQ(topology.text().find("order"), std::string::npos);
}

TEST(TopologyPlaces, OneIslandHoldsAll) {
  const Topology topology = Topology::one_island(5, {});
  EXPECT_EQ(topology.ranks(), 5);
  EXPECT_EQ(topology.hosts(), 1);
  EXPECT_EQ(topology.islands(), 1);
  EXPECT_EQ(topology.ranks_of_island(0).size(), 5u);
  EXPECT_EQ(parsed(topology.text()), topology);
}

}  // namespace
}  // namespace hawser
