// A plan in which chosen phases are one node each, as routines replace them: the same dependencies, fewer things to wait for.
#pragma once
#include <cstdint>
#include <vector>

#include "src/plan/plan.h"

namespace hawser {

struct Script {
  struct Node {
    bool routine = false;
    uint32_t index = 0;  // of the phase if a routine, else of the step
  };
  std::vector<Node> nodes;        // in program order
  std::vector<uint32_t> node_of;  // by step
  std::vector<uint16_t> waits;    // these three as in Plan
  std::vector<uint32_t> edge_begin;
  std::vector<uint32_t> edges;
};

// replaced: by phase; a replaced phase is one node even where it has no steps, unless this rank has no part in it.
Script script(const Plan&, const std::vector<bool>& replaced);

}  // namespace hawser
