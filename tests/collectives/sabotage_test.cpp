// The sweep would notice: every kind of damage done to a good plan, at every place, is caught.
#include <gtest/gtest.h>

#include "src/plan/check.h"
#include "tests/collectives/support.h"

namespace hawser {
namespace {

struct Damage {
  std::vector<Plan> plans;
  std::string text;
};

// Every single step of one rank damaged in turn.
std::vector<Damage> damages(const std::vector<Plan>& good, size_t rank) {
  std::vector<Damage> found;
  const auto add = [&](uint32_t step, const char* what, auto&& change) {
    found.push_back({good, "step " + std::to_string(step) + ": " + what});
    change(found.back().plans[rank].steps[step]);
  };
  for (uint32_t i = 0; i < good[rank].steps.size(); ++i) {
    const Step& step = good[rank].steps[i];
    const auto ranks = static_cast<Rank>(good.size());
    if (step.kind == StepKind::reduce) add(i, "a reduce made a copy", [](Step& bad) { bad.kind = StepKind::copy; });
    if (step.peer >= 0)
      add(i, "a wrong peer", [&](Step& bad) {
        do bad.peer = (bad.peer + 1) % ranks;
        while (bad.peer == static_cast<Rank>(rank));
      });
    if (step.kind != StepKind::recv && step.source_buffer == Buffer::input && good[rank].input_chunks > step.count)
      add(i, "a wrong chunk", [&](Step& bad) { bad.source = bad.source == 0 ? 1 : bad.source - 1; });
  }
  return found;
}

TEST(Sabotage, EveryDamagedStepIsCaught) {
  size_t tried = 0;
  for (const auto& partition : {consecutive(6, {3}), consecutive(6, {1, 3, 2})}) {
    const Topology topology = topology_of(partition);
    for (const Case& one : cases(topology)) {
      if (one.aliasing[1] != Aliasing::none || one.request.collective == Collective::barrier) continue;  // tokens are all alike
      const std::vector<Plan> good = one.plans();
      for (const Damage& damage : damages(good, 1)) {
        ++tried;
        EXPECT_FALSE(check(damage.plans, one.request, {.aliasing = one.aliasing, .phases = false}).ok()) << one.text() << damage.text;
      }
    }
  }
  EXPECT_GT(tried, 1000u);
}

bool reaches(const Plan& plan, uint32_t from, uint32_t to) {
  std::vector<bool> reached(plan.steps.size(), false);
  reached[from] = true;
  for (uint32_t step = from; step < to; ++step)
    for (uint32_t i = plan.edge_begin[step]; reached[step] && i < plan.edge_begin[step + 1]; ++i) reached[plan.edges[i]] = true;
  return reached[to];
}

TEST(Sabotage, EveryLostDependencyIsCaughtUnlessOthersImplyIt) {
  const Topology topology = topology_of(consecutive(6, {3}));
  size_t tried = 0;
  for (const Case& one : cases(topology)) {
    std::vector<Plan> plans = one.plans();
    const Plan good = plans[1];
    for (uint32_t from = 0; from < good.steps.size(); ++from)
      for (uint32_t i = good.edge_begin[from]; i < good.edge_begin[from + 1]; ++i) {
        const uint32_t to = good.edges[i];
        plans[1] = good;
        --plans[1].waits[to];
        plans[1].edges.erase(plans[1].edges.begin() + i);
        for (size_t j = from + 1; j < good.edge_begin.size(); ++j) --plans[1].edge_begin[j];
        const bool implied = reaches(plans[1], from, to);
        tried += implied ? 0 : 1;
        EXPECT_EQ(check(plans, one.request, {.aliasing = one.aliasing, .phases = false}).ok(), implied)
            << "from " << from << " to " << to << ": " << one.text();
      }
  }
  EXPECT_GT(tried, 500u);
}

}  // namespace
}  // namespace hawser
