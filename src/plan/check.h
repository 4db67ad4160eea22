// Proves a collective's plans, all ranks together, with symbols in place of bytes.
//
// Every rank ends with exactly the right contributions, counts none twice, destroys no input it must keep; every message has both ends, of
// equal length; nothing depends on buffering or on luck; every phase is by itself the collective it claims to be on its group.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "src/base/status.h"
#include "src/plan/plan.h"
#include "src/plan/request.h"
#include "src/plan/slots.h"

namespace hawser {

struct CheckOptions {
  std::vector<Aliasing> aliasing;                   // by rank; empty: none. As the plans were made
  uint32_t slices = 1, window = 1, operations = 1;  // slices of one operation, at most `window` at once; operations at the same time
  bool program_order = false;                       // a step is issued only after all before it, as a lowered program does
  bool rank_order = false;                          // reductions fold strictly in rank order: the deterministic setting
  bool phases = true;                               // prove these too
  uint64_t seed = 1;                                // of the order in which what may complete does
};

// plans[r] is rank r's. The first thing wrong, naming rank and step.
Status check(std::span<const Plan> plans, const Request&, const CheckOptions& = {});

}  // namespace hawser
