// Sockets made, dialled and listened on, without blocking; descriptors passed over unix ones.
#pragma once
#include <cstdint>
#include <utility>

#include "src/base/fd.h"
#include "src/base/status.h"
#include "src/net/address.h"

namespace hawser {

Result<Fd> listen_on(const Address&, int backlog = 256);  // non-blocking, close-on-exec; port 0 draws one
Result<Address> local_address(const Fd&);
Result<Fd> start_dial(const Address&);          // non-blocking connect under way: writable means decided
Status finish_dial(const Fd&, const Address&);  // after it became writable: connected, or why not
Result<Fd> accept_from(const Fd& listener);     // an invalid Fd: nobody is waiting
Status tune(const Fd&);                         // TCP: no delay, keepalive 1 s 3 times, TCP_USER_TIMEOUT; nothing for unix
// As tune(), for a connection whose peer may leave data unread for long (a lane): there TCP_USER_TIMEOUT would take a late peer for a dead
// one, because it also counts the time of a closed window. The control connection beside it notices death.
Status tune_lane(const Fd&);
struct Credentials {
  uint64_t user = 0;
  int32_t process = 0;  // 0: not visible from this process's namespace
};
Result<Credentials> peer_credentials(int fd);  // unix: who was at the other end when the connection was made (SO_PEERCRED)
std::pair<Fd, Fd> socket_pair();               // unix stream, non-blocking; for tests and wake-ups

}  // namespace hawser
