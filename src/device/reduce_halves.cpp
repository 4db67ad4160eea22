// Reductions of f16 and bf16: widened to f32, combined there, rounded once to nearest even.
#include "src/device/reduce_tables.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/device/reduce_halves.cpp"
#include <hwy/foreach_target.h>
// after foreach_target, which includes this file again for every instruction set
#include "src/device/reduce_loops.inl"

HWY_BEFORE_NAMESPACE();
namespace hawser {
namespace HWY_NAMESPACE {

template <class D>
using Words = hn::Rebind<uint32_t, D>;

// 32-bit lanes, none above 65535, as 16-bit lanes.
template <class D>
HWY_INLINE hn::Vec<hn::Rebind<uint16_t, D>> low_halves(D, hn::Vec<Words<D>> words) {
  return hn::DemoteTo(hn::Rebind<uint16_t, D>(), hn::BitCast(hn::Rebind<int32_t, D>(), words));
}

struct Halves {
  using Stored = uint16_t;
  using Value = float;
  template <class D>
  using Raw = hn::Rebind<uint16_t, D>;
};

struct Bfloat16 : Halves {
  template <class D>
  static HWY_INLINE hn::Vec<D> widen(D d, hn::Vec<Raw<D>> raw) {
    return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(Words<D>(), raw)));
  }
  template <class D>
  static HWY_INLINE hn::Vec<Raw<D>> narrow(D d, hn::Vec<D> value) {
    const Words<D> words;
    const auto bits = hn::BitCast(words, value);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1u));
    const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(words, 0x7fffu)));
    const auto quiet = hn::Or(bits, hn::Set(words, 0x00400000u));
    const auto nan = hn::RebindMask(words, hn::Ne(value, value));
    return low_halves(d, hn::ShiftRight<16>(hn::IfThenElse(nan, quiet, rounded)));
  }
};

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
struct Float16 : Halves {
  template <class D>
  static HWY_INLINE hn::Vec<D> widen(D d, hn::Vec<Raw<D>> raw) {
    return hn::PromoteTo(d, hn::BitCast(hn::Rebind<hwy::float16_t, D>(), raw));
  }
  template <class D>
  static HWY_INLINE hn::Vec<Raw<D>> narrow(D, hn::Vec<D> value) {
    return hn::BitCast(Raw<D>(), hn::DemoteTo(hn::Rebind<hwy::float16_t, D>(), value));
  }
};
#else
// Without conversion instructions, by integer arithmetic.
struct Float16 : Halves {
  // Exponent and mantissa moved into place are the value divided by 2^112, subnormals included; infinity and NaN need their exponent.
  template <class D>
  static HWY_INLINE hn::Vec<D> widen(D d, hn::Vec<Raw<D>> raw) {
    const Words<D> words;
    const auto half = hn::PromoteTo(words, raw);
    const auto magnitude = hn::And(half, hn::Set(words, 0x7fffu));
    const auto moved = hn::ShiftLeft<13>(magnitude);
    const auto finite = hn::BitCast(words, hn::Mul(hn::BitCast(d, moved), hn::Set(d, 0x1p112f)));
    const auto special = hn::Or(moved, hn::Set(words, 0x7f800000u));
    const auto bits = hn::IfThenElse(hn::Gt(magnitude, hn::Set(words, 0x7bffu)), special, finite);
    return hn::BitCast(d, hn::Or(bits, hn::ShiftLeft<16>(hn::Xor(half, magnitude))));
  }
  // Normal results round by adding just under half a unit; for subnormal ones the addition of 0.5 makes the processor round, since the
  // last bit of 0.5 is the unit of subnormal halves.
  template <class D>
  static HWY_INLINE hn::Vec<Raw<D>> narrow(D d, hn::Vec<D> value) {
    const Words<D> words;
    const auto bits = hn::BitCast(words, value);
    const auto magnitude = hn::And(bits, hn::Set(words, 0x7fffffffu));
    const auto odd = hn::And(hn::ShiftRight<13>(magnitude), hn::Set(words, 1u));
    const auto normal = hn::ShiftRight<13>(hn::Add(magnitude, hn::Add(odd, hn::Set(words, 0xfffu - (112u << 23)))));
    const auto half = hn::Set(d, 0.5f);
    const auto tiny = hn::Sub(hn::BitCast(words, hn::Add(hn::BitCast(d, magnitude), half)), hn::BitCast(words, half));
    auto result = hn::IfThenElse(hn::Lt(magnitude, hn::Set(words, 0x38800000u)), tiny, normal);
    result = hn::IfThenElse(hn::Gt(magnitude, hn::Set(words, 0x477fffffu)), hn::Set(words, 0x7c00u), result);
    const auto nan = hn::Or(hn::Set(words, 0x7e00u), hn::And(hn::ShiftRight<13>(magnitude), hn::Set(words, 0x3ffu)));
    result = hn::IfThenElse(hn::Gt(magnitude, hn::Set(words, 0x7f800000u)), nan, result);
    return low_halves(d, hn::Or(result, hn::ShiftRight<16>(hn::Xor(bits, magnitude))));
  }
};
#endif

Reducers find_half_reduction(DataType type, ReduceOp op) {
  return type == DataType::bf16 ? reduction_of<Bfloat16>(op) : reduction_of<Float16>(op);
}

}  // namespace HWY_NAMESPACE
}  // namespace hawser
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hawser {
HWY_EXPORT(find_half_reduction);
Reducers half_reduction(DataType type, ReduceOp op) { return HWY_DYNAMIC_DISPATCH(find_half_reduction)(type, op); }
}  // namespace hawser
#endif
