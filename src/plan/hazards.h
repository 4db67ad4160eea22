// Whether a plan's dependencies order every two steps of one rank that touch the same chunk: no run needs luck.
#pragma once
#include "src/base/status.h"
#include "src/plan/plan.h"
#include "src/plan/slots.h"

namespace hawser {

Status check_hazards(const Plan&, const Slots&, Rank);  // steps and edges are within bounds

}  // namespace hawser
