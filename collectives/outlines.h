// The reader of patterns that says what they cost.
#pragma once
#include "collectives/flows.h"
#include "collectives/patterns.h"
#include "src/plan/outline.h"
#include "src/plan/request.h"

namespace hawser {

// One stage or more for each pattern, in program order.
Outline outline(const Patterns&, const Topology&, const Request&);

// As above; stage_of[i] is the first stage of pattern i, and one more entry ends the list.
Outline outline(const Patterns&, const Topology&, const Request&, std::vector<uint32_t>& stage_of);

// Bytes of a chunk of the plan, by the rules beside Patterns.
uint64_t chunk_bytes(const Patterns&, const Request&);

}  // namespace hawser
