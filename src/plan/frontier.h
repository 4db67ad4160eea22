// The one walker over a plan that executor, checker and simulator share: which steps may start now, in program order.
//
// A small value; one thread at a time. start() allocates only when the plan is larger than any before. Whether a step "completes" when it
// is issued or when its data arrived is the user's affair.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "src/plan/plan.h"

namespace hawser {

class Frontier {
 public:
  void start(const Plan& plan) { start(plan.waits, plan.edge_begin, plan.edges); }

  // Any program with such arrays; they must outlive the walk. edge_begin has one entry more than waits.
  void start(std::span<const uint16_t> waits, std::span<const uint32_t> edge_begin, std::span<const uint32_t> edges) {
    edge_begin_ = edge_begin.data();
    edges_ = edges.data();
    size_ = static_cast<uint32_t>(waits.size());
    left_ = size_;
    lowest_ = 0;
    waits_.assign(waits.begin(), waits.end());
    ready_.assign((size_ + 63) / 64, 0);
    for (uint32_t i = 0; i < size_; ++i) ready_[i / 64] |= static_cast<uint64_t>(waits[i] == 0) << (i % 64);
  }

  static constexpr uint32_t kNone = UINT32_MAX;

  // The first step in program order that may start and was not handed out yet.
  uint32_t ready() const {
    for (; lowest_ < ready_.size(); ++lowest_)
      if (ready_[lowest_] != 0) return lowest_ * 64 + static_cast<uint32_t>(std::countr_zero(ready_[lowest_]));
    return kNone;
  }
  bool is_ready(uint32_t step) const { return (ready_[step / 64] >> (step % 64) & 1) != 0; }

  void take(uint32_t step) { ready_[step / 64] &= ~(uint64_t{1} << (step % 64)); }  // hands a ready step out

  void complete(uint32_t step) {  // of a step handed out
    --left_;
    for (uint32_t i = edge_begin_[step]; i < edge_begin_[step + 1]; ++i) {
      const uint32_t released = edges_[i];
      if (--waits_[released] != 0) continue;
      ready_[released / 64] |= uint64_t{1} << (released % 64);
      lowest_ = std::min(lowest_, released / 64);
    }
  }

  bool done() const { return left_ == 0; }
  uint32_t completed() const { return size_ - left_; }
  uint32_t size() const { return size_; }

 private:
  const uint32_t* edge_begin_ = nullptr;
  const uint32_t* edges_ = nullptr;
  uint32_t size_ = 0, left_ = 0;
  mutable uint32_t lowest_ = 0;  // no ready step lies in a word before
  std::vector<uint16_t> waits_;
  std::vector<uint64_t> ready_;
};

}  // namespace hawser
