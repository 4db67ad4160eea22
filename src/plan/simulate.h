// What the plans of all ranks would take on a topology: event-driven, in integer picoseconds. The oracle of the cost in tests.
//
// A message starts when both ends are ready (nothing is buffered), occupies each end for an overhead, and passes ports, shared links and
// cores first come, first served, cut through: its head goes on while its tail still comes. Copies and reductions take their bytes at the
// island's copy rate, one at a time on a rank. Phases inside an island may be taken as routines that last what scheme_cost says.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "src/base/status.h"
#include "src/plan/network.h"
#include "src/plan/plan.h"
#include "src/plan/request.h"
#include "src/plan/scheme.h"
#include "src/topology/topology.h"

namespace hawser {

struct SimulationOptions {
  uint64_t slice_bytes = 0;  // 0: one slice
  uint32_t window = 1;
  std::vector<Scheme> schemes;  // by phase: phases inside one island are routines. Empty: they run step by step
};

struct Simulation {
  struct Busy {
    Station station;
    int64_t picoseconds = 0;
    uint64_t bytes = 0;
  };
  std::vector<int64_t> finish_ps;  // by rank
  int64_t picoseconds = 0;         // the last of them
  std::vector<Busy> stations;      // that did anything, busiest first
  uint64_t messages = 0;
};

Result<Simulation> simulate(const Topology&, std::span<const Plan>, const Request&, const SimulationOptions& = {});
Result<Simulation> simulate(const Topology&, const std::function<Plan(Rank)>&, const Request&, const SimulationOptions& = {});

}  // namespace hawser
