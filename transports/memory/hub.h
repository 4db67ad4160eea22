// Where transports of one process meet: a pair of queues for every two of them. For tests and for ranks that are threads.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "src/base/fd.h"
#include "transports/frame.h"
#include "transports/ring.h"

namespace hawser {

class MemoryHub {
 public:
  explicit MemoryHub(uint32_t nodes);
  uint32_t nodes() const { return static_cast<uint32_t>(nodes_.size()); }
  void kill(uint32_t node);  // as if its process died: what it had said arrives, then its edges end. Any thread

  struct Frame {
    FrameHeader header;
    std::vector<std::byte> payload;  // kept when the frame is used again
  };
  struct Pipe {  // one direction of a pair
    static constexpr size_t frames_max = 64;
    std::mutex mutex;
    Ring<Frame> frames;                          // guarded by mutex
    std::atomic<uint64_t> pushed{0}, popped{0};  // of frames; written under mutex, read without
    std::atomic<bool> closed{false};             // by whichever side ended
    bool full() const { return pushed.load() - popped.load() >= frames_max; }
    bool empty() const { return pushed.load() == popped.load(); }
  };
  struct Node {
    Fd event;  // counts wake-ups
    std::atomic<bool> asleep{false};
    void wake();  // after what there is to see was stored
  };
  Pipe& pipe(uint32_t from, uint32_t to) { return *pipes_[from * nodes_.size() + to]; }
  Node& node(uint32_t index) { return *nodes_[index]; }
  void close(uint32_t a, uint32_t b);  // the edge between them

 private:
  std::vector<std::unique_ptr<Pipe>> pipes_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace hawser
