// The loops of every reduction, once for each instruction set: included again and again by foreach_target of Highway.
//
// A Lanes says how elements lie in memory and in which type they are computed; an Operation combines two vectors. Whatever path an element
// takes (whole vectors, the tail) it goes through the same vector instructions, so its bits never depend on where it lies.
#if defined(HAWSER_REDUCE_LOOPS) == defined(HWY_TARGET_TOGGLE)
#ifdef HAWSER_REDUCE_LOOPS
#undef HAWSER_REDUCE_LOOPS
#else
#define HAWSER_REDUCE_LOOPS
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <cstring>
#include <span>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace hawser {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The unsigned integer as wide as the vectors of D; void: none is.
template <class D>
using Word = std::conditional_t<hn::MaxLanes(D()) * sizeof(hn::TFromD<D>) == 8, uint64_t,
                                std::conditional_t<hn::MaxLanes(D()) * sizeof(hn::TFromD<D>) == 4, uint32_t,
                                                   std::conditional_t<hn::MaxLanes(D()) * sizeof(hn::TFromD<D>) == 2, uint16_t, void>>>;

// Elements may lie at any address, and Highway would read the shortest vectors as aligned ones.
template <class D>
HWY_INLINE hn::Vec<D> load_any(D d, const hn::TFromD<D>* at) {
  if constexpr (hn::MaxLanes(D()) == 1) {
    hn::TFromD<D> value;
    std::memcpy(&value, at, sizeof(value));
    return hn::Set(d, value);
  } else if constexpr (!std::is_void_v<Word<D>>) {
    Word<D> bits;
    std::memcpy(&bits, at, sizeof(bits));
    return hn::BitCast(d, hn::Set(hn::CappedTag<Word<D>, 1>(), bits));
  } else {
    return hn::LoadU(d, at);
  }
}
template <class D>
HWY_INLINE void store_any(hn::Vec<D> vector, D d, hn::TFromD<D>* at) {
  if constexpr (hn::MaxLanes(D()) == 1) {
    const hn::TFromD<D> value = hn::GetLane(vector);
    std::memcpy(at, &value, sizeof(value));
  } else if constexpr (!std::is_void_v<Word<D>>) {
    const Word<D> bits = hn::GetLane(hn::BitCast(hn::CappedTag<Word<D>, 1>(), vector));
    std::memcpy(at, &bits, sizeof(bits));
  } else {
    hn::StoreU(vector, d, at);
  }
}

// Elements computed as they are stored.
template <class T>
struct Direct {
  using Stored = T;
  using Value = T;
  template <class D>
  using Raw = D;
  template <class D>
  static HWY_INLINE hn::Vec<D> widen(D, hn::Vec<D> raw) {
    return raw;
  }
  template <class D>
  static HWY_INLINE hn::Vec<D> narrow(D, hn::Vec<D> value) {
    return value;
  }
};

struct Sum {
  template <class D>
  HWY_INLINE hn::Vec<D> operator()(D, hn::Vec<D> a, hn::Vec<D> b) const {
    return hn::Add(a, b);
  }
};
struct Product {
  template <class D>
  HWY_INLINE hn::Vec<D> operator()(D, hn::Vec<D> a, hn::Vec<D> b) const {
    return hn::Mul(a, b);
  }
};
// Minimum and maximum of floats must not depend on the order of the inputs: ranks may fold the same values in different orders and have to
// agree. So a NaN anywhere gives a NaN, and -0 is below +0 (IEEE 754-2019 minimum, maximum; the payload of a NaN is not defined). Either
// comparison picks its second operand for NaN and for equal values; joining the bits of both picks keeps NaN and the sign of zero.
struct Minimum {
  template <class D>
  HWY_INLINE hn::Vec<D> operator()(D, hn::Vec<D> a, hn::Vec<D> b) const {
    if constexpr (std::is_floating_point_v<hn::TFromD<D>>) {
      return hn::Or(hn::IfThenElse(hn::Lt(a, b), a, b), hn::IfThenElse(hn::Lt(b, a), b, a));
    } else {
      return hn::Min(a, b);
    }
  }
};
struct Maximum {
  template <class D>
  HWY_INLINE hn::Vec<D> operator()(D d, hn::Vec<D> a, hn::Vec<D> b) const {
    if constexpr (std::is_floating_point_v<hn::TFromD<D>>) {
      const auto sign = hn::SignBit(d);
      const auto first = hn::Xor(hn::IfThenElse(hn::Lt(b, a), a, b), sign);
      const auto second = hn::Xor(hn::IfThenElse(hn::Lt(a, b), b, a), sign);
      return hn::Xor(hn::Or(first, second), sign);
    } else {
      return hn::Max(a, b);
    }
  }
};

