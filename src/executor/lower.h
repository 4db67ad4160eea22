// How a plan becomes a program's body.
#pragma once
#include <memory>

#include "src/executor/body.h"

namespace hawser {

std::unique_ptr<Program::Body> lower_plan(const Plan&, Rank me, ProgramOptions);  // null: as Program::lower

}  // namespace hawser
