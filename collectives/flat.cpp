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
  Patterns patterns{.input_chunks = vector_chunks, .output_chunks = vector_chunks};
  switch (collective) {
    case Collective::all_gather:
    case Collective::gather:
      patterns.input_chunks = 1, patterns.output_chunks = ranks;
      break;
    case Collective::reduce_scatter:
    case Collective::scatter:
      patterns.input_chunks = ranks, patterns.output_chunks = 1;
      break;
    case Collective::all_to_all:
    case Collective::all_to_all_v:
      patterns.input_chunks = patterns.output_chunks = ranks;
      break;
    default:
      break;
  }
  const Place input{Buffer::input, Place::Extent::whole, 0, patterns.input_chunks};
  const Place output{Buffer::output, Place::Extent::whole, 0, patterns.output_chunks};
  patterns.list.push_back({kind, collective, group, input, output});
  return patterns;
}

}  // namespace hawser
