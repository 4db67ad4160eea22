// Time comes in by constructor: the system's monotonic clock, or one that a test moves by hand.
#pragma once
#include <atomic>
#include <cstdint>

namespace hawser {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual uint64_t now_ns() const = 0;  // monotonic
};

class SystemClock final : public Clock {
 public:
  uint64_t now_ns() const override;
};

class ManualClock final : public Clock {
 public:
  uint64_t now_ns() const override { return now_.load(std::memory_order_relaxed); }
  void advance(uint64_t ns) { now_.fetch_add(ns, std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> now_{0};
};

}  // namespace hawser