// Divides whole vectors by one number. Floats divide; integers multiply their magnitude by a reciprocal and shift, which gives the exact
// quotient for every dividend (Granlund and Montgomery, Division by invariant integers using multiplication, figure 4.1; for 8 bits the
// reciprocal is rounded up to 16 bits, wrong by less than 1/256 of a unit), truncated towards zero.
template <class Value>
class Divider {
 public:
  explicit Divider(uint32_t divisor) : divisor_(divisor) {
    if constexpr (std::is_floating_point_v<Value>) return;
    if constexpr (sizeof(Value) == 1) {
      reciprocal_ = divisor > 255 ? 0 : 65535 / divisor + 1;  // no 8 bits hold more than 255
    } else {
      const int bits = divisor == 1 ? 0 : 32 - __builtin_clz(divisor - 1);
      const Wider above = (uint64_t{1} << bits) - divisor;
      reciprocal_ = static_cast<Magnitude>((above << 8 * sizeof(Value)) / divisor + 1);
      shift_ = bits - 1;
    }
  }
  template <class Tag>
  HWY_INLINE hn::Vec<Tag> operator()(Tag d, hn::Vec<Tag> value) const {
    if (divisor_ == 1) return value;
    if constexpr (std::is_floating_point_v<Value>) {
      return hn::Div(value, hn::Set(d, static_cast<Value>(divisor_)));
    } else if constexpr (hn::MaxLanes(Tag()) == 1) {
      return hn::Set(d, one(hn::GetLane(value)));
    } else if constexpr (std::is_unsigned_v<Value>) {
      return magnitudes(d, value);
    } else {
      const hn::RebindToUnsigned<Tag> du;
      const auto sign = hn::BroadcastSignBit(value);
      const auto quotient = hn::BitCast(d, magnitudes(du, hn::BitCast(du, hn::Abs(value))));
      return hn::Sub(hn::Xor(quotient, sign), sign);
    }
  }

 private:
  using Magnitude = std::conditional_t<sizeof(Value) == 8, uint64_t, uint32_t>;
  using Wider = std::conditional_t<sizeof(Value) == 8, unsigned __int128, uint64_t>;

