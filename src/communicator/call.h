// One call of an operation, as its caller gave it, checked.
#pragma once
#include <cstdint>
#include <string>

#include "src/base/types.h"
#include "src/engine/doing.h"

namespace hawser {

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

  // In place by the rules of hawser.h.
  bool in_place(int rank) const {
    const size_t part = count * size_of(type);
    const auto* const in = static_cast<const std::byte*>(input);
    const auto* const out = static_cast<const std::byte*>(output);
    if (in == nullptr || out == nullptr) return false;
    if (collective == Collective::all_gather) return in == out + static_cast<size_t>(rank) * part;
    if (collective == Collective::reduce_scatter) return out == in + static_cast<size_t>(rank) * part;
    return in == out;
  }
};

}  // namespace hawser
