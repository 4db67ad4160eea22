// The executor's walk hands out what plan/frontier.h would, whatever completes when: the checker and the simulator speak for the executor.
#include "src/executor/walk.h"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "src/base/hash.h"
#include "src/plan/frontier.h"

namespace hawser::testing {
namespace {

struct Dice {
  uint64_t state;
  uint64_t roll(uint64_t sides) {
    state = mix(state + 0x9e3779b97f4a7c15u);
    return state % sides;
  }
};

// Copies with dependencies at random, as a lowering lays them.
Program::Body body_at_random(Dice& dice, uint32_t steps) {
  Program::Body body;
  body.instructions.resize(steps + 1);
  body.waits.assign(steps, 0);
  for (uint32_t step = 0; step < steps; ++step) {
    body.instructions[step].op = Opcode::copy;
    for (uint32_t later = step + 1; later < steps; ++later) {
      if (dice.roll(6) != 0) continue;
      body.edges.push_back(later);
      ++body.waits[later];
    }
    body.instructions[step + 1].edge_begin = static_cast<uint32_t>(body.edges.size());
  }
  body.instructions[steps].op = Opcode::end;
  return body;
}

void walk_both(uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Dice dice{seed};
  const uint32_t steps = 1 + static_cast<uint32_t>(dice.roll(90));
  const Program::Body body = body_at_random(dice, steps);
  std::vector<uint32_t> begins;
  for (const Instruction& instruction : body.instructions) begins.push_back(instruction.edge_begin);
  Walk walk;
  Frontier frontier;
  walk.start(body);
  frontier.start(body.waits, begins, body.edges);
  const uint32_t straight = static_cast<uint32_t>(dice.roll(steps));  // so many are complete as they are issued
  for (uint32_t step = 0; step < straight; ++step) {
    ASSERT_TRUE(frontier.is_ready(step)) << "program order respects every dependency";
    frontier.take(step);
    frontier.complete(step);
  }
  walk.leave_order_begun(straight);
  frontier.take(straight);
  std::set<uint32_t> begun = {straight};
  while (!begun.empty()) {
    const auto issue = [&](uint32_t step) {
      ASSERT_TRUE(frontier.is_ready(step)) << step;
      frontier.take(step);
      walk.begin(step);
      begun.insert(step);
    };
    walk.run(issue);
    ASSERT_EQ(frontier.ready(), Frontier::kNone) << "the walk missed a step";
    const uint32_t step = *std::next(begun.begin(), static_cast<ptrdiff_t>(dice.roll(begun.size())));
    ASSERT_TRUE(walk.begun(step));
    begun.erase(step);
    walk.complete(step);
    frontier.complete(step);
    if (begun.empty()) walk.run(issue);
  }
  EXPECT_TRUE(walk.done());
  EXPECT_TRUE(frontier.done());
}

TEST(Walk, HandsOutWhatTheFrontierDoes) {
  for (uint64_t seed = 1; seed <= 300; ++seed) walk_both(seed);
}

}  // namespace
}  // namespace hawser::testing
