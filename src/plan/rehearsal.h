// All members' steps run together in memory, with symbols for bytes and in a seeded order: the checker's stage.
//
// Nothing is buffered: a message moves when both ends have issued it. Everything that may start has started before anything completes, so a
// missing dependency shows as two steps that touch one chunk.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "src/base/status.h"
#include "src/plan/builder.h"
#include "src/plan/contract.h"
#include "src/plan/plan.h"

namespace hawser {

struct Actor {  // a member of the contract
  Rank rank = 0;
  const Plan* plan = nullptr;
  Chunks input, output;
  Aliasing aliasing = Aliasing::none;
};

struct RehearsalOptions {
  Collective collective = Collective::all_reduce;  // of the whole plan: decides what aliases, and which chunks are equally long
  uint32_t slices = 1, window = 1, operations = 1;
  bool program_order = false;  // a step is issued only after all before it
  bool rank_order = false;     // sums must be folded from the first member to the last
  bool keeps_input = true;     // chunks of the input that are none of the output must not be written
  uint64_t seed = 1;
};

Status rehearse(const Contract&, std::span<const Actor>, const RehearsalOptions&);

}  // namespace hawser
