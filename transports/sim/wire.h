// One edge over two directions of a simulated network.
#pragma once
#include "transports/sim/network.h"
#include "transports/wire_transport.h"

namespace hawser {

class SimWire : public WireBase {
 public:
  static constexpr size_t eager_bytes = size_t{16} << 10;
  SimWire(Ledger&, SimNetwork&, uint32_t self, PeerIndex);
  void send(const Transfer& transfer) {
    dialogue.send(transfer);
    if (alive()) push();
  }
  void push();
  void pull();
  void drain() { pull(); }
  void detach(uint64_t) {}  // a frame is sent whole
  void recheck() {}
  void drop_lanes() { network_.end(self_, peer); }
  bool ready();

 private:
  void cut(Status);
  SimNetwork& network_;
  const uint32_t self_;
};

}  // namespace hawser
