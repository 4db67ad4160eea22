// One edge over two directions of a simulated network.
#pragma once
#include "transports/sim/network.h"
#include "transports/whole_frames.h"

namespace hawser {

class SimWire : public WholeFrames<SimWire> {
 public:
  static constexpr size_t eager_bytes = size_t{16} << 10;
  SimWire(Ledger&, SimNetwork&, uint32_t self, PeerIndex);
  void push();
  void pull();
  void drop_lanes() { network_.end(self_, peer); }
  bool ready();

 private:
  SimNetwork& network_;
  const uint32_t self_;
};

}  // namespace hawser
