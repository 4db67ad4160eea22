// Which transports there are: one row each, no static initialisers.
#pragma once
#include <memory>
#include <span>
#include <string_view>

#include "transports/transport.h"

namespace hawser {

struct TransportRow {
  std::string_view name;
  std::unique_ptr<Transport> (*make)();  // memory and sim: alone on a hub or network of their own; ranks that share one: hub.h, network.h
  size_t shared_lane_bytes;              // what each side of a shared-memory lane carves; 0: lanes are sockets (or nothing, memory and sim)
};
std::span<const TransportRow> transports();

}  // namespace hawser