  HWY_INLINE Magnitude one_magnitude(Magnitude value) const {
    if constexpr (sizeof(Value) == 1) return value * reciprocal_ >> 16;
    const auto high = static_cast<Magnitude>(Wider{value} * reciprocal_ >> 8 * sizeof(Value));
    return (high + ((value - high) >> 1)) >> shift_;
  }
  HWY_INLINE Value one(Value value) const {
    if (value >= 0) return static_cast<Value>(one_magnitude(static_cast<Magnitude>(value)));
    return static_cast<Value>(Magnitude{0} - one_magnitude(Magnitude{0} - static_cast<Magnitude>(value)));
  }
  // The upper halves of the products with the reciprocal, from products of 32-bit halves: no vector multiplies 64 bits by 64.
  template <class Tag>
  HWY_INLINE hn::VFromD<Tag> high_products(Tag d, hn::VFromD<Tag> value) const {
    const hn::Repartition<uint32_t, Tag> halves;
    const auto low = hn::BitCast(halves, value), high = hn::BitCast(halves, hn::ShiftRight<32>(value));
    const auto by_low = hn::BitCast(halves, hn::Set(d, reciprocal_ & 0xffffffff));
    const auto by_high = hn::BitCast(halves, hn::Set(d, reciprocal_ >> 32));
    const auto middle = hn::Add(hn::MulEven(high, by_low), hn::ShiftRight<32>(hn::MulEven(low, by_low)));
    const auto carried = hn::Add(hn::MulEven(low, by_high), hn::And(middle, hn::Set(d, uint64_t{0xffffffff})));
    return hn::Add(hn::MulEven(high, by_high), hn::Add(hn::ShiftRight<32>(middle), hn::ShiftRight<32>(carried)));
  }
  template <class Tag>  // 8 and 32 bits: those at even and at odd places, in pairs
  HWY_INLINE hn::VFromD<Tag> magnitudes(Tag d, hn::VFromD<Tag> value) const {
    if constexpr (sizeof(Value) == 8) {
      const auto high = high_products(d, value);
      return hn::ShiftRightSame(hn::Add(high, hn::ShiftRight<1>(hn::Sub(value, high))), shift_);
    } else {
      return paired_magnitudes(d, value);
    }
  }
  template <class Tag>
  HWY_INLINE hn::VFromD<Tag> paired_magnitudes(Tag d, hn::VFromD<Tag> value) const {
    const hn::RepartitionToWide<Tag> wide;
    const auto both = hn::BitCast(wide, value);
    if constexpr (sizeof(Value) == 1) {
      const auto by = hn::Set(wide, static_cast<uint16_t>(reciprocal_));
      const auto even = hn::MulHigh(hn::And(both, hn::Set(wide, uint16_t{0xff})), by), odd = hn::MulHigh(hn::ShiftRight<8>(both), by);
      return hn::BitCast(d, hn::Or(even, hn::ShiftLeft<8>(odd)));
    } else {
      const auto by = hn::Set(d, reciprocal_);
      const auto even = hn::MulEven(value, by), odd = hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(both)), by);
      const auto high = hn::BitCast(d, hn::Or(hn::ShiftRight<32>(even), hn::And(odd, hn::Set(wide, uint64_t{0xffffffff} << 32))));
      return hn::ShiftRightSame(hn::Add(high, hn::ShiftRight<1>(hn::Sub(value, high))), shift_);
    }
  }
  const uint32_t divisor_;
  Magnitude reciprocal_ = 0;
  int shift_ = 0;
};

template <class Lanes, class Operation>
struct Reduction {
  using Stored = typename Lanes::Stored;
  using Value = typename Lanes::Value;
  using D = hn::ScalableTag<Value>;
  using One = hn::CappedTag<Value, 1>;
  using By = Divider<Value>;
  using Outputs = std::span<std::byte* const>;
  template <class Tag>
  using Raw = typename Lanes::template Raw<Tag>;
  static constexpr size_t kLanes = hn::MaxLanes(D());
  static constexpr size_t kUnrolled = 4;
  static constexpr size_t kVectorBytes = kLanes * sizeof(Stored);
  // A store that straddles two cache lines costs a third of the speed (32 KiB of f32: 26 against 38 GB/s, 64-byte vectors).
  static constexpr size_t kWorthAligning = 32 * kLanes;

  // Elements before the first whole vector of out; 0 when its elements straddle vectors and can never be aligned.
  static HWY_INLINE size_t elements_to_alignment(const Stored* out) {
    const size_t beyond = reinterpret_cast<uintptr_t>(out) % kVectorBytes;
    return beyond == 0 || beyond % sizeof(Stored) != 0 ? 0 : (kVectorBytes - beyond) / sizeof(Stored);
  }

  template <class Tag>
  static HWY_INLINE hn::Vec<Tag> load(Tag d, const void* from, size_t at) {
    return Lanes::widen(d, load_any(Raw<Tag>(), static_cast<const Stored*>(from) + at));
  }
  template <class Tag>
  static HWY_INLINE void store(Tag d, hn::Vec<Tag> value, Stored* at) {
    store_any(Lanes::narrow(d, value), Raw<Tag>(), at);
  }
  template <class Tag>
  static HWY_INLINE hn::Vec<Tag> combine(Tag d, hn::Vec<Tag> a, hn::Vec<Tag> b) {
    return Operation()(d, a, b);
  }

