// Randomness comes in by constructor: the kernel's for secrets and identities, a seeded one for tests.
#pragma once
#include <cstdint>
#include <span>

namespace hawser {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte>) = 0;
  uint64_t next();  // 64 bits of it
};

class SystemRandom final : public Random {  // getrandom(2); any thread
 public:
  void fill(std::span<std::byte>) override;
};

class SeededRandom final : public Random {  // splitmix64; the same numbers on every machine; one thread
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  void fill(std::span<std::byte>) override;

 private:
  uint64_t state_;
};

}  // namespace hawser
