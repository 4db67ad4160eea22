// Which chunks of input and output are the same storage: the rules of calls in place, as arithmetic.
#pragma once
#include <algorithm>
#include <cstdint>

#include "src/base/types.h"
#include "src/plan/plan.h"

namespace hawser {

enum class Aliasing : uint8_t { none, in_place };

// A slot is the storage of one chunk. In place, of input and output one lies inside the other, at a constant distance.
struct Slots {
  uint32_t begin[buffer_kinds] = {0, 0, 0};  // of each buffer's chunk 0
  uint32_t inputs = 0, outputs = 0;

  Slots() = default;
  Slots(Collective collective, Rank rank, uint32_t input_chunks, uint32_t output_chunks, Aliasing aliasing)
      : inputs(input_chunks), outputs(output_chunks) {
    const auto me = static_cast<uint32_t>(rank);
    const bool gathers = has_output_parts(collective) && !has_input_parts(collective);
    const bool scatters = has_input_parts(collective) && !has_output_parts(collective);
    const bool in_place = aliasing == Aliasing::in_place;
    const uint32_t input = in_place && gathers ? me * inputs : 0;
    const uint32_t output = !in_place ? inputs : scatters ? me * outputs : 0;
    begin[0] = input, begin[1] = output, begin[2] = std::max(input + inputs, output + outputs);
  }
  uint32_t of(Buffer buffer, uint32_t chunk) const { return begin[static_cast<int>(buffer)] + chunk; }
  uint32_t caller_slots() const { return begin[2]; }  // of input and output together
  bool is_input(uint32_t slot) const { return slot >= begin[0] && slot < begin[0] + inputs; }
  bool is_output(uint32_t slot) const { return slot >= begin[1] && slot < begin[1] + outputs; }
};

}  // namespace hawser
