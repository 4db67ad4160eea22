// Chooses the reduction of a type and an operation.
#include "src/device/reduce.h"

#include <cassert>
#include <cstring>

#include "src/device/reduce_tables.h"

namespace hawser {
namespace {

Reducers reducers(DataType type, ReduceOp op) {
  switch (type) {
    case DataType::i8:
    case DataType::u8:
    case DataType::i32:
    case DataType::u32:
    case DataType::i64:
    case DataType::u64:
      return integer_reduction(type, op);
    case DataType::f32:
    case DataType::f64:
      return float_reduction(type, op);
    case DataType::f16:
    case DataType::bf16:
      return half_reduction(type, op);
    case DataType::f8e4m3:
    case DataType::f8e5m2:
      return {};
  }
  return {};
}

}  // namespace

ReduceFunction reduce_function(DataType type, ReduceOp op) { return reducers(type, op).one; }
ReduceToAllFunction reduce_to_all_function(DataType type, ReduceOp op) { return reducers(type, op).all; }

void divide(void* data, DataType type, size_t count, uint32_t divisor) {
  assert(divisor > 0);
  const ReduceFunction function = reduce_function(type, ReduceOp::sum);
  assert(function != nullptr);
  if (divisor == 1) return;
  const void* in[1] = {data};
  function(data, in, 1, count, divisor, false);
}

void copy_bytes(void* into, const void* from, size_t bytes, bool stream) {
  if (bytes == 0) return;
  if (stream) return stream_copy(into, from, bytes);
  std::memcpy(into, from, bytes);
}

}  // namespace hawser
