// From a phase's call to the flows of its exchanges.
#include "src/lowering/flow.h"

#include <algorithm>

namespace hawser {
namespace {

bool many_outputs(Collective collective) { return collective == Collective::all_gather || collective == Collective::gather; }

// The side that has all blocks knows how long each is.
const Blocks& geometry_of(const PhaseCall& call) {
  const Blocks &wanted = many_outputs(call.collective) ? call.output : call.input,
               &other = many_outputs(call.collective) ? call.input : call.output;
  return wanted.chunk ? wanted : other;
}

// A member without the side that has all blocks (who is not the root of a gather or scatter) needs the length of its own only.
bool knows_own_only(const PhaseCall& call) {
  return (call.collective == Collective::gather && !call.output.chunk) || (call.collective == Collective::scatter && !call.input.chunk);
}

BlockLengths lengths_of(const PhaseCall& call, Length kind, size_t element_bytes) {
  const Blocks& blocks = geometry_of(call);
  BlockLengths lengths{blocks.total * element_bytes, blocks.chunk * element_bytes, blocks.offset * element_bytes,
                       blocks.limit * element_bytes};
  lengths.first = lengths.of(0);
  lengths.own_only = knows_own_only(call);
  const size_t end = std::min(lengths.offset + lengths.limit, lengths.chunk);
  const size_t full = end > lengths.offset ? end - lengths.offset : 0;
  lengths.longest = kind == Length::first ? lengths.first : full;
  return lengths;
}

// A vector in as many parts as there are members, each but the last whole lines.
BlockLengths parts_of(size_t bytes, uint32_t members) {
  const size_t part = ((bytes + members - 1) / members + line_bytes - 1) / line_bytes * line_bytes;
  return {bytes, part, 0, part, std::min(part, bytes), std::min(part, bytes), false};
}

std::byte* first_block(const Blocks& blocks, size_t element_bytes) {
  return blocks.base ? blocks.base + blocks.offset * element_bytes : nullptr;
}

void set_roles(Flow& flow, const Exchange& exchange, bool root_is_me, bool alone) {
  flow.exchange = exchange;
  flow.reads = exchange.reads == Who::all || root_is_me;
  flow.publishes = !alone && (exchange.publishes == Who::all || root_is_me) && (exchange.reads == Who::all || !root_is_me);
  flow.takes_from_all = flow.reads && exchange.publishes == Who::all;
}

void set_one_shot(CallShape& shape, const PhaseCall& call, size_t element_bytes, bool non_temporal) {
  Flow& flow = shape.flows[0];
  flow.source = first_block(call.input, element_bytes);
  flow.sink = first_block(call.output, element_bytes);
  flow.source_stride = flow.exchange.parts ? call.input.chunk * element_bytes : 0;
  flow.sink_stride = flow.exchange.by_source ? call.output.chunk * element_bytes : 0;
  flow.stream = non_temporal;
  shape.parts = flow.exchange.parts;
}

// Each member folds its part into where it belongs in the output, or, if it gets no output, into `partial`, and publishes it from there.
// The first exchange never bypasses the caches: the second reads the piece again at once.
void set_two_shot(CallShape& shape, const PhaseCall& call, uint32_t me, size_t element_bytes, bool non_temporal, std::byte* partial) {
  const size_t part = shape.lengths.chunk;
  std::byte* output = first_block(call.output, element_bytes);
  Flow &fold = shape.flows[0], &collect = shape.flows[1];
  fold.source = first_block(call.input, element_bytes);
  fold.source_stride = part;
  fold.sink_moves = collect.source_moves = collect.reads;
  fold.sink = collect.reads ? output + me * part : partial;
  collect.source = fold.sink;
  collect.sink = output;
  collect.sink_stride = part;
  collect.stream = non_temporal;
  shape.parts = true;
}

}  // namespace

size_t BlockLengths::of(size_t block) const {
  if (own_only) return first;
  const size_t begin = block * chunk + offset;
  const size_t end = std::min({block * chunk + std::min(offset + limit, chunk), total});
  return end > begin ? end - begin : 0;
}

CallShape shape_of(const PhaseCall& call, uint32_t me, uint32_t members, bool two_shot, bool non_temporal, std::byte* partial) {
  const Recipe& what = recipe(call.collective, two_shot && members > 1);
  const size_t element_bytes = size_of(call.type);
  CallShape shape;
  shape.shots = what.count;
  if (what.count == 0) return shape;
  shape.lengths = lengths_of(call, what.exchanges[what.count - 1].length, element_bytes);
  for (uint32_t shot = 0; shot < what.count; ++shot)
    set_roles(shape.flows[shot], what.exchanges[shot], static_cast<uint32_t>(call.root) == me, members == 1);
  if (what.count == 2) {
    shape.lengths = parts_of(shape.lengths.first, members);
    set_two_shot(shape, call, me, element_bytes, non_temporal, partial);
  } else {
    set_one_shot(shape, call, element_bytes, non_temporal);
  }
  return shape;
}

}  // namespace hawser
