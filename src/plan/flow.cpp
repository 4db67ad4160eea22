// Breadth first, one augmenting path after the other.
#include "src/plan/flow.h"

#include <algorithm>

namespace hawser {
namespace {
constexpr uint32_t kUnreached = UINT32_MAX, kStart = UINT32_MAX - 1;
}

void FlowGraph::add(uint32_t from, uint32_t to, uint64_t capacity) {
  around_[from].push_back(static_cast<uint32_t>(edges_.size()));
  edges_.push_back({to, capacity});
  around_[to].push_back(static_cast<uint32_t>(edges_.size()));
  edges_.push_back({from, 0});
}

bool FlowGraph::find_path(uint32_t from, uint32_t to) {
  by_.assign(around_.size(), kUnreached);
  by_[from] = kStart;
  std::vector<uint32_t> queue{from};
  for (size_t at = 0; at < queue.size(); ++at)
    for (const uint32_t edge : around_[queue[at]]) {
      const uint32_t next = edges_[edge].to;
      if (edges_[edge].capacity == 0 || by_[next] != kUnreached) continue;
      by_[next] = edge;
      if (next == to) return true;
      queue.push_back(next);
    }
  return false;
}

uint64_t FlowGraph::most(uint32_t from, uint32_t to) {
  uint64_t total = 0;
  while (find_path(from, to)) {
    uint64_t width = UINT64_MAX;
    for (uint32_t at = to; by_[at] != kStart; at = edges_[by_[at] ^ 1].to) width = std::min(width, edges_[by_[at]].capacity);
    for (uint32_t at = to; by_[at] != kStart; at = edges_[by_[at] ^ 1].to) {
      edges_[by_[at]].capacity -= width;
      edges_[by_[at] ^ 1].capacity += std::min(width, UINT64_MAX - edges_[by_[at] ^ 1].capacity);
    }
    total += std::min(width, UINT64_MAX - total);
  }
  return total;
}

}  // namespace hawser
