// A planner is a list of patterns over groups of ranks. One text, two readers: what it would cost, and what each rank does.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collectives/patterns.h"
#include "src/plan/builder.h"
#include "src/plan/outline.h"
#include "src/plan/plan.h"
#include "src/plan/request.h"
#include "src/plan/scheme.h"
#include "src/topology/topology.h"

namespace hawser {

struct Planner {
  std::string_view name;
  Collective collective;
  bool deterministic;  // its order of reduction qualifies for the deterministic setting
  bool (*suits)(const Topology&, const Request&);
  Patterns (*write)(const Topology&, const Request&);  // e.g. { reduce_scatter(island), all_reduce(rail, ring), all_gather(island) }
};

std::span<const Planner> planners();                                // catalog.cpp: one row each
uint64_t catalog_hash();                                            // of the names and collectives; equal on every rank or creation fails
Outline outline(const Patterns&, const Topology&, const Request&);  // loads on classes of links and the critical chain; integers
Plan plan(const Planner&, const Topology&, const Request&, Rank me, Aliasing);  // the steps of one rank

struct Choice {
  const Planner* planner = nullptr;
  uint64_t slice_bytes = 0;  // 0: one slice
  uint32_t window = 1;
  std::vector<Scheme> schemes;  // one for each phase of the plan, in order; meaningful where the phase's group is inside one island
  int64_t picoseconds = 0;      // predicted
};
// Least cost by outline and scheme formulas; first in catalog order within a small margin. Code::unsupported names what no planner suits.
Result<Choice> choose(const Topology&, const Request&);

// The chosen plan, runners-up, predicted time, bound, percent of bound, the link that limits it, as text for people.
std::string explain(const Topology&, const Request&);

}  // namespace hawser
