// The topology says what the records say: who shares memory, who shares a machine, and which networks join them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/agreement/record.h"

namespace hawser {
namespace {

using ::testing::HasSubstr;

Record on(const std::string& host, std::vector<NicRecord> nics) {
  Record record;
  record.boot_id = "boot of " + host;
  record.host_name = host;
  record.nics = std::move(nics);
  return record;
}
NicRecord nic(const std::string& name, const std::string& subnet, uint64_t gigabits = 25) {
  return {name, Fabric::ethernet, gigabits * 1'000'000'000, subnet, {}};
}

Topology compose(const std::vector<Record>& records, const std::vector<int>& islands) {
  auto topology = compose_topology(records, islands, std::vector<IslandFacts>(records.size()));
  EXPECT_TRUE(topology.ok()) << topology.error().text();
  return topology.ok() ? std::move(topology).value() : Topology();
}

void expect_islands(const Topology& topology, const std::vector<int>& islands) {
  ASSERT_EQ(topology.ranks(), static_cast<int>(islands.size()));
  for (Rank rank = 0; rank < topology.ranks(); ++rank)
    EXPECT_EQ(topology.island_of(rank), islands[static_cast<size_t>(rank)]) << "rank " << rank;
}

TEST(Compose, OneHostOneIsland) {
  const Record record = on("a", {nic("lo", "127.0.0.0/8")});
  const Topology topology = compose({record, record, record}, {0, 0, 0});
  EXPECT_EQ(topology.hosts(), 1);
  expect_islands(topology, {0, 0, 0});
}

TEST(Compose, TcpOnlyGivesIslandsOfOneRank) {
  const Record record = on("a", {nic("lo", "127.0.0.0/8")});
  const Topology topology = compose({record, record, record}, {0, 1, 2});
  EXPECT_EQ(topology.hosts(), 1);
  EXPECT_EQ(topology.run_of_host(0).islands_per_host, 3u);
  EXPECT_GT(topology.run_of_host(0).inner.out_bits_per_s, 0u);
  EXPECT_GT(topology.route(0, 2).bits_per_s, 0u);
  expect_islands(topology, {0, 1, 2});
}

// No two machines measure the same, however alike they are.
TEST(Compose, MeasurementsThatDifferByNoiseAreOneClass) {
  std::vector<Record> records;
  std::vector<int> islands;
  std::vector<IslandFacts> facts(6);
  for (int host = 0; host < 6; ++host) {
    records.push_back(on("node" + std::to_string(host), {nic("eth0", "10.0.0.0/24")}));
    islands.push_back(host);
    facts[static_cast<size_t>(host)].hop_ns = host < 5 ? 100 + static_cast<uint32_t>(host) * 3 : 250;
    facts[static_cast<size_t>(host)].copy_bytes_per_s = 20'000'000'000 + static_cast<uint64_t>(host) * 1'000'000'007;
  }
  const auto topology = compose_topology(records, islands, facts);
  ASSERT_TRUE(topology.ok()) << topology.error().text();
  ASSERT_EQ(topology.value().runs().size(), 2u) << topology.value().text();
  EXPECT_EQ(topology.value().runs()[0].hosts, 5u);
  EXPECT_EQ(topology.value().runs()[0].island.hop_ns, 106u);
  EXPECT_EQ(topology.value().runs()[1].island.hop_ns, 250u);
  EXPECT_EQ(topology.value().runs()[0].island.copy_bytes_per_s, topology.value().runs()[1].island.copy_bytes_per_s);
}

TEST(Compose, EqualHostsBecomeARun) {
  std::vector<Record> records;
  std::vector<int> islands;
  for (int host = 0; host < 4; ++host)
    for (int local = 0; local < 2; ++local) {
      records.push_back(on("node" + std::to_string(host), {nic("eth0", "10.0.0.0/24")}));
      islands.push_back(host);
    }
  const Topology topology = compose(records, islands);
  EXPECT_EQ(topology.hosts(), 4);
  EXPECT_EQ(topology.runs().size(), 1u);
  ASSERT_EQ(topology.switches().size(), 1u);
  EXPECT_EQ(topology.switches()[0].name, "ethernet-10.0.0.0-24");
  EXPECT_EQ(topology.route(0, 7).bits_per_s, 25'000'000'000u);
  expect_islands(topology, islands);
}

TEST(Compose, TwoNetworksAreTwoSwitchesAndTwoAddressesOneInterface) {
  const std::vector<NicRecord> nics = {nic("eth0", "10.0.0.0/24"), nic("eth0", "fd00::/64"), nic("eth1", "10.0.1.0/24", 100)};
  const Topology topology = compose({on("a", nics), on("b", nics)}, {0, 1});
  EXPECT_EQ(topology.switches().size(), 2u);
  ASSERT_EQ(topology.run_of_host(0).ports.size(), 2u);
  EXPECT_EQ(topology.run_of_host(0).ports[1].rate.out_bits_per_s, 100'000'000'000u);
}

TEST(Compose, AnUnknownRateIsStillARate) {
  const Topology topology = compose({on("a", {nic("eth0", "10.0.0.0/24", 0)}), on("b", {nic("eth0", "10.0.0.0/24", 0)})}, {0, 1});
  EXPECT_GT(topology.route(0, 1).bits_per_s, 0u);
}

TEST(Compose, RanksAlternatingOverHostsKeepTheirPlaces) {
  const std::vector<NicRecord> nics = {nic("eth0", "10.0.0.0/24")};
  const std::vector<int> islands = {0, 1, 0, 1, 0, 1};
  const Topology topology = compose({on("a", nics), on("b", nics), on("a", nics), on("b", nics), on("a", nics), on("b", nics)}, islands);
  EXPECT_EQ(topology.hosts(), 2);
  for (Rank rank = 0; rank < 6; ++rank) EXPECT_EQ(topology.host_of(rank), rank % 2);
  expect_islands(topology, islands);
  EXPECT_THAT(topology.text(), HasSubstr("order"));
  EXPECT_EQ(Topology::parse(topology.text()).value(), topology);
}

TEST(Compose, InterleavedIslandsOfOneHost) {
  const Record record = on("a", {});
  expect_islands(compose({record, record, record, record}, {0, 1, 0, 1}), {0, 1, 0, 1});
}

TEST(Compose, UnequalIslandsOfOneMachineBecomeHostsThatReachEachOther) {
  const Record record = on("a", {nic("lo", "127.0.0.0/8")});
  const Topology topology = compose({record, record, record, record}, {0, 0, 1, 0});
  EXPECT_EQ(topology.hosts(), 2);
  expect_islands(topology, {0, 0, 1, 0});
  EXPECT_GT(topology.route(0, 2).bits_per_s, 0u);
}

TEST(Compose, UnequalIslandsBesideAnotherMachineShareTheInterface) {
  const std::vector<NicRecord> nics = {nic("eth0", "10.0.0.0/24", 40)};
  const Topology topology = compose({on("a", nics), on("a", nics), on("a", nics), on("a", nics), on("b", nics)}, {0, 0, 0, 1, 2});
  EXPECT_EQ(topology.hosts(), 3);
  EXPECT_EQ(topology.route(0, 4).bits_per_s, 30'000'000'000u);
  EXPECT_EQ(topology.route(3, 4).bits_per_s, 10'000'000'000u);
  expect_islands(topology, {0, 0, 0, 1, 2});
}

TEST(Compose, HostsOfDifferentNetworksAreRouted) {
  const Topology topology = compose({on("a", {nic("eth0", "10.0.0.0/24")}), on("b", {nic("eth0", "10.0.1.0/24", 10)})}, {0, 1});
  EXPECT_EQ(topology.route(0, 1).bits_per_s, 10'000'000'000u);
  EXPECT_THAT(topology.text(), HasSubstr("switch routed"));
}

TEST(Compose, AHostNobodyReachesIsNamed) {
  const auto topology = compose_topology({on("a", {nic("eth0", "10.0.0.0/24")}), on("lonely", {nic("lo", "127.0.0.0/8")})}, {0, 1},
                                         std::vector<IslandFacts>(2));
  ASSERT_FALSE(topology.ok());
  EXPECT_EQ(topology.error().code(), Code::unreachable);
  EXPECT_THAT(topology.error().text(), ::testing::AllOf(HasSubstr("rank 1"), HasSubstr("lonely")));
}

TEST(Compose, MachinesOfOneNameAreToldApart) {
  Record a = on("same", {nic("eth0", "10.0.0.0/24")}), b = a, c = a;
  b.boot_id = "another";
  c.boot_id = "third";
  c.host_name = "same.2";  // what the second would be called
  const Topology topology = compose({a, b, c}, {0, 1, 2});
  EXPECT_EQ(topology.hosts(), 3);
  Record zero = on("n1", {nic("eth0", "10.0.0.0/24")}), padded = on("n01", {nic("eth0", "10.0.0.0/24")});
  EXPECT_EQ(compose({zero, padded}, {0, 1}).hosts(), 2);
}

TEST(Compose, AnyHostNameWillDo) {
  const std::vector<NicRecord> nics = {nic("eth0", "10.0.0.0/24")};
  const Topology topology = compose({on("a b/c:d", nics), on("", nics), on(std::string(255, 'x'), nics)}, {0, 1, 2});
  EXPECT_EQ(Topology::parse(topology.text()).value(), topology);
}

TEST(Compose, TheFactsAreTheIslands) {
  std::vector<IslandFacts> facts(2);
  facts[1].hop_ns = 77;
  const std::vector<NicRecord> nics = {nic("eth0", "10.0.0.0/24")};
  const auto topology = compose_topology({on("a", nics), on("b", nics)}, {0, 1}, facts);
  ASSERT_TRUE(topology.ok());
  EXPECT_EQ(topology.value().island_facts(1).hop_ns, 77u);
  EXPECT_EQ(topology.value().island_facts(0).hop_ns, IslandFacts().hop_ns);
}

TEST(Compose, WhatDoesNotFitTogetherIsAnError) {
  const Record record = on("a", {});
  EXPECT_FALSE(compose_topology({}, {}, {}).ok());
  EXPECT_FALSE(compose_topology({record}, {0, 0}, std::vector<IslandFacts>(1)).ok());
  EXPECT_FALSE(compose_topology({record}, {3}, std::vector<IslandFacts>(1)).ok());
  EXPECT_FALSE(compose_topology({record}, {-1}, std::vector<IslandFacts>(1)).ok());
  EXPECT_FALSE(compose_topology({record, on("b", {})}, {0, 0}, std::vector<IslandFacts>(1)).ok());
}

}  // namespace
}  // namespace hawser
