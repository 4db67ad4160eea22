// One hash for fingerprints and signatures: the same value on every machine and in every build. Not for secrets.
#pragma once
#include <cstdint>
#include <string_view>

namespace hawser {

constexpr uint64_t mix(uint64_t value) {  // splitmix64's finaliser
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

constexpr uint64_t combine(uint64_t seed, uint64_t value) { return mix(seed * 0x9e3779b97f4a7c15u + value + 1); }

constexpr uint64_t hash(std::string_view text) {  // FNV-1a, finished
  uint64_t value = 0xcbf29ce484222325u;
  for (const char letter : text) value = (value ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
  return mix(value);
}

}  // namespace hawser
