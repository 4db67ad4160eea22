// Drawings of plans are what they were.
#include "tests/collectives/golden.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "src/plan/draw.h"
#include "tests/collectives/support.h"

namespace hawser {

bool golden_write = false;

void expect_golden(const std::string& file, const std::string& text) {
  const std::string path = std::string(GOLDEN_FOLDER) + "/" + file;
  if (golden_write) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream in(path);
  std::stringstream kept;
  kept << in.rdbuf();
  EXPECT_TRUE(in.good()) << path << " is missing; run with --golden-write";
  EXPECT_EQ(text, kept.str()) << "differs from " << path << "; if that is meant, run with --golden-write";
}

namespace {

Plan drawn(std::string_view planner, Collective collective, const Partition& partition, Rank me, Aliasing aliasing = Aliasing::none) {
  return plan(planner_named(planner, collective), topology_of(partition), {.collective = collective, .root = 1}, me, aliasing);
}

TEST(Golden, ARingOfFour) {
  const Plan ring = drawn("ring", Collective::all_reduce, consecutive(4, {1}), 1, Aliasing::in_place);
  expect_golden("ring_all_reduce_4.txt", draw(ring, 1));
  expect_golden("ring_all_reduce_4.dot", draw_dot(ring, 1));
}

TEST(Golden, TwoLevelsWithRails) {
  expect_golden("two_level_all_reduce_6.txt", draw(drawn("two_level_direct", Collective::all_reduce, consecutive(6, {2}), 3), 3));
  expect_golden("two_level_all_to_all_6.txt", draw(drawn("two_level_direct", Collective::all_to_all, consecutive(6, {2}), 3), 3));
}

TEST(Golden, TwoLevelsWithLeaders) {
  expect_golden("two_level_all_gather_6.txt", draw(drawn("two_level_ring", Collective::all_gather, consecutive(6, {3, 1, 2}), 4), 4));
  expect_golden("two_level_broadcast_6.txt", draw(drawn("two_level_ring", Collective::broadcast, consecutive(6, {3, 1, 2}), 2), 2));
}

TEST(Golden, TreesAndDoubling) {
  expect_golden("binomial_tree_gather_5.txt", draw(drawn("binomial_tree", Collective::gather, consecutive(5, {1}), 3), 3));
  expect_golden("halving_doubling_all_reduce_5.txt", draw(drawn("halving_doubling", Collective::all_reduce, consecutive(5, {1}), 1), 1));
  expect_golden("dissemination_barrier_5.txt", draw(drawn("dissemination", Collective::barrier, consecutive(5, {1}), 1), 1));
  expect_golden("island_all_reduce_3.txt", draw(drawn("island", Collective::all_reduce, consecutive(3, {3}), 2), 2));
}

}  // namespace
}  // namespace hawser
