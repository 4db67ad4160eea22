// How many operations a communicator has on streams, and the wait until there are none.
#pragma once
#include <atomic>

namespace hawser {

// The holder of the seat tells of ends; any thread may wait. Sequentially consistent: who waits announces itself and looks at the count,
// who ends counts and looks for waiters, and one of the two has to see the other.
class UnderWay {
 public:
  void begun() { count_.fetch_add(1, std::memory_order_relaxed); }
  void ended() {
    if (count_.fetch_sub(1, std::memory_order_seq_cst) == 1) count_.notify_all();
  }
  int count() const { return count_.load(std::memory_order_acquire); }
  void wait_for_none() const {
    for (int seen = count(); seen > 0; seen = count()) count_.wait(seen, std::memory_order_acquire);
  }

 private:
  std::atomic<int> count_{0};
};

}  // namespace hawser
