// Byte buffers that come back: a free list for every power of two, so that a warm transport allocates nothing. One thread.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace hawser {

struct Buffer {  // owns its bytes
  std::unique_ptr<std::byte[]> bytes;
  size_t capacity = 0;
  std::byte* data() const { return bytes.get(); }
  explicit operator bool() const { return bytes != nullptr; }
};

class BufferPool {
 public:
  Buffer take(size_t bytes) {  // never null, also for 0 bytes
    const int order = order_of(bytes);
    if (order < orders && !free_[order].empty()) {
      Buffer buffer = std::move(free_[order].back());
      free_[order].pop_back();
      kept_bytes_ -= buffer.capacity;
      return buffer;
    }
    const size_t capacity = order < orders ? size_t{1} << order : bytes;
    return {std::make_unique_for_overwrite<std::byte[]>(capacity), capacity};
  }
  void give(Buffer buffer) {
    if (!buffer || kept_bytes_ + buffer.capacity > kept_bytes_max) return;
    const int order = order_of(buffer.capacity);
    if (order >= orders) return;
    kept_bytes_ += buffer.capacity;
    free_[order].push_back(std::move(buffer));
  }

 private:
  static constexpr int smallest_order = 8, orders = 25;  // 256 B to 16 MiB; longer ones are not kept
  static constexpr size_t kept_bytes_max = size_t{32} << 20;
  static int order_of(size_t bytes) {
    const int order = bytes <= 1 ? 0 : std::bit_width(bytes - 1);
    return order < smallest_order ? smallest_order : order;
  }
  std::array<std::vector<Buffer>, orders> free_;
  size_t kept_bytes_ = 0;
};

}  // namespace hawser
