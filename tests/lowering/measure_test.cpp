// The facts of an island are plausible, quick to have, and a member that never comes costs a moment, not a hang.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "src/lowering/area.h"
#include "tests/lowering/world.h"

namespace hawser {
namespace {

// Where all members come, the outcome must not depend on how long a busy machine lets them wait for each other.
constexpr std::chrono::seconds kPatience{60};

TEST(Measure, finds_plausible_facts_again_and_again) {
  for (const uint32_t members : {1u, 2u, 4u}) {
    World world(members, 1 << 16);
    std::vector<IslandFacts> facts(members);
    for (int round = 0; round < 2; ++round) {
      world.run([&](uint32_t me) { facts[me] = measure_island(me, world.members(me), members > 2 ? 512 : 256, kPatience); });
      EXPECT_GE(facts[0].hop_ns, 20u);
      EXPECT_LE(facts[0].hop_ns, 2000u);
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
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  EXPECT_EQ(facts.hop_ns, IslandFacts{}.hop_ns);
}

class Strangers {  // busy on every CPU
 public:
  Strangers() {
    for (unsigned i = 0; i < 2 * std::max(1u, std::thread::hardware_concurrency()); ++i)
      threads_.emplace_back([this] {
        while (!over_.load(std::memory_order_relaxed)) ++turns_;
      });
  }
  ~Strangers() {
    over_.store(true);
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> over_{false};
  std::atomic<uint64_t> turns_{0};
  std::vector<std::thread> threads_;
};

TEST(Measure, sees_past_a_busy_machine) {
  const Strangers strangers;
  for (int round = 0; round < 3; ++round) {
    World world(2, 1 << 16);
    std::vector<IslandFacts> facts(2);
    const auto begin = std::chrono::steady_clock::now();
    world.run([&](uint32_t me) { facts[me] = measure_island(me, world.members(me), 256, kPatience); });
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
    EXPECT_GE(facts[0].hop_ns, 20u);
    EXPECT_LE(facts[0].hop_ns, 2000u);
    EXPECT_GT(facts[0].copy_bytes_per_s, 500'000'000u);
    EXPECT_GT(facts[0].non_temporal_bytes_per_s, 1'000'000'000u);
  }
}

TEST(Measure, leaves_the_hop_alone_where_it_is_a_matter_of_scheduling) {
  World world(2, 1 << 16);
  std::vector<IslandFacts> facts(2);
  world.run([&](uint32_t me) { facts[me] = measure_island(me, world.members(me), 512, kPatience); });
  for (const IslandFacts& one : facts) {
    EXPECT_EQ(one.hop_ns, IslandFacts{}.hop_ns);
    EXPECT_NE(one.copy_bytes_per_s, IslandFacts{}.copy_bytes_per_s);
  }
}

// The others wait for member 1, who went after the first meeting.
TEST(Measure, does_not_hang_when_a_member_dies_on_the_way) {
  World world(2, 1 << 16);
  const auto begin = std::chrono::steady_clock::now();
  reinterpret_cast<AreaHead*>(world.members(0)[1].area)->arrived.count.store(1);
  const IslandFacts facts = measure_island(0, world.members(0), 256);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  EXPECT_EQ(facts.hop_ns, IslandFacts{}.hop_ns);
}

}  // namespace
}  // namespace hawser
