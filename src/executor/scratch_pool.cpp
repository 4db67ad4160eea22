// Scratch of operations in power-of-two classes; what lies free beyond a bound goes back to the system.
#include "src/executor/scratch_pool.h"

#include <algorithm>
#include <bit>
#include <new>

namespace hawser {
namespace {

constexpr std::align_val_t kAlignment{64};

size_t class_of(size_t bytes) { return static_cast<size_t>(std::bit_width(std::max<size_t>(bytes, 64) - 1)); }

}  // namespace

ScratchPool::~ScratchPool() {
  for (std::vector<std::byte*>& blocks : free_)
    for (std::byte* block : blocks) ::operator delete(block, kAlignment);
}

std::byte* ScratchPool::take(size_t bytes) {
  if (bytes > size_t{1} << 62) return nullptr;
  const size_t which = class_of(bytes);
  if (free_[which].empty()) return static_cast<std::byte*>(::operator new (size_t{1} << which, kAlignment, std::nothrow));
  std::byte* block = free_[which].back();
  free_[which].pop_back();
  kept_bytes_ -= size_t{1} << which;
  return block;
}

void ScratchPool::give_back(std::byte* block, size_t bytes) {
  if (block == nullptr) return;
  const size_t which = class_of(bytes);
  if (kept_bytes_ + (size_t{1} << which) > kKeptBytes) {
    ::operator delete(block, kAlignment);
    return;
  }
  kept_bytes_ += size_t{1} << which;
  free_[which].push_back(block);
}

}  // namespace hawser
