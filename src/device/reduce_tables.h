// Where the reductions of each family of types are found; each family is compiled once for every instruction set.
#pragma once
#include "src/device/reduce.h"

namespace hawser {

struct Reducers {
  ReduceFunction one = nullptr;
  ReduceToAllFunction all = nullptr;
};
Reducers integer_reduction(DataType, ReduceOp);
Reducers float_reduction(DataType, ReduceOp);  // f32, f64
Reducers half_reduction(DataType, ReduceOp);   // f16, bf16
void stream_copy(void* into, const void* from, size_t bytes);

}  // namespace hawser
