// What one rank does in one collective, as data: no pointers, no byte counts, no types, no threads.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "src/base/types.h"

namespace hawser {

enum class Buffer : uint8_t { input, output, scratch };
inline constexpr int buffer_kinds = 3;
enum class StepKind : uint8_t { send, recv, copy, reduce };  // reduce: target = target op source

struct Chunks {  // chunks first, first+stride, ... of a buffer; stride other than 1 in copy and reduce only
  Buffer buffer = Buffer::input;
  uint32_t first = 0, count = 1;
  uint16_t stride = 1;
  friend bool operator==(const Chunks&, const Chunks&) = default;
};

struct Step {
  StepKind kind = StepKind::copy;
  Buffer source_buffer = Buffer::input, target_buffer = Buffer::output;  // send reads source, recv writes target
  uint8_t channel = 0;
  uint16_t source_stride = 1, target_stride = 1;
  uint32_t source = 0, target = 0, count = 0;  // chunks
  Rank peer = -1;
  friend bool operator==(const Step&, const Step&) = default;
};

// A part of the plan that is itself a collective on a group; the checker proves it, a lowering may replace it inside an island.
struct Phase {
  Collective collective = Collective::barrier;
  uint32_t group = 0;                      // index into the plan's groups
  int32_t root = -1;                       // index in the group
  Chunks input, output;                    // of this rank; count as the collective defines them for the group
  uint32_t first_step = 0, last_step = 0;  // [first, last) in program order
};

struct Plan {
  std::vector<Step> steps;           // program order: respects every dependency
  std::vector<uint32_t> edge_begin;  // steps.size() + 1 offsets into edges
  std::vector<uint32_t> edges;       // the steps each step releases when it completes
  std::vector<uint16_t> waits;       // releases a step needs before it may start
  std::vector<Phase> phases;
  std::vector<std::vector<Rank>> groups;
  uint32_t input_chunks = 0, output_chunks = 0, scratch_chunks = 0;  // a chunk has the same length in all three buffers
  // By scratch chunk: the chunk of the vector (the longer of input and output) that it is as long as. The last chunks of a vector may be
  // shorter or empty, and both ends of a transfer must know; source and target of every step, and both ends of a transfer, are equally
  // long.
  std::vector<uint32_t> scratch_like;
  std::string planner;
};

}  // namespace hawser
