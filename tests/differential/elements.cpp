// Bits of floats, by hand.
#include "tests/differential/elements.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace hawser::differential {
namespace {

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Only normal numbers and zero come here.
float wide(DataType type, uint16_t bits) {
  if (type == DataType::bf16) return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  if ((bits & 0x7fff) == 0) return 0;
  const uint32_t magnitude = (static_cast<uint32_t>(bits & 0x7fff) << 13) + (112u << 23);
  return std::bit_cast<float>(magnitude | static_cast<uint32_t>(bits & 0x8000) << 16);
}

template <class T>
void divide_by(Bytes& elements, int n) {
  for (size_t at = 0; at < elements.size(); at += sizeof(T)) {
    const T divided = static_cast<T>(load<T>(elements.data() + at) / static_cast<T>(n));
    std::memcpy(elements.data() + at, &divided, sizeof divided);
  }
}

std::byte random_byte(std::mt19937_64& random) { return static_cast<std::byte>(random() & 255); }

}  // namespace

bool is_half(DataType type) { return type == DataType::f16 || type == DataType::bf16; }
bool is_float(DataType type) { return is_half(type) || type == DataType::f32 || type == DataType::f64; }

Bytes draw(DataType type, size_t count, std::mt19937_64& random) {
  Bytes bytes(count * size_of(type));
  std::uniform_real_distribution<double> around_one(0.5, 1.5);
  for (size_t i = 0; i < count; ++i) {
    std::byte* const at = bytes.data() + i * size_of(type);
    if (type == DataType::f64) {
      const double value = around_one(random);
      std::memcpy(at, &value, sizeof value);
    } else if (type == DataType::f32) {
      const auto value = static_cast<float>(around_one(random));
      std::memcpy(at, &value, sizeof value);
    } else if (is_half(type)) {  // any pattern between 1/2 and 3/2
      const uint16_t half = type == DataType::f16 ? 0x3800 + random() % 0x600 : 0x3f00 + random() % 0xc0;
      std::memcpy(at, &half, sizeof half);
    } else {
      for (size_t k = 0; k < size_of(type); ++k) at[k] = random_byte(random);
    }
  }
  return bytes;
}

Bytes widened(DataType type, const Bytes& halves) {
  Bytes floats(halves.size() * 2);
  for (size_t i = 0; i < halves.size() / 2; ++i) {
    const float value = wide(type, load<uint16_t>(halves.data() + 2 * i));
    std::memcpy(floats.data() + 4 * i, &value, sizeof value);
  }
  return floats;
}

int64_t distance(DataType type, const std::byte* a, const std::byte* b) {
  switch (type) {  // positive floats are ordered as their bits
    case DataType::f64:
      return std::abs(load<int64_t>(a) - load<int64_t>(b));
    case DataType::f32:
      return std::abs(static_cast<int64_t>(load<int32_t>(a)) - load<int32_t>(b));
    case DataType::f16:
    case DataType::bf16:
      return std::abs(static_cast<int64_t>(load<int16_t>(a)) - load<int16_t>(b));
    default:
      return std::memcmp(a, b, size_of(type)) == 0 ? 0 : INT64_MAX;
  }
}

int64_t distance_to_wide(DataType type, const std::byte* half, float wanted) {
  const auto bits = load<uint16_t>(half);
  const float value = wide(type, bits);
  const float ulp = wide(type, static_cast<uint16_t>(bits + 1)) - value;
  const double apart = std::fabs(static_cast<double>(value) - wanted) / ulp;
  return apart < 1e9 ? static_cast<int64_t>(std::ceil(apart)) : INT64_MAX;  // NaN too
}

void divide(DataType type, Bytes& elements, int n) {
  switch (type) {
    case DataType::i8:
      return divide_by<int8_t>(elements, n);
    case DataType::u8:
      return divide_by<uint8_t>(elements, n);
    case DataType::i32:
      return divide_by<int32_t>(elements, n);
    case DataType::u32:
      return divide_by<uint32_t>(elements, n);
    case DataType::i64:
      return divide_by<int64_t>(elements, n);
    case DataType::u64:
      return divide_by<uint64_t>(elements, n);
    case DataType::f32:
      return divide_by<float>(elements, n);
    case DataType::f64:
      return divide_by<double>(elements, n);
    default:
      std::abort();
  }
}

}  // namespace hawser::differential
