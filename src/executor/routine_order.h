// In which order the routines of one operation run: equal on every member, since it depends on slices, phases and window only. Pure.
//
// A software pipeline: slice s reaches phase p at time s*stride + p, so that the routines of one slice run while others move between hosts.
// At equal times the older slice goes first. The stride keeps slice s behind the end of slice s - window, whose slot it takes.
#pragma once
#include <algorithm>
#include <cstdint>

namespace hawser {

class RoutineOrder {
 public:
  RoutineOrder() = default;
  RoutineOrder(uint64_t slices, uint32_t phases, uint32_t window)
      : slices_(slices),
        phases_(phases),
        stride_(phases < 2 ? 1 : std::max(1u, (phases - 1 + window - 1) / window)),
        left_(slices * phases) {}
  bool done() const { return left_ == 0; }
  uint64_t slice() const { return (time_ - phase_) / stride_; }
  uint32_t phase() const { return phase_; }
  void advance() {
    if (--left_ == 0) return;
    uint64_t next = uint64_t{phase_} - 1;  // wraps below 0: the time is over
    while (true) {
      if (next >= phases_) {
        ++time_;
        next = std::min<uint64_t>(time_, phases_ - 1);
      }
      if ((time_ - next) % stride_ == 0 && (time_ - next) / stride_ < slices_) break;
      --next;
    }
    phase_ = static_cast<uint32_t>(next);
  }

 private:
  uint64_t slices_ = 0;
  uint32_t phases_ = 0;
  uint64_t stride_ = 1;
  uint64_t left_ = 0;
  uint64_t time_ = 0;
  uint32_t phase_ = 0;
};

}  // namespace hawser