  // At most twice kWidth elements - 1, by the widest vectors that fit: the first so many and the last so many, which may overlap. Whatever
  // is read is read before anything is written.
  template <size_t kInputs, size_t kWidth>
  static HWY_INLINE void fixed_two(Stored* out, const void* const (&in)[kInputs], size_t at, size_t count) {
    if constexpr (kWidth > 0) {
      if (count - at < kWidth) return fixed_two<kInputs, kWidth / 2>(out, in, at, count);
      const hn::CappedTag<Value, kWidth> part;
      const size_t last = count - kWidth;
      auto first_sum = load(part, in[0], at), last_sum = load(part, in[0], last);
      for (size_t k = 1; k < kInputs; ++k) {
        first_sum = combine(part, first_sum, load(part, in[k], at));
        last_sum = combine(part, last_sum, load(part, in[k], last));
      }
      store(part, first_sum, out + at);
      store(part, last_sum, out + last);
    }
  }

  // Fewer elements than a vector, nothing read or written beyond them.
  template <size_t kInputs>
  static HWY_INLINE void fixed_tail(Stored* out, const void* const (&in)[kInputs], size_t at, size_t count) {
#if HWY_MEM_OPS_MIGHT_FAULT
    fixed_two<kInputs, kLanes / 2>(out, in, at, count);
#else
    if (at == count) return;
    const D d;
    const Raw<D> raw;
    const auto mask = hn::FirstN(raw, count - at);
    const auto masked = [&](const void* from)
                            HWY_ATTR { return Lanes::widen(d, hn::MaskedLoad(mask, raw, static_cast<const Stored*>(from) + at)); };
    auto sum = masked(in[0]);
    for (size_t k = 1; k < kInputs; ++k) sum = combine(d, sum, masked(in[k]));
    hn::BlendedStore(Lanes::narrow(d, sum), mask, raw, out + at);
#endif
  }

  template <size_t kInputs, size_t kVectors>
  static HWY_INLINE void fixed_vectors(Stored* out, const void* const (&in)[kInputs], size_t at) {
    const D d;
    hn::Vec<D> sum[kVectors];
    for (size_t v = 0; v < kVectors; ++v) sum[v] = load(d, in[0], at + v * kLanes);
    for (size_t k = 1; k < kInputs; ++k) {
      for (size_t v = 0; v < kVectors; ++v) sum[v] = combine(d, sum[v], load(d, in[k], at + v * kLanes));
    }
    for (size_t v = 0; v < kVectors; ++v) store(d, sum[v], out + at + v * kLanes);
  }

  template <size_t kInputs>
  static HWY_INLINE void fixed(void* into, const void* const* from, size_t count) {
    const void* in[kInputs];  // copied: the stores below cannot change them
    for (size_t k = 0; k < kInputs; ++k) in[k] = from[k];
    Stored* out = static_cast<Stored*>(into);
    size_t at = 0;
    if (count >= kWorthAligning) {
      at = elements_to_alignment(out);
      fixed_tail<kInputs>(out, in, 0, at);
    }
    for (; at + kUnrolled * kLanes <= count; at += kUnrolled * kLanes) fixed_vectors<kInputs, kUnrolled>(out, in, at);
    for (; at + kLanes <= count; at += kLanes) fixed_vectors<kInputs, 1>(out, in, at);
    fixed_tail<kInputs>(out, in, at, count);
  }

  template <size_t kVectors, bool kStream>
  static HWY_INLINE void any_vectors(Outputs out, const void* const* in, uint32_t inputs, size_t at, const By& by) {
    const D d;
    hn::Vec<D> sum[kVectors];
    for (size_t v = 0; v < kVectors; ++v) sum[v] = load(d, in[0], at + v * kLanes);
    for (uint32_t k = 1; k < inputs; ++k) {
      for (size_t v = 0; v < kVectors; ++v) sum[v] = combine(d, sum[v], load(d, in[k], at + v * kLanes));
    }
    hn::Vec<Raw<D>> value[kVectors];
    for (size_t v = 0; v < kVectors; ++v) value[v] = Lanes::narrow(d, by(d, sum[v]));
    for (std::byte* const one : out) {
      Stored* const into = reinterpret_cast<Stored*>(one) + at;
      for (size_t v = 0; v < kVectors; ++v) {
        if constexpr (kStream) {
          hn::Stream(value[v], Raw<D>(), into + v * kLanes);
        } else {
          store_any(value[v], Raw<D>(), into + v * kLanes);
        }
      }
    }
  }

