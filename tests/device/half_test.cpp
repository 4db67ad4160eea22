// 16-bit floats: all 65536 patterns survive, and rounding is to nearest even at every boundary.
#include <gtest/gtest.h>

#include <vector>

#include "src/device/reduce.h"
#include "tests/device/scalar_reference.h"
#include "tests/device/targets.h"

namespace hawser {
namespace {

template <class T>
void every_pattern_survives(DataType type) {
  std::vector<T> all(65536), out(65536);
  for (uint32_t i = 0; i < 65536; ++i) all[i].bits = static_cast<uint16_t>(i);
  const void* in[] = {all.data()};
  reduce_function(type, ReduceOp::sum)(out.data(), in, 1, all.size(), 1, false);
  for (uint32_t i = 0; i < 65536; ++i) ASSERT_TRUE(reference::same(out[i], all[i])) << i;
}

// Every pattern plus one unit in its last place, halved: values that lie between two patterns.
template <class T>
void averages_round_to_nearest_even(DataType type) {
  std::vector<T> first(65536), second(65536), out(65536);
  for (uint32_t i = 0; i < 65536; ++i) {
    first[i].bits = static_cast<uint16_t>(i);
    second[i].bits = static_cast<uint16_t>(i + 1);
  }
  const void* in[] = {first.data(), second.data()};
  reduce_function(type, ReduceOp::sum)(out.data(), in, 2, out.size(), 2, false);
  for (uint32_t i = 0; i < 65536; ++i) {
    const float sum = reference::widen(first[i]) + reference::widen(second[i]);
    ASSERT_TRUE(reference::same(out[i], reference::stored_as<T>(sum / 2))) << i;
  }
}

TEST(Halves, EveryPatternSurvives) {
  with_every_instruction_set([] {
    every_pattern_survives<reference::Half>(DataType::f16);
    every_pattern_survives<reference::Brain>(DataType::bf16);
  });
}

TEST(Halves, AveragesRoundToNearestEven) {
  with_every_instruction_set([] {
    averages_round_to_nearest_even<reference::Half>(DataType::f16);
    averages_round_to_nearest_even<reference::Brain>(DataType::bf16);
  });
}

// Three large halves whose partial sum overflows f16 but not f32.
TEST(Halves, AccumulateInSinglePrecision) {
  const uint16_t big = 0x7bff, minus_big = 0xfbff;  // 65504
  std::vector<uint16_t> a(100, big), b(100, big), c(100, minus_big), out(100);
  const void* in[] = {a.data(), b.data(), c.data()};
  reduce_function(DataType::f16, ReduceOp::sum)(out.data(), in, 3, out.size(), 1, false);
  for (uint16_t bits : out) ASSERT_EQ(bits, big);
}

}  // namespace
}  // namespace hawser
