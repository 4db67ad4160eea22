// Scratch of operations, kept between calls: fresh pages cost more than the operations that would use them.
#pragma once
#include <array>
#include <cstddef>
#include <vector>

namespace hawser {

class ScratchPool {
 public:
  ScratchPool() = default;
  ~ScratchPool();
  ScratchPool(const ScratchPool&) = delete;
  ScratchPool& operator=(const ScratchPool&) = delete;
  std::byte* take(size_t bytes);             // aligned to 64; null: no memory. Power-of-two classes
  void give_back(std::byte*, size_t bytes);  // bytes as asked for

 private:
  static constexpr size_t kKeptBytes = size_t{256} << 20;
  std::array<std::vector<std::byte*>, 64> free_;  // by class
  size_t kept_bytes_ = 0;
};

}  // namespace hawser
