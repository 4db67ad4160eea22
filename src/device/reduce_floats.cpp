// Reductions of f32 and f64.
#include "src/device/reduce_tables.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/device/reduce_floats.cpp"
#include <hwy/foreach_target.h>
// after foreach_target, which includes this file again for every instruction set
#include "src/device/reduce_loops.inl"

HWY_BEFORE_NAMESPACE();
namespace hawser {
namespace HWY_NAMESPACE {

Reducers find_float_reduction(DataType type, ReduceOp op) {
  return type == DataType::f64 ? reduction_of<Direct<double>>(op) : reduction_of<Direct<float>>(op);
}

}  // namespace HWY_NAMESPACE
}  // namespace hawser
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hawser {
HWY_EXPORT(find_float_reduction);
Reducers float_reduction(DataType type, ReduceOp op) { return HWY_DYNAMIC_DISPATCH(find_float_reduction)(type, op); }
}  // namespace hawser
#endif
