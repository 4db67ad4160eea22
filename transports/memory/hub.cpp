// The hub: its queues, and the wake-up of a node that sleeps.
#include "transports/memory/hub.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cassert>

namespace hawser {

MemoryHub::MemoryHub(uint32_t nodes) {
  for (uint32_t i = 0; i < nodes * nodes; ++i) pipes_.push_back(std::make_unique<Pipe>());
  for (uint32_t i = 0; i < nodes; ++i) {
    nodes_.push_back(std::make_unique<Node>());
    nodes_[i]->event = Fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    assert(nodes_[i]->event);
  }
}

void MemoryHub::Node::wake() {
  if (!asleep.load() || !asleep.exchange(false)) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event.get(), &one, sizeof one);
}

void MemoryHub::close(uint32_t a, uint32_t b) {
  pipe(a, b).closed.store(true);
  pipe(b, a).closed.store(true);
  node(a).wake();
  node(b).wake();
}

void MemoryHub::kill(uint32_t dead) {
  for (uint32_t other = 0; other < nodes(); ++other) close(dead, other);
}

}  // namespace hawser
