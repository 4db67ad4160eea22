// Steps of replaced phases fold into one node; edges between the same two nodes into one.
#include "src/plan/script.h"

namespace hawser {
namespace {

void add_nodes(const Plan& plan, const std::vector<bool>& replaced, Script& result) {
  uint32_t step = 0;
  const auto steps_until = [&](uint32_t end) {
    for (; step < end; ++step) {
      result.node_of.push_back(static_cast<uint32_t>(result.nodes.size()));
      result.nodes.push_back({false, step});
    }
  };
  for (uint32_t i = 0; i < plan.phases.size(); ++i) {
    const Phase& phase = plan.phases[i];
    if (!replaced[i] || plan.groups[phase.group].empty()) continue;
    steps_until(phase.first_step);
    for (; step < phase.last_step; ++step) result.node_of.push_back(static_cast<uint32_t>(result.nodes.size()));
    result.nodes.push_back({true, i});
  }
  steps_until(static_cast<uint32_t>(plan.steps.size()));
}

}  // namespace

Script script(const Plan& plan, const std::vector<bool>& replaced) {
  Script result;
  add_nodes(plan, replaced, result);
  result.waits.assign(result.nodes.size(), 0);
  result.edge_begin.assign(1, 0);
  std::vector<uint32_t> last_from(result.nodes.size(), UINT32_MAX);  // by node: the node that was last made to release it
  uint32_t step = 0;
  for (uint32_t node = 0; node < result.nodes.size(); ++node) {
    for (; step < plan.steps.size() && result.node_of[step] == node; ++step)
      for (uint32_t i = plan.edge_begin[step]; i < plan.edge_begin[step + 1]; ++i) {
        const uint32_t to = result.node_of[plan.edges[i]];
        if (to == node || last_from[to] == node) continue;
        last_from[to] = node;
        result.edges.push_back(to);
        ++result.waits[to];
      }
    result.edge_begin.push_back(static_cast<uint32_t>(result.edges.size()));
  }
  return result;
}

}  // namespace hawser
