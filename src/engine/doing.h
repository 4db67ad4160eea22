// What an operation is, in a few words of memory that other threads may read while it runs: for "who is late" and for mismatches.
#pragma once
#include <atomic>
#include <cstdint>
#include <string>

#include "src/base/types.h"

namespace hawser {

struct Description {
  Collective collective = Collective::barrier;
  DataType type = DataType::u8;
  ReduceOp op = ReduceOp::sum;
  int32_t root = -1;           // or the peer of a send or receive
  uint64_t count = 0;          // elements, as the caller gave them
  uint32_t signature() const;  // of everything that must be equal on every rank
  std::string text() const;    // "all_reduce of 4 f32, sum"
};

// Written by the holder of the seat, read by any thread; a torn read tells a wrong story, never anything worse.
class Doing {
 public:
  void begin(uint32_t number, const Description& what) { begin(number, pack(what), what.count); }
  void begin(uint32_t number, uint64_t packed, uint64_t count) {
    what_.store(packed, std::memory_order_relaxed);
    count_.store(count, std::memory_order_relaxed);
    number_.store(uint64_t{number} << 1 | 1, std::memory_order_relaxed);
  }
  void end() { number_.store(number_.load(std::memory_order_relaxed) & ~uint64_t{1}, std::memory_order_relaxed); }
  std::string text() const;  // "in operation 5, all_reduce of 4 f32, sum" or "between operations, the last was 4, ..."

  static uint64_t pack(const Description& what) {
    return uint64_t{static_cast<uint8_t>(what.collective)} | uint64_t{static_cast<uint8_t>(what.type)} << 8 |
           uint64_t{static_cast<uint8_t>(what.op)} << 16 | uint64_t{static_cast<uint32_t>(what.root)} << 32;
  }

 private:
  std::atomic<uint64_t> what_{0}, count_{0}, number_{0};
};

}  // namespace hawser
