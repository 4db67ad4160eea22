// Broken texts: a few hundred seeded mutations give a topology or an error that says where, never a crash, never a long wait.
#include <gtest/gtest.h>

#include <chrono>

#include "src/base/random.h"
#include "src/topology/contraction.h"
#include "src/topology/topology.h"

namespace hawser {
namespace {

constexpr std::string_view kText = R"(topology 1
switch leaf0 roce core 4000
switch leaf1 roce
switch wan ethernet
link leaf0 leaf1 1600 lat 1
link leaf1 wan 100/40 lat 2000
host p[0-7] ranks 4 islands 2 inner 400 lat 2 on leaf0 200 lat 3 for 0-1 each on leaf1 100 for 2-3
island hop 45 copy 92.5 nt 64.25 l2 2048 l3 16384 per_cpu 2 publish 184.5 take 150.25 cma 107 cma_again 275 cma_ns 800
host p[8-9] ranks 4 inner 400 lat 2 on leaf1 200 lat 3
host c0 ranks 2 on wan 25 lat 10
order c0:1 p8 p9 c0:0 p0 p1 p2 p3 p4 p5 p6 p7
)";

constexpr std::string_view kPieces[] = {"0",
                                        "-1",
                                        "99999999999999999999",
                                        "4294967296",
                                        "65536",
                                        "[0-1048575]",
                                        "[9-1]",
                                        ":",
                                        ":3",
                                        "order ",
                                        "\n",
                                        " ",
                                        "#",
                                        "host ",
                                        "1e9",
                                        ".",
                                        "/",
                                        "0.00001",
                                        "each",
                                        "island hop 1 ",
                                        "\xff",
                                        "[",
                                        "]",
                                        "for 0-65535 each",
                                        "on wan 1 ",
                                        "core 999999999",
                                        "1048576",
                                        "link wan wan 1\n"};

std::string mutated(SeededRandom& random) {
  std::string text(kText);
  const uint64_t changes = 1 + random.next() % 3;
  for (uint64_t i = 0; i < changes && !text.empty(); ++i) {
    const size_t at = random.next() % text.size(), length = random.next() % 12;
    const std::string_view piece = kPieces[random.next() % std::size(kPieces)];
    switch (random.next() % 4) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, piece);
        break;
      case 2:
        text.replace(at, length, piece);
        break;
      case 3:
        text[at] = static_cast<char>(random.next());
        break;
    }
  }
  return text;
}

// What a topology promises, asked of whatever was accepted.
void expect_sound(const Topology& topology, SeededRandom& random) {
  const Result<Topology> again = Topology::parse(topology.text());
  ASSERT_TRUE(again.ok()) << again.error().text() << "\n" << topology.text();
  EXPECT_EQ(again.value().text(), topology.text());
  for (int i = 0; i < 20; ++i) {
    const Rank rank = static_cast<Rank>(random.next() % static_cast<uint64_t>(topology.ranks()));
    const Rank other = static_cast<Rank>(random.next() % static_cast<uint64_t>(topology.ranks()));
    EXPECT_LT(topology.host_of(rank), topology.hosts());
    const auto members = topology.ranks_of_island(topology.island_of(rank));
    EXPECT_NE(std::find(members.begin(), members.end(), rank), members.end());
    EXPECT_GT(topology.route(rank, other).bits_per_s, 0u);
  }
  uint64_t hosts = 0;
  for (const auto& one : topology.contraction().host_classes) hosts += one.hosts;
  EXPECT_EQ(hosts, static_cast<uint64_t>(topology.hosts()));
}

TEST(TopologyMutation, BrokenTextsGiveErrorsThatSayWhere) {
  const uint64_t seed = 20261125;
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  ASSERT_TRUE(Topology::parse(kText).ok()) << Topology::parse(kText).error().text();
  int accepted = 0;
  for (int i = 0; i < 600; ++i) {
    const std::string text = mutated(random);
    SCOPED_TRACE(text);
    const Result<Topology> topology = Topology::parse(text);
    if (topology.ok()) {
      ++accepted;
      expect_sound(topology.value(), random);
    } else {
      EXPECT_NE(topology.error().text().find("topology"), std::string::npos) << topology.error().text();
      EXPECT_EQ(topology.error().code(), Code::invalid);
    }
  }
  EXPECT_GT(accepted, 5);
  EXPECT_LT(accepted, 580);
}

TEST(TopologyMutation, LargeTextsAreReadInTime) {
  std::string runs = "topology 1\nswitch s ethernet\n";
  for (int i = 0; i < 14000; ++i) runs += "host h" + std::to_string(i) + " ranks " + std::to_string(1 + i % 2) + " on s 1\n";
  std::string order = "order";
  for (int i = 14000; i-- > 0;) order += " h" + std::to_string(i);
  const auto start = std::chrono::steady_clock::now();
  const Result<Topology> topology = Topology::parse(runs + order);
  ASSERT_TRUE(topology.ok()) << topology.error().text();
  EXPECT_EQ(topology.value().host_name(0), "h13999");
  std::string chain = "topology 1\n";
  for (int i = 0; i < 15000; ++i) chain += "switch s" + std::to_string(i) + " ethernet\n";
  for (int i = 1; i < 15000; ++i) chain += "link s" + std::to_string(i - 1) + " s" + std::to_string(i) + " 1\n";
  chain += "host a ranks 1 on s0 1\nhost b ranks 1 on s14999 1\n";
  const Result<Topology> long_chain = Topology::parse(chain);
  ASSERT_TRUE(long_chain.ok()) << long_chain.error().text();
  EXPECT_EQ(long_chain.value().route(0, 1).hops.size(), 15001u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace hawser
