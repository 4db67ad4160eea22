// Where random bytes come from.
#include "src/base/random.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace hawser {

uint64_t Random::next() {
  uint64_t value = 0;
  fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

void SystemRandom::fill(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) std::abort();  // a kernel without getrandom cannot keep secrets; there is no safe way on
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
}

void SeededRandom::fill(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    const size_t part = std::min(bytes.size(), sizeof z);
    std::memcpy(bytes.data(), &z, part);
    bytes = bytes.subspan(part);
  }
}

}  // namespace hawser
