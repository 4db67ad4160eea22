// Frames are copied into and out of the queues whole.
#include "transports/memory/wire.h"

namespace hawser {
namespace {

constexpr Limits memory_limits{.eager_bytes = size_t{64} << 10,
                               .credit_bytes = size_t{512} << 10,
                               .frame_bytes = size_t{64} << 10,
                               .window_bytes = size_t{512} << 10,
                               .store_bytes = size_t{4} << 20};

}  // namespace

MemoryWire::MemoryWire(Ledger& ledger, MemoryHub& hub, uint32_t self, PeerIndex peer)
    : WholeFrames(ledger, peer, memory_limits), hub_(hub), self_(self), out_(hub.pipe(self, peer)), in_(hub.pipe(peer, self)) {}

void MemoryWire::push() {
  Outgoing out;
  bool pushed = false;
  while (!out_.full() && dialogue.next(0, out)) {
    {
      const std::lock_guard lock(out_.mutex);
      MemoryHub::Frame& frame = out_.frames.push();
      frame.header = out.header;
      frame.payload.assign(out.payload, out.payload + out.header.length);
      out_.pushed.fetch_add(1);
    }
    dialogue.written(out);
    pushed = true;
  }
  if (pushed) hub_.node(peer).wake();
}

void MemoryWire::pull() {
  const bool closed = in_.closed.load();  // before the last look: what was pushed before it closed is seen
  bool popped = false;
  while (!in_.empty()) {
    {
      const std::lock_guard lock(in_.mutex);
      std::swap(frame_, in_.frames.front());
      in_.frames.pop();
      in_.popped.fetch_add(1);
    }
    popped = true;
    if (!take_in(frame_.header, frame_.payload)) return;
  }
  if (popped) hub_.node(peer).wake();  // it may wait for room
  if (closed) cut(Status(Code::peer, peer_name() + " ended its connection"));
}

bool MemoryWire::ready() const { return !in_.empty() || in_.closed.load() || (dialogue.has_output(0) && !out_.full()); }

}  // namespace hawser
