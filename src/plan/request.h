// What is asked of a planner: only facts that are equal on every rank.
#pragma once
#include <cstdint>
#include <string>

#include "src/base/types.h"

namespace hawser {

struct Request {
  Collective collective = Collective::all_reduce;
  uint64_t count = 0;  // elements, as the C API counts them: of the vector (all_reduce, reduce, broadcast), else per rank
  DataType type = DataType::f32;
  ReduceOp op = ReduceOp::sum;
  Rank root = 0;
  bool deterministic = false;    // the order of reduction must not depend on count, slices or time
  bool library_buffers = false;  // every member's buffers come from hawser_alloc (they said so to each other)
  std::string planner, scheme;   // prefixes given by the settings; empty: any
  uint64_t slice_bytes = 0;      // given by the settings; 0: by cost
  uint32_t window = 0;
  uint64_t bytes() const { return count * size_of(type); }
};

}  // namespace hawser
