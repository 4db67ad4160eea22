// The facts of an island are plausible, quick to have, and a member that never comes costs a moment, not a hang.
#include <gtest/gtest.h>

#include <chrono>

#include "tests/lowering/world.h"

namespace hawser {
namespace {

TEST(Measure, finds_plausible_facts_again_and_again) {
  for (const uint32_t members : {1u, 2u, 4u}) {
    World world(members, 1 << 16);
    std::vector<IslandFacts> facts(members);
    for (int round = 0; round < 2; ++round) {
      world.run([&](uint32_t me) { facts[me] = measure_island(me, world.members(me), members > 2 ? 512 : 256); });
      EXPECT_GE(facts[0].hop_ns, 1u);
      EXPECT_LE(facts[0].hop_ns, 100'000u);
      EXPECT_GT(facts[0].copy_bytes_per_s, 100'000'000u);
      EXPECT_GT(facts[0].non_temporal_bytes_per_s, 100'000'000u);
      EXPECT_GT(facts[0].l2_kib, 0u);
      EXPECT_GT(facts[0].l3_share_kib, 0u);
      EXPECT_EQ(facts[0].ranks_per_cpu_x256, members > 2 ? 512u : 256u);
    }
  }
}

TEST(Measure, does_not_hang_when_a_member_is_missing) {
  World world(3, 1 << 16);
  const auto begin = std::chrono::steady_clock::now();
  const IslandFacts facts = measure_island(0, world.members(0), 256);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  EXPECT_EQ(facts.hop_ns, IslandFacts{}.hop_ns);
}

}  // namespace
}  // namespace hawser
