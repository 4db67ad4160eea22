// What a reduction must give, element by element, by plain C++.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "src/base/types.h"

namespace hawser::reference {

inline float float_of_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
inline uint32_t bits_of_float(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

struct Half {
  uint16_t bits;
};
struct Brain {
  uint16_t bits;
};

inline float widen(Brain value) { return float_of_bits(static_cast<uint32_t>(value.bits) << 16); }
inline float widen(Half value) {
  const int exponent = (value.bits >> 10) & 31;
  const int mantissa = value.bits & 1023;
  const float sign = (value.bits & 0x8000) ? -1.0f : 1.0f;
  if (exponent == 31) return mantissa ? std::nanf("") : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
}

// To the nearest of all finite patterns, ties to the even one: by search, independent of any trick with bits.
template <class T>
T narrow(float value, uint16_t infinity) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return T{static_cast<uint16_t>(infinity | 1)};
  const double magnitude = std::fabs(static_cast<double>(value));
  uint16_t low = 0, high = infinity;  // greatest pattern not above the magnitude
  while (high - low > 1) {
    const auto middle = static_cast<uint16_t>((low + high) / 2);
    (widen(T{middle}) <= magnitude ? low : high) = middle;
  }
  if (magnitude == INFINITY) return T{static_cast<uint16_t>(sign | infinity)};
  const double below = widen(T{low});
  const double above = high == infinity ? 2 * below - widen(T{static_cast<uint16_t>(low - 1)}) : widen(T{high});
  const double middle = (below + above) / 2;
  const bool up = magnitude > middle || (magnitude == middle && (low & 1));
  return T{static_cast<uint16_t>(sign | (up ? high : low))};
}

template <class T>
constexpr bool is_half = std::is_same_v<T, Half> || std::is_same_v<T, Brain>;
template <class T>
using ComputedIn = std::conditional_t<is_half<T>, float, T>;

template <class T>
ComputedIn<T> value_of(T stored) {
  if constexpr (is_half<T>) {
    return widen(stored);
  } else {
    return stored;
  }
}
template <class T>
T stored_as(ComputedIn<T> value) {
  if constexpr (std::is_same_v<T, Half>) {
    return narrow<Half>(value, 0x7c00);
  } else if constexpr (std::is_same_v<T, Brain>) {
    return narrow<Brain>(value, 0x7f80);
  } else {
    return value;
  }
}

template <class V>
V minimum(V a, V b) {
  if constexpr (std::is_floating_point_v<V>) {
    if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<V>::quiet_NaN();
    if (a == b) return std::signbit(a) ? a : b;
  }
  return a < b ? a : b;
}
template <class V>
V maximum(V a, V b) {
  if constexpr (std::is_floating_point_v<V>) {
    if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<V>::quiet_NaN();
    if (a == b) return std::signbit(a) ? b : a;
  }
  return a < b ? b : a;
}
template <class V>
V combine(ReduceOp op, V a, V b) {
  using Wrapping = std::conditional_t<std::is_floating_point_v<V>, V, uint64_t>;
  switch (op) {
    case ReduceOp::sum:
    case ReduceOp::avg:
      return static_cast<V>(static_cast<Wrapping>(a) + static_cast<Wrapping>(b));
    case ReduceOp::prod:
      return static_cast<V>(static_cast<Wrapping>(a) * static_cast<Wrapping>(b));
    case ReduceOp::min:
      return minimum(a, b);
    case ReduceOp::max:
      return maximum(a, b);
  }
  return a;
}
template <class V>
V divide(V value, uint32_t divisor) {
  if (divisor == 1) return value;
  if constexpr (std::is_floating_point_v<V>) return value / static_cast<V>(divisor);
  if constexpr (std::is_signed_v<V>) return static_cast<V>(static_cast<int64_t>(value) / static_cast<int64_t>(divisor));
  return static_cast<V>(value / divisor);
}

template <class T>
bool same(T got, T wanted) {
  const auto a = value_of(got), b = value_of(wanted);
  if constexpr (std::is_floating_point_v<ComputedIn<T>>) {
    if (std::isnan(a) && std::isnan(b)) return true;
  }
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace hawser::reference