  static HWY_INLINE void any_one(Outputs out, const void* const* in, uint32_t inputs, size_t at, const By& by) {
    const One one;
    auto sum = load(one, in[0], at);
    for (uint32_t k = 1; k < inputs; ++k) sum = combine(one, sum, load(one, in[k], at));
    sum = by(one, sum);
    for (std::byte* const into : out) store(one, sum, reinterpret_cast<Stored*>(into) + at);
  }

  template <bool kStream>
  static HWY_INLINE void any(Outputs out, const void* const* in, uint32_t inputs, size_t at, size_t count, const By& by) {
    for (; at + kUnrolled * kLanes <= count; at += kUnrolled * kLanes) any_vectors<kUnrolled, kStream>(out, in, inputs, at, by);
    for (; at + kLanes <= count; at += kLanes) any_vectors<1, kStream>(out, in, inputs, at, by);
    for (; at < count; ++at) any_one(out, in, inputs, at, by);
  }

  // All at equal places of their vectors, of which no element straddles two; narrow vectors (16-bit elements of SSE) have no non-temporal
  // store.
  static HWY_INLINE bool can_stream(Outputs out) {
    if (kVectorBytes < 16 || reinterpret_cast<uintptr_t>(out[0]) % sizeof(Stored) != 0) return false;
    for (std::byte* const one : out) {
      if ((reinterpret_cast<uintptr_t>(one) - reinterpret_cast<uintptr_t>(out[0])) % kVectorBytes != 0) return false;
    }
    return true;
  }

  static HWY_NOINLINE void to_all(Outputs out, const void* const* in, uint32_t inputs, size_t count, uint32_t divisor, bool stream) {
    const By by(divisor);
    if (!stream || !can_stream(out)) return any<false>(out, in, inputs, 0, count, by);
    if constexpr (kVectorBytes >= 16) {
      const size_t to_align = elements_to_alignment(reinterpret_cast<const Stored*>(out[0]));
      const size_t head = to_align < count ? to_align : count;
      for (size_t at = 0; at < head; ++at) any_one(out, in, inputs, at, by);
      any<true>(out, in, inputs, head, count, by);
      hwy::FlushStream();
    }
  }

  static void to_one(void* out, const void* const* in, uint32_t inputs, size_t count, uint32_t divisor, bool stream) {
    if (HWY_LIKELY(divisor == 1 && !stream)) {
      if (HWY_LIKELY(inputs == 2)) {
        if (count >= kLanes) return fixed<2>(out, in, count);
        const void* const both[2] = {in[0], in[1]};
        return fixed_two<2, kLanes / 2>(static_cast<Stored*>(out), both, 0, count);
      }
      if (inputs == 3) return fixed_three(out, in, count);
      if (inputs == 4) return fixed_four(out, in, count);
    }
    std::byte* const one = static_cast<std::byte*>(out);
    to_all({&one, 1}, in, inputs, count, divisor, stream);
  }
  static HWY_NOINLINE void fixed_three(void* out, const void* const* in, size_t count) { fixed<3>(out, in, count); }
  static HWY_NOINLINE void fixed_four(void* out, const void* const* in, size_t count) { fixed<4>(out, in, count); }
};

template <class Lanes, class Operation>
constexpr Reducers kReducers = {&Reduction<Lanes, Operation>::to_one, &Reduction<Lanes, Operation>::to_all};

template <class Lanes, bool kMultiplies = true>
Reducers reduction_of(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum:
    case ReduceOp::avg:
      return kReducers<Lanes, Sum>;
    case ReduceOp::prod:
      if constexpr (kMultiplies) return kReducers<Lanes, Product>;
      break;
    case ReduceOp::min:
      return kReducers<Lanes, Minimum>;
    case ReduceOp::max:
      return kReducers<Lanes, Maximum>;
  }
  return {};
}

}  // namespace HWY_NAMESPACE
}  // namespace hawser
HWY_AFTER_NAMESPACE();
#endif
