// How the chunks of a phase become the blocks of a routine. Pure.
#pragma once
#include "src/executor/body.h"
#include "src/executor/view.h"

namespace hawser {

// What a phase needs of its call: the views of input, output and scratch in this slice.
struct PhaseViews {
  const View* views = nullptr;  // by Buffer, and the vector
  uint64_t limit = 0;           // bytes of a whole chunk in this slice
  bool sliced = false;          // more than one slice: neighbouring chunks do not touch
  uint32_t element_shift = 0;
  const uint32_t* scratch_like = nullptr;
};

// How many calls of the routine the phase takes: a block of several chunks that do not touch goes chunk by chunk.
uint32_t phase_pieces(const ReplacedPhase&, bool sliced);
// Fills in input and output of the call for one piece.
void fill_blocks(PhaseCall&, const ReplacedPhase&, const PhaseViews&, uint32_t piece);

}  // namespace hawser
