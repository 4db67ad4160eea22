// The sim transport: wires to ranks of the network.
#include "transports/sim/transport.h"

#include "transports/sim/wire.h"

namespace hawser {
namespace {

class SimTransport final : public WireTransport<SimWire> {
 public:
  SimTransport(std::shared_ptr<SimNetwork> network, uint32_t self, bool steps) : network_(std::move(network)), self_(self), steps_(steps) {}
  ~SimTransport() override {
    for (SimWire* wire : open_) {
      if (network_->alive(self_)) wire->drop_lanes();
    }
  }
  Abilities abilities() const override { return {.fabric = Fabric::memory, .eager_bytes = SimWire::eager_bytes, .lends = true}; }

  Status adopt(PeerIndex peer, Lane) override {
    if (peer >= network_->ranks()) return Status(Code::invalid, "the network has no rank " + std::to_string(peer));
    if (network_->direction(peer, self_).ended) return Status(Code::unreachable, "rank " + std::to_string(peer) + " has left the network");
    open(peer, [&] { return std::make_unique<SimWire>(ledger_, *network_, self_, peer); });
    return {};
  }

  size_t poll(std::span<Completion> out) override {
    if (steps_) network_->step();
    return WireTransport::poll(out);
  }
  bool arm() override { return !steps_ && WireTransport::arm(); }

 private:
  std::shared_ptr<SimNetwork> network_;
  const uint32_t self_;
  const bool steps_;
};

}  // namespace

std::unique_ptr<Transport> make_sim_transport(std::shared_ptr<SimNetwork> network, uint32_t rank) {
  return std::make_unique<SimTransport>(std::move(network), rank, false);
}

std::unique_ptr<Transport> make_sim_transport() { return std::make_unique<SimTransport>(std::make_shared<SimNetwork>(1, 1), 0, true); }

}  // namespace hawser
