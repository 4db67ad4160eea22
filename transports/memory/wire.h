// One edge over two queues of a hub.
#pragma once
#include "transports/memory/hub.h"
#include "transports/wire_transport.h"

namespace hawser {

class MemoryWire : public WireBase {
 public:
  MemoryWire(Ledger&, MemoryHub&, uint32_t self, PeerIndex);
  void send(const Transfer& transfer) {
    dialogue.send(transfer);
    if (alive()) push();
  }
  void push();
  void pull();
  void drain() { pull(); }
  void detach(uint64_t) {}  // a frame is pushed whole
  void recheck() {}
  void drop_lanes() { hub_.close(self_, peer); }
  bool ready() const;

 private:
  bool take_in(const MemoryHub::Frame&);  // false: cut
  void cut(Status);
  MemoryHub& hub_;
  const uint32_t self_;
  MemoryHub::Pipe& out_;
  MemoryHub::Pipe& in_;
  MemoryHub::Frame frame_;  // the one that is taken in
};

}  // namespace hawser
