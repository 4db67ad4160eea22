// Values are chosen so that no type rounds them: sums stay below 128, products are powers of two, and averages are whole.
#include "perf/hawser_perf/values.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

namespace hawser::perf {
namespace {

uint32_t mixed(uint64_t i) { return static_cast<uint32_t>(i ^ (i >> 32)) * 2654435761u; }

// 0 .. limit-1, unlike for neighbouring elements and for multiples of any block size.
int drawn(uint64_t i, uint32_t limit) { return static_cast<int>((static_cast<uint64_t>(mixed(i)) * limit) >> 32); }

int moved_value(int rank, uint64_t i) { return drawn(i + static_cast<uint64_t>(rank) * 40503, 120); }

int average(const Question& q, uint64_t i) { return 1 + drawn(i, std::max(1u, 118u / static_cast<uint32_t>(q.ranks))); }

// Pairs of ranks differ from the average by amounts that add up to nothing.
int averaged_value(const Question& q, int rank, uint64_t i) {
  const bool paired = (rank ^ 1) < q.ranks;
  return average(q, i) + (!paired ? 0 : rank % 2 == 0 ? 1 : -1);
}

int combined_value(const Question& q, uint64_t i) {
  if (q.op == ReduceOp::avg) return average(q, i);
  int result = input_value(q, 0, i);
  for (int r = 1; r < q.ranks; ++r) {
    const int value = input_value(q, r, i);
    switch (q.op) {
      case ReduceOp::sum:
        result += value;
        break;
      case ReduceOp::prod:
        result *= value;
        break;
      case ReduceOp::min:
        result = std::min(result, value);
        break;
      case ReduceOp::max:
        result = std::max(result, value);
        break;
      case ReduceOp::avg:
        break;
    }
  }
  return result;
}

// Whole numbers of magnitude below 2048 exactly.
uint16_t half_of(int value) {
  if (value == 0) return 0;
  const auto magnitude = static_cast<uint32_t>(std::abs(value));
  const int exponent = std::bit_width(magnitude) - 1;
  const uint32_t mantissa = (magnitude << (10 - exponent)) & 1023;
  return static_cast<uint16_t>((value < 0 ? 0x8000u : 0u) | (static_cast<uint32_t>(exponent + 15) << 10) | mantissa);
}
uint16_t brain_of(int value) { return static_cast<uint16_t>(std::bit_cast<uint32_t>(static_cast<float>(value)) >> 16); }

// Calls body(convert) with what turns a whole number into an element of the type. 8-bit floats are moved as bytes.
template <class Body>
auto with_type(DataType type, Body body) {
  switch (type) {
    case DataType::i8:
      return body([](int v) { return static_cast<int8_t>(v); });
    case DataType::i32:
      return body([](int v) { return static_cast<int32_t>(v); });
    case DataType::u32:
      return body([](int v) { return static_cast<uint32_t>(v); });
    case DataType::i64:
      return body([](int v) { return static_cast<int64_t>(v); });
    case DataType::u64:
      return body([](int v) { return static_cast<uint64_t>(v); });
    case DataType::f16:
      return body([](int v) { return half_of(v); });
    case DataType::bf16:
      return body([](int v) { return brain_of(v); });
    case DataType::f32:
      return body([](int v) { return static_cast<float>(v); });
    case DataType::f64:
      return body([](int v) { return static_cast<double>(v); });
    case DataType::u8:
    case DataType::f8e4m3:
    case DataType::f8e5m2:
      break;
  }
  return body([](int v) { return static_cast<uint8_t>(v); });
}

}  // namespace

int input_value(const Question& q, int rank, uint64_t i) {
  if (!reduces(q.workload)) return moved_value(rank, i);
  const uint64_t place = i + static_cast<uint64_t>(rank) * 40503;
  switch (q.op) {
    case ReduceOp::sum:
      return drawn(place, std::max(2u, 120u / static_cast<uint32_t>(q.ranks)));
    case ReduceOp::prod:
      return rank < 7 ? 1 + drawn(place, 2) : 1;
    case ReduceOp::min:
    case ReduceOp::max:
      return drawn(place, 120);
    case ReduceOp::avg:
      return averaged_value(q, rank, i);
  }
  return 0;
}

int expected_value(const Question& q, uint64_t i) {
  const auto rank = static_cast<uint64_t>(q.rank);
  switch (q.workload) {
    case Workload::all_reduce:
    case Workload::reduce:
      return combined_value(q, i);
    case Workload::reduce_scatter:
      return combined_value(q, rank * q.count + i);
    case Workload::broadcast:
      return input_value(q, q.root, i);
    case Workload::all_gather:
      return input_value(q, static_cast<int>(i / q.count), i % q.count);
    case Workload::all_to_all:
      return input_value(q, static_cast<int>(i / q.count), rank * q.count + i % q.count);
    case Workload::sendrecv:
      return input_value(q, (q.rank + q.ranks - 1) % q.ranks, i);
  }
  return 0;
}

bool has_output(const Question& q) { return q.workload != Workload::reduce || q.rank == q.root; }

void fill_input(const Question& q, void* into, uint64_t elements) {
  with_type(q.type, [&](auto convert) {
    using T = decltype(convert(0));
    for (uint64_t i = 0; i < elements; ++i) static_cast<T*>(into)[i] = convert(input_value(q, q.rank, i));
  });
}

uint64_t wrong_elements(const Question& q, const void* output, uint64_t elements) {
  if (!has_output(q)) return 0;
  return with_type(q.type, [&](auto convert) {
    using T = decltype(convert(0));
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < elements; ++i) {
      const T expected = convert(expected_value(q, i));
      // Bits are meant. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
      wrong += std::memcmp(&expected, static_cast<const T*>(output) + i, sizeof(T)) != 0;
    }
    return wrong;
  });
}

}  // namespace hawser::perf
