// Every type and operation, by every instruction set, against plain loops: odd counts, any alignment, in place, non-temporal.
#include "src/device/reduce.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <vector>

#include "tests/device/scalar_reference.h"
#include "tests/device/targets.h"

namespace hawser {
namespace {

using reference::Brain;
using reference::Half;

constexpr uint32_t kSeed = 20260101;
constexpr size_t kGuard = 64;
constexpr size_t kCounts[] = {0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 130, 259, 515, 1100, 2203};

template <class T>
struct Named;
template <>
struct Named<int8_t> {
  static constexpr DataType type = DataType::i8;
};
template <>
struct Named<uint8_t> {
  static constexpr DataType type = DataType::u8;
};
template <>
struct Named<int32_t> {
  static constexpr DataType type = DataType::i32;
};
template <>
struct Named<uint32_t> {
  static constexpr DataType type = DataType::u32;
};
template <>
struct Named<int64_t> {
  static constexpr DataType type = DataType::i64;
};
template <>
struct Named<uint64_t> {
  static constexpr DataType type = DataType::u64;
};
template <>
struct Named<float> {
  static constexpr DataType type = DataType::f32;
};
template <>
struct Named<double> {
  static constexpr DataType type = DataType::f64;
};
template <>
struct Named<Half> {
  static constexpr DataType type = DataType::f16;
};
template <>
struct Named<Brain> {
  static constexpr DataType type = DataType::bf16;
};

// Numbers of every size, and now and then a special one.
template <class T>
T draw(std::mt19937_64& random) {
  const uint64_t bits = random();
  if constexpr (std::is_floating_point_v<T>) {
    constexpr T special[] = {T(0),
                             T(-0.0),
                             std::numeric_limits<T>::infinity(),
                             -std::numeric_limits<T>::infinity(),
                             std::numeric_limits<T>::quiet_NaN(),
                             std::numeric_limits<T>::denorm_min()};
    if (bits % 16 == 0) return special[(bits >> 8) % 6];
    return std::ldexp(T(int32_t(bits >> 32)) / T(1u << 31), int((bits >> 8) % 12) - 6);
  } else if constexpr (reference::is_half<T>) {
    return T{static_cast<uint16_t>(bits)};
  } else {
    return static_cast<T>(bits);
  }
}

struct Buffer {  // at an address that is off by `shift`, between guards
  Buffer(size_t bytes, size_t shift) : memory(bytes + shift + 3 * kGuard, 0xa5), length(bytes) {
    const auto base = reinterpret_cast<uintptr_t>(memory.data());
    first = (base / kGuard + 2) * kGuard - base + shift;
  }
  uint8_t* data() { return memory.data() + first; }
  bool guards_hold() const {
    const auto untouched = [&](size_t from, size_t to) {
      for (size_t i = from; i < to; ++i) {
        if (memory[i] != 0xa5) return false;
      }
      return true;
    };
    return untouched(0, first) && untouched(first + length, memory.size());
  }
  std::vector<uint8_t> memory;
  size_t length, first;
};

struct Case {
  uint32_t inputs;
  size_t count, shift;
  uint32_t divisor;
  bool stream;
  int in_place;  // which input the output is; -1: none
};

template <class T>
T stored_at(const uint8_t* from, size_t at) {
  T value;
  std::memcpy(&value, from + at * sizeof(T), sizeof(T));
  return value;
}

template <class T>
T expected(ReduceOp op, const std::vector<std::vector<T>>& in, size_t at, uint32_t divisor) {
  auto sum = reference::value_of(in[0][at]);
  for (size_t k = 1; k < in.size(); ++k) sum = reference::combine(op, sum, reference::value_of(in[k][at]));
  return reference::stored_as<T>(reference::divide(sum, divisor));
}

template <class T>
void check(ReduceOp op, const Case& test, std::mt19937_64& random) {
  std::vector<std::vector<T>> values(test.inputs, std::vector<T>(test.count));
  std::vector<Buffer> buffers;
  for (uint32_t k = 0; k < test.inputs; ++k) {
    for (T& value : values[k]) value = draw<T>(random);
    buffers.emplace_back(test.count * sizeof(T), (test.shift * (k + 1)) % 64);
    std::copy_n(reinterpret_cast<const uint8_t*>(values[k].data()), test.count * sizeof(T), buffers[k].data());
  }
  buffers.emplace_back(test.count * sizeof(T), test.shift);
  std::vector<const void*> in;
  for (uint32_t k = 0; k < test.inputs; ++k) in.push_back(buffers[k].data());
  Buffer& out = test.in_place < 0 ? buffers.back() : buffers[test.in_place];
  reduce_function(Named<T>::type, op)(out.data(), in.data(), test.inputs, test.count, test.divisor, test.stream);
  for (size_t at = 0; at < test.count; ++at) {
    const T wanted = expected(op, values, at, test.divisor), got = stored_at<T>(out.data(), at);
    ASSERT_TRUE(reference::same(got, wanted)) << name(Named<T>::type) << ' ' << name(op) << " element " << at << " of " << test.count
                                              << ", inputs " << test.inputs << ", shift " << test.shift << ", divisor " << test.divisor;
  }
  for (const Buffer& buffer : buffers) ASSERT_TRUE(buffer.guards_hold());
}

// Into three outputs: one equal to an input unless in_place is negative, one alike, one `skew` bytes further into its line.
template <class T>
void check_to_all(ReduceOp op, const Case& test, size_t skew, std::mt19937_64& random) {
  std::vector<std::vector<T>> values(test.inputs, std::vector<T>(test.count));
  std::vector<Buffer> buffers;
  for (std::vector<T>& row : values) {
    for (T& value : row) value = draw<T>(random);
    buffers.emplace_back(test.count * sizeof(T), test.shift);
    std::copy_n(reinterpret_cast<const uint8_t*>(row.data()), test.count * sizeof(T), buffers.back().data());
  }
  for (const size_t shift : {test.shift, test.shift, (test.shift + skew) % 64}) buffers.emplace_back(test.count * sizeof(T), shift);
  std::vector<const void*> in;
  for (uint32_t k = 0; k < test.inputs; ++k) in.push_back(buffers[k].data());
  const std::array<size_t, 3> outputs = {test.in_place < 0 ? size_t{test.inputs} : static_cast<size_t>(test.in_place), test.inputs + 1u,
                                         test.inputs + 2u};
  std::array<std::byte*, 3> out;
  for (size_t i = 0; i < 3; ++i) out[i] = reinterpret_cast<std::byte*>(buffers[outputs[i]].data());
  reduce_to_all_function(Named<T>::type, op)(out, in.data(), test.inputs, test.count, test.divisor, test.stream);
  for (const size_t output : outputs)
    for (size_t at = 0; at < test.count; ++at) {
      const T wanted = expected(op, values, at, test.divisor), got = stored_at<T>(buffers[output].data(), at);
      ASSERT_TRUE(reference::same(got, wanted)) << name(Named<T>::type) << ' ' << name(op) << " output " << output << " element " << at
                                                << " of " << test.count << ", inputs " << test.inputs << ", shift " << test.shift;
    }
  for (const Buffer& buffer : buffers) ASSERT_TRUE(buffer.guards_hold());
}

template <class T>
void check_all_cases(ReduceOp op, std::mt19937_64& random) {
  int turn = 0;
  for (uint32_t inputs = 1; inputs <= 5; ++inputs) {
    for (size_t count : kCounts) {
      ++turn;
      const size_t shift = turn % 4 == 0 ? 0 : turn % 4 == 1 ? sizeof(T) : turn % 4 == 2 ? 1 : 3 * sizeof(T);
      const int in_place = turn % 3 == 0 ? -1 : turn % static_cast<int>(inputs);
      check<T>(op, {inputs, count, shift, 1, false, in_place}, random);
      check<T>(op, {inputs, count, shift, 1, true, in_place}, random);
      check<T>(op, {inputs, count, shift, 3, turn % 2 == 0, -1}, random);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

template <class T>
class Reduce : public ::testing::Test {};
using Types = ::testing::Types<int8_t, uint8_t, int32_t, uint32_t, int64_t, uint64_t, Half, Brain, float, double>;
TYPED_TEST_SUITE(Reduce, Types);

TYPED_TEST(Reduce, IntoEveryOutputMatchesPlainLoops) {
  std::mt19937_64 random(kSeed);
  SCOPED_TRACE(kSeed);
  with_every_instruction_set([&] {
    int turn = 0;
    for (int op = 0; op < reduce_ops; ++op)
      for (const uint32_t inputs : {1u, 2u, 4u})
        for (const size_t count : {size_t{1}, size_t{17}, size_t{300}, size_t{1000}}) {
          if (::testing::Test::HasFatalFailure()) return;
          ++turn;
          const size_t shift = turn % 3 == 0 ? 0 : turn % 3 == 1 ? sizeof(TypeParam) : 1;
          const int in_place = turn % 2 == 0 ? -1 : turn % static_cast<int>(inputs);
          const uint32_t divisor = turn % 5 == 0 ? 3 : 1;
          check_to_all<TypeParam>(static_cast<ReduceOp>(op), {inputs, count, shift, divisor, true, in_place}, 0, random);
          check_to_all<TypeParam>(static_cast<ReduceOp>(op), {inputs, count, shift, divisor, true, in_place}, 4, random);
          check_to_all<TypeParam>(static_cast<ReduceOp>(op), {inputs, count, shift, divisor, false, in_place}, 0, random);
        }
  });
}

TYPED_TEST(Reduce, MatchesPlainLoops) {
  std::mt19937_64 random(kSeed);
  SCOPED_TRACE(kSeed);
  with_every_instruction_set([&] {
    for (int op = 0; op < reduce_ops && !::testing::Test::HasFatalFailure(); ++op) {
      check_all_cases<TypeParam>(static_cast<ReduceOp>(op), random);
    }
  });
}

// Ranks may fold the same two values in different orders and must agree to the last bit.
TYPED_TEST(Reduce, TwoInputsCommute) {
  std::mt19937_64 random(kSeed);
  with_every_instruction_set([&] {
    constexpr size_t kCount = 600;
    std::vector<TypeParam> a(kCount), b(kCount), forward(kCount), backward(kCount);
    for (auto& value : a) value = draw<TypeParam>(random);
    for (auto& value : b) value = draw<TypeParam>(random);
    for (int op = 0; op < reduce_ops; ++op) {
      const auto function = reduce_function(Named<TypeParam>::type, static_cast<ReduceOp>(op));
      const void* in[] = {a.data(), b.data()};
      const void* swapped[] = {b.data(), a.data()};
      function(forward.data(), in, 2, kCount, 1, false);
      function(backward.data(), swapped, 2, kCount, 1, false);
      for (size_t i = 0; i < kCount; ++i) ASSERT_TRUE(reference::same(forward[i], backward[i])) << i << " op " << op;
    }
  });
}

// The same element must have the same bits in the middle of a large array and alone.
TYPED_TEST(Reduce, BitsDoNotDependOnThePlace) {
  std::mt19937_64 random(kSeed);
  constexpr size_t kCount = 301;
  std::vector<std::vector<TypeParam>> values(3, std::vector<TypeParam>(kCount));
  for (auto& row : values) {
    for (auto& value : row) value = draw<TypeParam>(random);
  }
  for (int op = 0; op < reduce_ops; ++op) {
    const auto function = reduce_function(Named<TypeParam>::type, static_cast<ReduceOp>(op));
    std::vector<TypeParam> whole(kCount);
    const void* in[] = {values[0].data(), values[1].data(), values[2].data()};
    function(whole.data(), in, 3, kCount, 1, false);
    for (size_t i = 0; i < kCount; ++i) {
      TypeParam alone;
      const void* one[] = {&values[0][i], &values[1][i], &values[2][i]};
      function(&alone, one, 3, 1, 1, false);
      ASSERT_TRUE(reference::same(alone, whole[i]));
    }
  }
}

TYPED_TEST(Reduce, DivideTruncatesIntegersAndRoundsFloats) {
  std::mt19937_64 random(kSeed);
  for (uint32_t divisor : {1u, 2u, 3u, 7u}) {
    std::vector<TypeParam> values(77), before;
    for (auto& value : values) value = draw<TypeParam>(random);
    before = values;
    divide(values.data(), Named<TypeParam>::type, values.size(), divisor);
    for (size_t i = 0; i < values.size(); ++i) {
      const TypeParam wanted = reference::stored_as<TypeParam>(reference::divide(reference::value_of(before[i]), divisor));
      ASSERT_TRUE(reference::same(values[i], wanted)) << i << " divisor " << divisor;
    }
  }
}

template <class T>
void expect_quotients(const std::vector<T>& values, uint32_t divisor) {
  std::vector<T> got = values;
  divide(got.data(), Named<T>::type, got.size(), divisor);
  for (size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(got[i], reference::divide(values[i], divisor)) << +values[i] << " / " << divisor << " at " << i;
}

template <class T>
std::vector<T> values_to_divide(std::mt19937_64& random, uint32_t divisor) {
  std::vector<T> values;
  if constexpr (sizeof(T) == 1) {
    for (int i = 0; i < 256; ++i) values.push_back(static_cast<T>(i));  // most meet a whole vector, the others the tail
    for (int i = 0; i < 129; ++i) values.push_back(static_cast<T>(127 + i));
  } else {
    using Limits = std::numeric_limits<T>;
    values = {Limits::min(), T(Limits::min() + 1), Limits::max(), T(Limits::max() - 1), T(0), T(1), static_cast<T>(~uint64_t{0})};
    for (int i = 0; i < 150; ++i) {
      const T multiple = static_cast<T>(static_cast<uint64_t>(draw<T>(random)) / divisor * divisor);  // next to it quotients change
      const auto wrapped = [](uint64_t value) { return static_cast<T>(value); };
      const uint64_t above = static_cast<uint64_t>(multiple);
      values.insert(values.end(), {draw<T>(random), multiple, wrapped(above - 1), wrapped(0 - above), wrapped(1 - above)});
    }
  }
  return values;
}

template <class T>
class DivideIntegers : public ::testing::Test {};
using Integers = ::testing::Types<int8_t, uint8_t, int32_t, uint32_t, int64_t, uint64_t>;
TYPED_TEST_SUITE(DivideIntegers, Integers);

TYPED_TEST(DivideIntegers, IsExactForEveryDivisorAndTruncates) {
  std::mt19937_64 random(kSeed);
  SCOPED_TRACE(kSeed);
  std::vector<uint32_t> divisors(64);
  std::iota(divisors.begin(), divisors.end(), 1u);
  divisors.insert(divisors.end(), {100, 127, 128, 129, 255, 256, 257, 511, 1000, 16384, 65535, 65536, 65537, 0x7fffffff, 0x80000000u});
  divisors.insert(divisors.end(), {0x80000001u, 0xfffffffeu, 0xffffffffu});
  for (int i = 0; i < 100; ++i) divisors.push_back(std::max(1u, static_cast<uint32_t>(random()) >> random() % 32));
  with_every_instruction_set([&] {
    for (const uint32_t divisor : divisors) {
      expect_quotients(values_to_divide<TypeParam>(random, divisor), divisor);
      if (::testing::Test::HasFatalFailure()) return;
    }
  });
}

// Widths from 1 to 64 bits of either sign, and the neighbours of multiples of the divisor, where a wrong reciprocal shows first.
template <class T>
void expect_long_quotients(std::mt19937_64& random, uint32_t divisor) {
  std::vector<T> values;
  for (int i = 0; i < 1024; ++i) {
    const uint64_t bits = random() >> (random() % 64), multiple = bits / divisor * divisor;
    for (const uint64_t value : {bits, 0 - bits, ~bits, multiple, multiple - 1, multiple + 1, 0 - multiple, 0 - multiple - 1})
      values.push_back(static_cast<T>(value));
  }
  const uint64_t most = UINT64_MAX / divisor * divisor, half = uint64_t{INT64_MAX} / divisor * divisor;
  for (uint64_t step = 0; step < 9; ++step)
    for (const uint64_t base : {most, half, uint64_t{INT64_MAX}, uint64_t{0}, 0 - half, uint64_t{1} << 32})
      values.push_back(static_cast<T>(base + step - 4));
  expect_quotients(values, divisor);
}

TEST(DivideLongIntegers, IsExactAroundEveryKindOfDividend) {
  std::mt19937_64 random(kSeed);
  SCOPED_TRACE(kSeed);
  std::vector<uint32_t> divisors;
  for (int bit = 1; bit < 32; ++bit) {
    const uint32_t power = uint32_t{1} << bit;
    divisors.insert(divisors.end(), {power - 1, power, power + 1});
  }
  divisors.insert(divisors.end(), {641, 6700417, 0xfffffffeu, 0xffffffffu});  // 641 and 6700417 divide 2^32 + 1
  for (int i = 0; i < 60; ++i) divisors.push_back(std::max(2u, static_cast<uint32_t>(random()) >> random() % 31));
  with_every_instruction_set([&] {
    for (const uint32_t divisor : divisors) {
      expect_long_quotients<int64_t>(random, divisor);
      expect_long_quotients<uint64_t>(random, divisor);
      if (::testing::Test::HasFatalFailure()) return;
    }
  });
}

TEST(ReduceFunction, HasNoneForEightBitFloats) {
  for (int op = 0; op < reduce_ops; ++op) {
    EXPECT_EQ(reduce_function(DataType::f8e4m3, static_cast<ReduceOp>(op)), nullptr);
    EXPECT_EQ(reduce_to_all_function(DataType::f8e4m3, static_cast<ReduceOp>(op)), nullptr);
    EXPECT_EQ(reduce_function(DataType::f8e5m2, static_cast<ReduceOp>(op)), nullptr);
  }
}

TEST(CopyBytes, CopiesEveryByteAndNoOther) {
  with_every_instruction_set([] {
    for (size_t bytes : {size_t{0}, size_t{1}, size_t{63}, size_t{64}, size_t{255}, size_t{1000}, size_t{70001}}) {
      for (size_t shift : {0, 1, 17, 63}) {
        for (bool stream : {false, true}) {
          Buffer from(bytes, 5), into(bytes, shift);
          std::iota(from.data(), from.data() + bytes, uint8_t{1});
          copy_bytes(into.data(), from.data(), bytes, stream);
          ASSERT_EQ(std::memcmp(into.data(), from.data(), bytes), 0) << bytes << " bytes, shift " << shift;
          ASSERT_TRUE(into.guards_hold());
        }
      }
    }
  });
}

}  // namespace
}  // namespace hawser
