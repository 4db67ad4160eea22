// The shm transport: a wire for every peer of the island.
#include "transports/shm/transport.h"

#include "transports/shm/wire.h"

namespace hawser {
namespace {

class ShmTransport final : public WireTransport<ShmWire> {
 public:
  ~ShmTransport() override {
    for (ShmWire* wire : open_) wire->drop_lanes();
  }
  Abilities abilities() const override { return {.fabric = Fabric::shared_memory, .eager_bytes = ShmWire::eager_bytes, .lends = true}; }
  Status adopt(PeerIndex peer, Lane lane) override {
    if (!lane.mine || !lane.theirs) return Status(Code::invalid, "a shared-memory lane needs both stretches of memory");
    if (reinterpret_cast<uintptr_t>(lane.mine) % line_bytes || reinterpret_cast<uintptr_t>(lane.theirs) % line_bytes) {
      return Status(Code::invalid, "a shared-memory lane must begin at a line of 64 bytes");
    }
    if (const ShmWire* wire = find(peer); wire && wire->alive()) {
      return Status(Code::usage, "the edge to " + wire->peer_name() + " has its shared-memory lane already; one is all it takes");
    }
    open(peer, [&] { return std::make_unique<ShmWire>(ledger_, peer, lane); });
    return {};
  }
};

}  // namespace

std::unique_ptr<Transport> make_shm_transport() { return std::make_unique<ShmTransport>(); }

}  // namespace hawser
