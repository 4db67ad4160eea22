// Messages over stream sockets: frames on any number of lanes, straight into the memory of a posted receive.
#pragma once
#include <memory>

#include "src/base/clock.h"
#include "transports/transport.h"

namespace hawser {

// A lane is a connected, authenticated stream socket. wake_fd() is an epoll descriptor over all of them.
std::unique_ptr<Transport> make_tcp_transport();
std::unique_ptr<Transport> make_tcp_transport(const Clock&);  // which must live longer

}  // namespace hawser
