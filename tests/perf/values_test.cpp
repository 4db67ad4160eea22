// The check must know the right result of every collective, type and operation, and notice one wrong element.
#include "perf/hawser_perf/values.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace hawser::perf {
namespace {

constexpr uint64_t kCount = 53;

std::vector<std::byte> input_of(Question q, int rank, uint64_t elements) {
  q.rank = rank;
  std::vector<std::byte> bytes(elements * size_of(q.type));
  fill_input(q, bytes.data(), elements);
  return bytes;
}

float float_of(DataType type, const std::byte* at) {
  uint32_t bits = 0;
  switch (type) {
    case DataType::f32:
      std::memcpy(&bits, at, 4);
      break;
    case DataType::bf16:
      std::memcpy(reinterpret_cast<std::byte*>(&bits) + 2, at, 2);
      break;
    default: {  // f16, normal numbers and zero
      uint16_t half = 0;
      std::memcpy(&half, at, 2);
      bits = half == 0 ? 0 : (static_cast<uint32_t>(half & 0x7fff) << 13) + (112u << 23);
    }
  }
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

TEST(Values, FloatsHoldTheWholeNumbersExactly) {
  for (const DataType type : {DataType::f32, DataType::bf16, DataType::f16}) {
    Question q{.type = type, .ranks = 3, .count = kCount};
    const auto bytes = input_of(q, 1, kCount);
    for (uint64_t i = 0; i < kCount; ++i) {
      EXPECT_EQ(float_of(type, bytes.data() + i * size_of(type)), static_cast<float>(input_value(q, 1, i))) << name(type);
    }
  }
}

// The result made by hand from the inputs, as i64.
TEST(Values, ReductionsOfTheInputsAreWhatIsExpected) {
  for (int op = 0; op < reduce_ops; ++op) {
    for (int ranks : {1, 2, 3, 4, 7}) {
      Question q{.op = static_cast<ReduceOp>(op), .type = DataType::i64, .ranks = ranks, .count = kCount};
      std::vector<int64_t> result(kCount);
      for (uint64_t i = 0; i < kCount; ++i) {
        int64_t combined = input_value(q, 0, i);
        for (int r = 1; r < ranks; ++r) {
          const int64_t value = input_value(q, r, i);
          if (q.op == ReduceOp::sum || q.op == ReduceOp::avg) combined += value;
          if (q.op == ReduceOp::prod) combined *= value;
          if (q.op == ReduceOp::min) combined = std::min(combined, value);
          if (q.op == ReduceOp::max) combined = std::max(combined, value);
        }
        if (q.op == ReduceOp::avg) {
          EXPECT_EQ(combined % ranks, 0);
          combined /= ranks;
        }
        EXPECT_LE(combined, 128);
        result[i] = combined;
      }
      EXPECT_EQ(wrong_elements(q, result.data(), kCount), 0u) << name(q.op) << " of " << ranks;
    }
  }
}

TEST(Values, MovedElementsComeFromTheRightPlace) {
  constexpr int kRanks = 3;
  const Question q{.workload = Workload::all_to_all, .type = DataType::i32, .ranks = kRanks, .rank = 1, .count = kCount};
  std::vector<std::byte> out;
  for (int from = 0; from < kRanks; ++from) {
    const auto in = input_of(q, from, kCount * kRanks);
    const auto begin = in.begin() + static_cast<std::ptrdiff_t>(kCount * 4);
    out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(kCount * 4));
  }
  EXPECT_EQ(wrong_elements(q, out.data(), kCount * kRanks), 0u);
  std::swap_ranges(out.begin(), out.begin() + kCount * 4, out.begin() + kCount * 4);
  EXPECT_GT(wrong_elements(q, out.data(), kCount * kRanks), kCount);
}

TEST(Values, OneWrongElementIsNoticed) {
  for (int type = 0; type < data_types; ++type) {
    const Question q{.workload = Workload::broadcast, .type = static_cast<DataType>(type), .ranks = 2, .rank = 1, .count = kCount};
    auto bytes = input_of(q, 0, kCount);
    EXPECT_EQ(wrong_elements(q, bytes.data(), kCount), 0u);
    bytes[17 * size_of(q.type)] ^= std::byte{1};
    EXPECT_EQ(wrong_elements(q, bytes.data(), kCount), 1u);
  }
}

TEST(Values, OnlyTheRootOfAReduceHasAResult) {
  const Question q{.workload = Workload::reduce, .ranks = 2, .rank = 1, .root = 0, .count = 4};
  EXPECT_FALSE(has_output(q));
  EXPECT_EQ(wrong_elements(q, nullptr, 4), 0u);
}

}  // namespace
}  // namespace hawser::perf
