// Messages over a simulated network (network.h), for tests of what stands above transports.
#pragma once
#include <memory>

#include "transports/sim/network.h"
#include "transports/transport.h"

namespace hawser {

// Peer p of it is rank p of the network. Lanes carry nothing: adopt(peer, {}) opens the edge. Driven, with all others and with the
// network's step(), by one thread; nothing wakes it.
std::unique_ptr<Transport> make_sim_transport(std::shared_ptr<SimNetwork>, uint32_t rank);

// On an orderly network of its own: peer 0 is itself. Nobody steps it, so every poll() does.
std::unique_ptr<Transport> make_sim_transport();

}  // namespace hawser
