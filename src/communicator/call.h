// One call of an operation, as its caller gave it, checked.
#pragma once
#include <cstdint>
#include <string>

#include "src/base/types.h"
#include "src/engine/doing.h"

namespace hawser {

// In place by the rules of hawser.h, if there are buffers at all. part_bytes: what one rank gives or gets.
inline bool coincide(Collective collective, const void* input, const void* output, size_t part_bytes, int rank) {
  const auto in = reinterpret_cast<uintptr_t>(input), out = reinterpret_cast<uintptr_t>(output);
  if (collective == Collective::all_gather) return in == out + static_cast<size_t>(rank) * part_bytes;
  if (collective == Collective::reduce_scatter) return out == in + static_cast<size_t>(rank) * part_bytes;
  return in == out;
}

struct Call {
  Collective collective = Collective::barrier;
  DataType type = DataType::u8;
  ReduceOp op = ReduceOp::sum;
  int32_t root = -1;
  size_t count = 0;  // elements, as the C API counts them
  const void* input = nullptr;
  void* output = nullptr;
  uint64_t timeout_ns = 0;  // 0: the communicator's
  const char* label = nullptr;

  bool in_place(int rank) const {
    return input != nullptr && output != nullptr && coincide(collective, input, output, count * size_of(type), rank);
  }
};

}  // namespace hawser
