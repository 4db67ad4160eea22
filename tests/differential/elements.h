// Elements as both libraries see them: drawn at random, compared exactly or within stated units in the last place.
#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "src/base/types.h"

namespace hawser::differential {

using Bytes = std::vector<std::byte>;

// Sums, products and averages of up to eight positive floats, in any order and with a rounding at every step, differ by at most this much.
inline constexpr int64_t kUlpsAllowed = 8;

Bytes draw(DataType, size_t count, std::mt19937_64&);  // floats between 1/2 and 3/2, integers of any value
bool is_half(DataType);                                // f16 or bf16: Open MPI has no such type
bool is_float(DataType);
Bytes widened(DataType, const Bytes& halves);  // as f32

// Units in the last place between two elements of a type; integers: 0 or INT64_MAX.
int64_t distance(DataType, const std::byte* a, const std::byte* b);
// A 16-bit float beside the f32 it should have been.
int64_t distance_to_wide(DataType, const std::byte* half, float wanted);
// Divides by n as HAWSER_AVG does.
void divide(DataType, Bytes& elements, int n);

}  // namespace hawser::differential
