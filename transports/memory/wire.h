// One edge over two queues of a hub.
#pragma once
#include "transports/memory/hub.h"
#include "transports/whole_frames.h"

namespace hawser {

class MemoryWire : public WholeFrames<MemoryWire> {
 public:
  MemoryWire(Ledger&, MemoryHub&, uint32_t self, PeerIndex);
  void push();
  void pull();
  void drop_lanes() { hub_.close(self_, peer); }
  bool ready() const;

 private:
  MemoryHub& hub_;
  const uint32_t self_;
  MemoryHub::Pipe& out_;
  MemoryHub::Pipe& in_;
  MemoryHub::Frame frame_;  // the one that is taken in
};

}  // namespace hawser
