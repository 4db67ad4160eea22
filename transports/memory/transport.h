// Messages between threads of one process, over a hub of queues: the simplest whole transport.
#pragma once
#include <memory>

#include "transports/memory/hub.h"
#include "transports/transport.h"

namespace hawser {

// Peer p of it is node p of the hub. Lanes carry nothing: adopt(peer, {}) opens the edge. Its end is seen by its peers as a death.
std::unique_ptr<Transport> make_memory_transport(std::shared_ptr<MemoryHub>, uint32_t node);

// On a hub of its own: peer 0 is itself.
std::unique_ptr<Transport> make_memory_transport();

}  // namespace hawser
