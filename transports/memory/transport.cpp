// The memory transport: wires to nodes of the hub, and an eventfd to sleep on.
#include "transports/memory/transport.h"

#include <unistd.h>

#include "transports/memory/wire.h"

namespace hawser {
namespace {

class MemoryTransport final : public WireTransport<MemoryWire> {
 public:
  MemoryTransport(std::shared_ptr<MemoryHub> hub, uint32_t self) : hub_(std::move(hub)), self_(self) {}
  ~MemoryTransport() override {
    for (const MemoryWire* wire : open_) hub_->close(self_, wire->peer);
  }
  Abilities abilities() const override { return {.fabric = Fabric::memory, .eager_bytes = size_t{64} << 10, .lends = true}; }

  Status adopt(PeerIndex peer, Lane) override {
    if (peer >= hub_->nodes()) return Status(Code::invalid, "the hub has no node " + std::to_string(peer));
    if (hub_->pipe(self_, peer).closed.load()) return Status(Code::unreachable, "node " + std::to_string(peer) + " has left the hub");
    open(peer, [&] { return std::make_unique<MemoryWire>(ledger_, *hub_, self_, peer); });
    return {};
  }

  bool arm() override {
    MemoryHub::Node& node = hub_->node(self_);
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(node.event.get(), &count, sizeof count);  // an old ring says nothing new
    node.asleep.store(true);
    if (WireTransport::arm()) return true;
    node.asleep.store(false);
    return false;
  }
  int wake_fd() const override { return hub_->node(self_).event.get(); }

 private:
  std::shared_ptr<MemoryHub> hub_;
  const uint32_t self_;
};

}  // namespace

std::unique_ptr<Transport> make_memory_transport(std::shared_ptr<MemoryHub> hub, uint32_t node) {
  return std::make_unique<MemoryTransport>(std::move(hub), node);
}

std::unique_ptr<Transport> make_memory_transport() { return make_memory_transport(std::make_shared<MemoryHub>(1), 0); }

}  // namespace hawser
