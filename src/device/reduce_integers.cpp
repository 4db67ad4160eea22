// Reductions of integers, which wrap around. Products of 8 and 64 bits are plain loops: vectors have no instruction.
#include "src/device/reduce_tables.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/device/reduce_integers.cpp"
#include <hwy/foreach_target.h>
// after foreach_target, which includes this file again for every instruction set
#include "src/device/reduce_loops.inl"

HWY_BEFORE_NAMESPACE();
namespace hawser {
namespace HWY_NAMESPACE {

template <class T>
HWY_INLINE T divided(T value, uint32_t divisor) {
  if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(static_cast<int64_t>(value) / static_cast<int64_t>(divisor));
  } else {
    return static_cast<T>(static_cast<uint64_t>(value) / divisor);
  }
}

template <class T>
HWY_INLINE T element(const void* from, size_t at) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(from) + at * sizeof(T), sizeof(T));
  return value;
}

template <class T>
void product_loop(std::span<std::byte* const> out, const void* const* in, uint32_t inputs, size_t count, uint32_t divisor) {
  using Magnitude = std::make_unsigned_t<T>;
  for (size_t at = 0; at < count; ++at) {
    uint64_t product = 1;
    for (uint32_t k = 0; k < inputs; ++k) product *= element<Magnitude>(in[k], at);
    auto result = static_cast<T>(product);
    if (divisor != 1) result = divided(result, divisor);
    for (std::byte* const one : out) std::memcpy(one + at * sizeof(T), &result, sizeof(T));
  }
}

template <class T>
constexpr bool vectors_multiply = sizeof(T) == 2 || sizeof(T) == 4;

template <class T>
struct PlainProduct {
  static void to_all(std::span<std::byte* const> out, const void* const* in, uint32_t inputs, size_t count, uint32_t divisor, bool) {
    product_loop<T>(out, in, inputs, count, divisor);
  }
  static void to_one(void* out, const void* const* in, uint32_t inputs, size_t count, uint32_t divisor, bool) {
    std::byte* const one = static_cast<std::byte*>(out);
    product_loop<T>({&one, 1}, in, inputs, count, divisor);
  }
};

template <class T>
Reducers integer_loops_of(ReduceOp op) {
  if constexpr (!vectors_multiply<T>) {
    if (op == ReduceOp::prod) return {&PlainProduct<T>::to_one, &PlainProduct<T>::to_all};
    return reduction_of<Direct<T>, false>(op);
  } else {
    return reduction_of<Direct<T>>(op);
  }
}

Reducers find_integer_reduction(DataType type, ReduceOp op) {
  switch (type) {
    case DataType::i8:
      return integer_loops_of<int8_t>(op);
    case DataType::u8:
      return integer_loops_of<uint8_t>(op);
    case DataType::i32:
      return integer_loops_of<int32_t>(op);
    case DataType::u32:
      return integer_loops_of<uint32_t>(op);
    case DataType::i64:
      return integer_loops_of<int64_t>(op);
    case DataType::u64:
      return integer_loops_of<uint64_t>(op);
    default:
      return {};
  }
}

void stream_bytes(void* into, const void* from, size_t bytes) {
  uint8_t* out = static_cast<uint8_t*>(into);
  const uint8_t* in = static_cast<const uint8_t*>(from);
  size_t at = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<uint8_t> d;
  const size_t lanes = hn::Lanes(d);
  const size_t beyond = reinterpret_cast<uintptr_t>(out) % 64;
  at = beyond == 0 ? 0 : 64 - beyond;
  if (at > bytes) at = bytes;
  std::memcpy(out, in, at);
  for (; at + 4 * lanes <= bytes; at += 4 * lanes) {
    const auto a = hn::LoadU(d, in + at), b = hn::LoadU(d, in + at + lanes);
    const auto c = hn::LoadU(d, in + at + 2 * lanes), e = hn::LoadU(d, in + at + 3 * lanes);
    hn::Stream(a, d, out + at);
    hn::Stream(b, d, out + at + lanes);
    hn::Stream(c, d, out + at + 2 * lanes);
    hn::Stream(e, d, out + at + 3 * lanes);
  }
  hwy::FlushStream();
#endif
  std::memcpy(out + at, in + at, bytes - at);
}

}  // namespace HWY_NAMESPACE
}  // namespace hawser
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hawser {
HWY_EXPORT(find_integer_reduction);
HWY_EXPORT(stream_bytes);
Reducers integer_reduction(DataType type, ReduceOp op) { return HWY_DYNAMIC_DISPATCH(find_integer_reduction)(type, op); }
void stream_copy(void* into, const void* from, size_t bytes) { HWY_DYNAMIC_DISPATCH(stream_bytes)(into, from, bytes); }
}  // namespace hawser
#endif
