// Words, lines and bells in memory that the ranks of an island share: what lowered phases and the shm transport run on. Inline, no virtual
// call. Every word has one writer. Counters are 64-bit and only grow. docs/protocol.md lists them all with their memory order.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hawser {

inline constexpr size_t line_bytes = 64;

// How a context sleeps, so that a peer can wake it. In the owner's segment. The owner writes `asleep`; whoever wakes it writes `rung`.
// Sleeper: asleep = how; membarrier; look once more; sleep; asleep = awake. Waker: store the data; plainly load asleep; if not awake, ring.
// The sleeper pays the barrier, the waker nothing (reference: membarrier(2), MEMBARRIER_CMD_GLOBAL_EXPEDITED).
struct alignas(line_bytes) Bell {
  enum : uint32_t { awake = 0, futex = 1, epoll = 2 };
  std::atomic<uint32_t> asleep{awake};
  std::atomic<uint32_t> rung{0};
};

// The way to a peer's bell. Copyable; the context that made it owns event_fd.
struct PeerBell {
  Bell* bell = nullptr;
  int event_fd = -1;
  void ring() const {  // after the store it announces
    if (bell) ring_known();
  }
  void ring_known() const {  // likewise, for who knows that there is one
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (bell->asleep.load(std::memory_order_relaxed) != Bell::awake) [[unlikely]]
      ring_slowly();
  }
  void ring_slowly() const;  // src/memory/bell.cpp: futex or eventfd
};

// What a step needs next: *word >= at_least (as unsigned 64-bit; counters never wrap). The engine's waiter waits; word null: poll again.
struct Wait {
  const std::atomic<uint64_t>* word = nullptr;
  uint64_t at_least = 0;
  bool reached() const { return word->load(std::memory_order_acquire) >= at_least; }
};

}  // namespace hawser
