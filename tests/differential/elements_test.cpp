// The comparison itself: it must see one unit in the last place, and what Open MPI is given for a 16-bit float must be that float.
#include "tests/differential/elements.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace hawser::differential {
namespace {

const std::byte* bytes_of(const auto& value) { return reinterpret_cast<const std::byte*>(&value); }

TEST(Distance, CountsUnitsInTheLastPlace) {
  const float one = 1, next = std::nextafter(1.0f, 2.0f), after = std::nextafter(next, 2.0f);
  EXPECT_EQ(distance(DataType::f32, bytes_of(one), bytes_of(one)), 0);
  EXPECT_EQ(distance(DataType::f32, bytes_of(one), bytes_of(next)), 1);
  EXPECT_EQ(distance(DataType::f32, bytes_of(after), bytes_of(one)), 2);
  const double two = 2, below = std::nextafter(2.0, 1.0);
  EXPECT_EQ(distance(DataType::f64, bytes_of(two), bytes_of(below)), 1);
}

TEST(Distance, KnowsNoNearlyEqualIntegers) {
  const int32_t a = 7, b = 8;
  EXPECT_EQ(distance(DataType::i32, bytes_of(a), bytes_of(a)), 0);
  EXPECT_EQ(distance(DataType::i32, bytes_of(a), bytes_of(b)), INT64_MAX);
}

TEST(Distance, HoldsAHalfAgainstTheWideResult) {
  const uint16_t one = 0x3c00, brain_one = 0x3f80, nan = 0x7e00;
  EXPECT_EQ(distance_to_wide(DataType::f16, bytes_of(one), 1.0f), 0);
  EXPECT_EQ(distance_to_wide(DataType::f16, bytes_of(one), 1.0f + 3.0f / 1024), 3);
  EXPECT_EQ(distance_to_wide(DataType::bf16, bytes_of(brain_one), 1.0f + 1.0f / 128), 1);
  EXPECT_GT(distance_to_wide(DataType::f16, bytes_of(nan), 1.0f), kUlpsAllowed);
}

TEST(Draw, GivesFloatsAroundOneWhateverTheType) {
  std::mt19937_64 random(1);
  for (const DataType type : {DataType::f16, DataType::bf16}) {
    const Bytes wide = widened(type, draw(type, 500, random));
    for (size_t i = 0; i < 500; ++i) {
      float value;
      std::memcpy(&value, wide.data() + 4 * i, 4);
      EXPECT_GE(value, 0.5f);
      EXPECT_LT(value, 1.5f);
    }
  }
}

TEST(Divide, TruncatesIntegersTowardsZero) {
  Bytes bytes(8);
  const int32_t values[] = {-7, 7};
  std::memcpy(bytes.data(), values, 8);
  divide(DataType::i32, bytes, 2);
  const int32_t wanted[] = {-3, 3};
  EXPECT_EQ(std::memcmp(bytes.data(), wanted, 8), 0);
}

}  // namespace
}  // namespace hawser::differential
