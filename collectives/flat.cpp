// Plans of one phase over all ranks: how many chunks each collective has.
#include "collectives/rows.h"

namespace hawser {

namespace {

// A barrier has no buffers: its tokens lie in scratch, one that goes in and one that collects.
Patterns tokens(PatternKind kind, GroupKind group) {
  const Place in{Buffer::scratch, Place::Extent::whole, 0, 1}, out{Buffer::scratch, Place::Extent::whole, 1, 1};
  return {0, 0, 2, {{kind, Collective::barrier, group, in, out}}};
}

}  // namespace

Patterns flat(PatternKind kind, GroupKind group, Collective collective, uint32_t ranks, uint32_t vector_chunks) {
  if (collective == Collective::barrier) return tokens(kind, group);
  const uint32_t block_chunks = keeps_vector(collective) ? vector_chunks : 1;
  Patterns patterns{.input_chunks = has_input_parts(collective) ? ranks : block_chunks,
                    .output_chunks = has_output_parts(collective) ? ranks : block_chunks};
  const Place input{Buffer::input, Place::Extent::whole, 0, patterns.input_chunks};
  const Place output{Buffer::output, Place::Extent::whole, 0, patterns.output_chunks};
  patterns.list.push_back({kind, collective, group, input, output});
  return patterns;
}

}  // namespace hawser
