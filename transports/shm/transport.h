// Messages between processes of one host, over stretches of memory that each side maps: no system call and no allocation once warm.
#pragma once
#include <memory>

#include "transports/transport.h"

namespace hawser {

// A lane is two stretches of shm_lane_bytes (transports/shm/lane.h), zero at first; an edge has one. Sleeping is the engine's business:
// writing rings the lane's bell, arm() only looks. That the peer died is told by peer_gone().
std::unique_ptr<Transport> make_shm_transport();

}  // namespace hawser
