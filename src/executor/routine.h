// What replaces a whole phase inside an island: a state machine over shared memory that never waits.
//
// Phases of one communicator start and finish in the same order on every member, one at a time; the executor keeps that order.
// The plan remains the specification: tests/lowering compares every routine with it.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "src/base/status.h"
#include "src/base/types.h"
#include "transports/cells.h"

namespace hawser {

// Blocks of a vector: chunk i holds elements [i*chunk, (i+1)*chunk) of `total`; this is slice [offset, offset+limit) of every chunk.
// A whole vector is one block: chunk = limit = total. Elements, not bytes.
struct Blocks {
  std::byte* base = nullptr;  // of chunk 0, element 0
  size_t total = 0, chunk = 0, offset = 0, limit = 0;
  size_t length(size_t i) const {
    const size_t begin = i * chunk + offset;
    const size_t end = std::min({i * chunk + std::min(offset + limit, chunk), total});
    return end > begin ? end - begin : 0;
  }
  std::byte* at(size_t i, size_t element_bytes) const { return base + (i * chunk + offset) * element_bytes; }
};

struct PhaseCall {
  Collective collective = Collective::barrier;
  int32_t root = -1;  // index in the island
  DataType type = DataType::f32;
  ReduceOp op = ReduceOp::sum;  // never avg
  uint32_t divisor = 1;         // the results are divided by it: avg's epilogue when this phase is the whole operation
  uint32_t signature = 0;       // compared with every peer's
  // all_reduce, reduce, broadcast: input and output one block. all_gather, gather: input one block, output one a member. reduce_scatter,
  // scatter: the reverse. all_to_all: one a member in both. barrier: none. In place by the rules of hawser.h.
  Blocks input, output;
  bool library_buffers = false;  // mine lie in my segment
  // Not 0: whoever prepared the call vouches that calls with this number given to one routine differ in buffers only.
  uint64_t serial = 0;
};

struct Pause {
  Code code = Code::in_progress;  // ok: done; in_progress: `wait` says for what; else failed, peer says who
  int32_t peer = -1;              // index in the island of who is waited for, or who is to blame; -1: nobody
  Wait wait;
};

class Routine {
 public:
  virtual ~Routine() = default;
  virtual void start(const PhaseCall&) = 0;
  virtual Pause progress() = 0;  // runs until a word of a peer is missing
  // For prepared calls that come again and again: start() of the call with buffers at these addresses, and if it can be done at once, that.
  // True: it is done. False: go on with progress().
  virtual bool run(const PhaseCall& prepared, std::byte* input, std::byte* output, bool library_buffers) = 0;
  virtual Pause look_for_mismatch() = 0;  // after a long wait: has a member started something else? mismatch and who, or in_progress

 protected:
  // run() of who does nothing at once.
  [[gnu::noinline]] bool start_at(const PhaseCall& prepared, std::byte* input, std::byte* output, bool library_buffers) {
    PhaseCall call = prepared;
    call.input.base = input;
    call.output.base = output;
    call.library_buffers = library_buffers;
    start(call);
    return false;
  }
};

}  // namespace hawser
