// Small limits, so that grants, windows and credit are met by small messages already.
#include "transports/sim/wire.h"

namespace hawser {
namespace {

constexpr Limits sim_limits{.eager_bytes = SimWire::eager_bytes,
                            .credit_bytes = size_t{64} << 10,
                            .frame_bytes = size_t{16} << 10,
                            .window_bytes = size_t{64} << 10,
                            .store_bytes = size_t{256} << 10};

}  // namespace

SimWire::SimWire(Ledger& ledger, SimNetwork& network, uint32_t self, PeerIndex peer)
    : WholeFrames(ledger, peer, sim_limits), network_(network), self_(self) {}

void SimWire::push() {
  Outgoing out;
  while (!network_.full(self_, peer) && dialogue.next(0, out)) {
    network_.send(self_, peer, out.header, out.payload);
    dialogue.written(out);
  }
}

void SimWire::pull() {
  SimNetwork::Direction& in = network_.direction(peer, self_);
  while (!in.arrived.empty()) {
    const SimNetwork::Frame frame = std::move(in.arrived.front());
    in.arrived.pop();
    --in.under_way;
    if (!take_in(frame.header, frame.payload)) return;
  }
  if (in.ended) cut(Status(Code::peer, peer_name() + " ended its connection"));
}

bool SimWire::ready() {
  const SimNetwork::Direction& in = network_.direction(peer, self_);
  return !in.arrived.empty() || in.ended || (dialogue.has_output(0) && !network_.full(self_, peer));
}

}  // namespace hawser
