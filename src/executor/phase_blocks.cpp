// How the chunks of a phase become the blocks of a routine: one block, or one a member, each of one or more chunks.
#include "src/executor/phase_blocks.h"

#include <algorithm>

namespace hawser {
namespace {

uint32_t chunks_per_block(const ReplacedPhase& replaced) {
  const uint32_t members = std::max<uint32_t>(1, static_cast<uint32_t>(replaced.members.size()));
  const uint32_t input_blocks = has_input_parts(replaced.phase.collective) ? members : 1;
  const uint32_t output_blocks = has_output_parts(replaced.phase.collective) ? members : 1;
  return std::max({1u, replaced.phase.input.count / input_blocks, replaced.phase.output.count / output_blocks});
}

bool touching(const Chunks& chunks) { return chunks.stride == 1 || chunks.count <= 1; }

// From the first chunk to the end of the last one that is not empty. Scratch is as long as the chunks it stands for.
uint64_t total_bytes(const Chunks& chunks, const PhaseViews& views) {
  const View& view = views.views[static_cast<size_t>(chunks.buffer)];
  const uint64_t stride = chunks.count > 1 ? chunks.stride : 1;
  if (chunks.buffer != Buffer::scratch) {
    const uint64_t begin = chunks.first * view.chunk;
    const uint64_t end = std::min(view.total, begin + ((chunks.count - 1) * stride + 1) * view.chunk);
    return end > begin ? end - begin : 0;
  }
  for (uint32_t k = chunks.count; k-- > 0;) {
    const uint32_t chunk = chunks.first + k * static_cast<uint32_t>(stride);
    const uint64_t bytes = length(views.views[static_cast<size_t>(LengthOf::vector)], views.limit, views.scratch_like[chunk], 1);
    if (bytes > 0) return k * stride * view.chunk + bytes;
  }
  return 0;
}

// A vector that is one block on both sides is as long as it is. Else even the member with the short last block counts in whole ones: its
// chunk says where its block lies and in how many pieces all move.
Blocks blocks_of(const Chunks& chunks, const PhaseViews& views, bool one_vector, uint32_t per_block, bool whole, uint32_t piece) {
  Blocks result;
  if (chunks.count == 0) return result;
  const View& view = views.views[static_cast<size_t>(chunks.buffer)];
  const uint64_t begin = chunks.first * view.chunk, stride = chunks.count > 1 ? chunks.stride : 1;
  result.base = view.base + begin;
  result.total = total_bytes(chunks, views) >> views.element_shift;
  const size_t chunk = view.chunk >> views.element_shift, offset = view.offset >> views.element_shift;
  result.chunk = per_block * stride * chunk;
  result.offset = whole ? 0 : piece * stride * chunk + offset;
  result.limit = whole ? result.chunk : views.limit >> views.element_shift;
  if (whole && one_vector) result.chunk = result.limit = result.total;
  return result;
}

}  // namespace

uint32_t phase_pieces(const ReplacedPhase& replaced, bool sliced) {
  const bool whole = !sliced && touching(replaced.phase.input) && touching(replaced.phase.output);
  return whole ? 1 : chunks_per_block(replaced);
}

void fill_blocks(PhaseCall& call, const ReplacedPhase& replaced, const PhaseViews& views, uint32_t piece) {
  const uint32_t per_block = chunks_per_block(replaced);
  const bool whole = !views.sliced && touching(replaced.phase.input) && touching(replaced.phase.output);
  const bool parts = has_input_parts(replaced.phase.collective) || has_output_parts(replaced.phase.collective);
  const bool one_vector = !parts || replaced.members.size() <= 1;
  call.input = blocks_of(replaced.phase.input, views, one_vector, per_block, whole, piece);
  call.output = blocks_of(replaced.phase.output, views, one_vector, per_block, whole, piece);
}

}  // namespace hawser
