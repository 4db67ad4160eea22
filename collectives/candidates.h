// All planners that may serve a request, with what each would cost at its best slicing: what choose() decides on and explain() shows.
#pragma once
#include <vector>

#include "collectives/planner.h"

namespace hawser {

struct Candidate {
  const Planner* planner = nullptr;
  Patterns patterns;
  Outline outline;
  std::vector<uint32_t> stage_of;  // first stage of each pattern
  uint64_t slice_bytes = 0;        // 0: one slice
  uint32_t slices = 1, window = 1;
  OutlineCost cost;
};

// In catalog order; at least one. Errors as choose().
Result<std::vector<Candidate>> candidates(const Topology&, const Request&);
const Candidate& preferred(const std::vector<Candidate>&);  // the first within the margin
Choice choice_of(const Candidate&);

}  // namespace hawser
