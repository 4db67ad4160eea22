// Where the reductions of each family of types are found; each family is compiled once for every instruction set.
#pragma once
#include "src/device/reduce.h"

namespace hawser {

ReduceFunction integer_reduction(DataType, ReduceOp);
ReduceFunction float_reduction(DataType, ReduceOp);  // f32, f64
ReduceFunction half_reduction(DataType, ReduceOp);   // f16, bf16
void stream_copy(void* into, const void* from, size_t bytes);

}  // namespace hawser
