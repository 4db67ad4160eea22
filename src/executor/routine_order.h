// In which order the routines of one operation run: equal on every member, since it depends on slices, phases and window only. Pure.
//
// A software pipeline: slice s reaches phase p at time s*stride + p*lag. The lag lets as many slices through their first phase as the
// window holds before the first slice needs its second, so that routines run while other slices move between hosts. At equal times the
// older slice goes first. Slice s stays behind the end of slice s - window, whose slot it takes: (phases - 1) * lag <= window * stride.
#pragma once
#include <algorithm>
#include <cstdint>

namespace hawser {

class RoutineOrder {
 public:
  RoutineOrder() = default;
  RoutineOrder(uint64_t slices, uint32_t phases, uint32_t window) : slices_(slices), phases_(phases), left_(slices * phases) {
    if (phases < 2) return;
    const uint32_t last = phases - 1;
    stride_ = (last + window - 1) / window;
    lag_ = std::max(1u, window / last);
  }
  bool done() const { return left_ == 0; }
  uint64_t slice() const { return (time_ - phase_ * lag_) / stride_; }
  uint32_t phase() const { return phase_; }
  void advance() {
    if (--left_ == 0) return;
    do {
      if (phase_-- == 0) {
        ++time_;
        phase_ = phases_ - 1;
      }
    } while (!due());
  }

 private:
  bool due() const {
    const uint64_t since = time_ - phase_ * lag_;
    return time_ >= phase_ * lag_ && since % stride_ == 0 && since / stride_ < slices_;
  }
  uint64_t slices_ = 0;
  uint32_t phases_ = 0;
  uint64_t stride_ = 1, lag_ = 1;
  uint64_t left_ = 0;
  uint64_t time_ = 0;
  uint32_t phase_ = 0;
};

}  // namespace hawser
