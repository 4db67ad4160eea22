// The rows of the catalog.
#include "transports/catalog.h"

#include <array>

#include "transports/memory/transport.h"
#include "transports/shm/lane.h"
#include "transports/shm/transport.h"
#include "transports/sim/transport.h"
#include "transports/tcp/transport.h"

namespace hawser {
namespace {

// Alone on a hub or network of their own; ranks that share one are made with it.
std::unique_ptr<Transport> make_memory() { return make_memory_transport(); }
std::unique_ptr<Transport> make_sim() { return make_sim_transport(); }

constexpr std::array rows{
    TransportRow{.name = "shm", .make = make_shm_transport, .shared_lane_bytes = shm_lane_bytes},
    TransportRow{.name = "tcp", .make = make_tcp_transport, .shared_lane_bytes = 0},
    TransportRow{.name = "memory", .make = make_memory, .shared_lane_bytes = 0},
    TransportRow{.name = "sim", .make = make_sim, .shared_lane_bytes = 0},
};

}  // namespace

std::span<const TransportRow> transports() { return rows; }

}  // namespace hawser
