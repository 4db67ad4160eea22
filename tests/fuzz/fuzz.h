// What every fuzz target has: the entry point of libFuzzer, and seeds that are right, to be spoiled.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace hawser::fuzz {

std::vector<std::string> seeds();  // each target has its own

inline std::string_view text_of(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

// What a parser owes whatever it was given. Not assert: it must hold in release builds too.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: broken promise: %s\n", what);
  std::abort();
}

}  // namespace hawser::fuzz
