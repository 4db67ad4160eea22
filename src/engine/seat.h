// Who may touch executor and transports: an atomic word. Whoever takes it holds them until it leaves.
//
// What others leave for the holder (submissions, notices) is announced by attend(): after leaving, the holder looks once more, and whoever
// announced tries the seat once more, so one of the two sees the other (store, full barrier, load on both sides).
#pragma once
#include <atomic>
#include <cstdint>

namespace hawser {

class Seat {
 public:
  bool try_take() {
    uint32_t free = 0;
    return taken_.compare_exchange_strong(free, 1, std::memory_order_seq_cst, std::memory_order_relaxed);
  }
  void leave() { taken_.exchange(0, std::memory_order_seq_cst); }
  bool taken() const { return taken_.load(std::memory_order_relaxed) != 0; }

  // Something waits for the holder. Set by anyone; cleared by the holder before it looks.
  void attend() { attention_.store(1, std::memory_order_seq_cst); }
  bool wanted() const { return attention_.load(std::memory_order_seq_cst) != 0; }
  bool wanted_soon() const { return attention_.load(std::memory_order_relaxed) != 0; }
  void attended() { attention_.store(0, std::memory_order_seq_cst); }

 private:
  alignas(64) std::atomic<uint32_t> taken_{0};
  std::atomic<uint32_t> attention_{0};
};

}  // namespace hawser
