// Who moves to which CPU when members of an island crowd one.
#include "src/lowering/cpu_spread.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/lowering/world.h"

namespace hawser {
namespace {

cpu_set_t set_of(std::initializer_list<int> cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(static_cast<size_t>(cpu), &set);
  return set;
}

TEST(CpuSpread, the_last_of_three_leaves_for_the_cpu_with_one) {
  const std::vector<int> at = {0, 1, 0, 0};
  const cpu_set_t both = set_of({0, 1});
  EXPECT_FALSE(better_cpu(0, at, both));
  EXPECT_FALSE(better_cpu(1, at, both));
  EXPECT_FALSE(better_cpu(2, at, both));
  EXPECT_EQ(better_cpu(3, at, both), 1);
}

TEST(CpuSpread, nobody_leaves_for_a_difference_of_one_or_a_cpu_that_is_not_allowed) {
  EXPECT_FALSE(better_cpu(3, std::vector<int>{0, 1, 1, 0}, set_of({0, 1})));
  EXPECT_FALSE(better_cpu(2, std::vector<int>{0, 1, 0}, set_of({0, 1})));
  EXPECT_FALSE(better_cpu(3, std::vector<int>{0, 1, 0, 0}, set_of({0})));
  EXPECT_EQ(better_cpu(3, std::vector<int>{0, 1, 0, 0}, set_of({0, 1, 5})), 5);
}

TEST(CpuSpread, who_is_not_known_counts_nowhere) {
  EXPECT_FALSE(better_cpu(0, std::vector<int>{-1, -1, -1}, set_of({0, 1})));
  EXPECT_EQ(better_cpu(1, std::vector<int>{0, 0, -1, -2}, set_of({0, 1})), 1);
}

// Whatever the members say of themselves, a look leaves the thread free to go wherever it could go before.
TEST(CpuSpread, a_look_leaves_the_affinity_as_it_was) {
  World world(4, 1 << 16);
  cpu_set_t before, after;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  for (const uint32_t told : {0u, 1u, 2u, ~0u}) {
    for (uint32_t member = 0; member < 3; ++member) reinterpret_cast<AreaHead*>(world.area(member))->waits_on.cpu.store(told);
    IslandFacts facts;
    facts.ranks_per_cpu_x256 = 512;
    IslandState state(3, world.members(3), facts);
    CpuSpread spread(state);
    for (int look = 0; look < 20'000; ++look) spread.look();
    ASSERT_EQ(::sched_getaffinity(0, sizeof after, &after), 0);
    EXPECT_TRUE(CPU_EQUAL(&before, &after));
    EXPECT_NE(reinterpret_cast<AreaHead*>(world.area(3))->waits_on.cpu.load(), 0u) << "it did not say where it waits";
  }
}

}  // namespace
}  // namespace hawser
