// One plan as text: a table that a person likes to read, or a graph for dot.
#pragma once
#include <string>

#include "src/plan/plan.h"

namespace hawser {

std::string draw(const Plan&, Rank);      // phases, and for each step what it does and which steps it waits for
std::string draw_dot(const Plan&, Rank);  // steps as boxes, phases around them, dependencies as arrows

}  // namespace hawser
