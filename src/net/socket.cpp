// Sockets made, dialled, listened on and tuned.
#include "src/net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace hawser {
namespace {

constexpr int kUserTimeoutMs = 4000;  // keepalive's 1 s of quiet and 3 probes

const sockaddr* raw(const Address& address) { return reinterpret_cast<const sockaddr*>(&address.storage); }

Result<Fd> make_socket(const Address& address) {
  Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Status::from_errno(errno, "making a socket for " + address.text());
  return fd;
}

Status set_option(const Fd& fd, int level, int option, int value, const char* name) {
  if (::setsockopt(fd.get(), level, option, &value, sizeof value) == 0) return {};
  return Status::from_errno(errno, std::string("setting ") + name);
}

Status unreachable(const Address& address, int error) {
  return Status(Code::unreachable, "connecting to " + address.text() + ": " + std::generic_category().message(error));
}

// Two ends of one socket: dialling a port of this machine on which nobody listens can meet itself (simultaneous open).
bool met_itself(const Fd& fd) {
  Address here, there;
  here.bytes = there.bytes = sizeof here.storage;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&here.storage), &here.bytes) != 0) return false;
  if (::getpeername(fd.get(), reinterpret_cast<sockaddr*>(&there.storage), &there.bytes) != 0) return false;
  return !here.is_unix() && here == there;
}

Result<bool> is_unix(const Fd& fd) {
  int domain = 0;
  socklen_t bytes = sizeof domain;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &domain, &bytes) != 0)
    return Status::from_errno(errno, "asking for the kind of a socket");
  return domain == AF_UNIX;
}

Status tune_with(const Fd& fd, int user_timeout_ms) {
  if (HAWSER_TRY(is_unix(fd))) return {};
  HAWSER_TRY(set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY"));
  HAWSER_TRY(set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE"));
  HAWSER_TRY(set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 1, "TCP_KEEPIDLE"));
  HAWSER_TRY(set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1, "TCP_KEEPINTVL"));
  HAWSER_TRY(set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3, "TCP_KEEPCNT"));
  return set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms, "TCP_USER_TIMEOUT");
}

}  // namespace

Result<Fd> listen_on(const Address& address, int backlog) {
  Fd fd = HAWSER_TRY(make_socket(address));
  if (!address.is_unix()) HAWSER_TRY(set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"));
  if (address.storage.ss_family == AF_INET6) HAWSER_TRY(set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"));
  if (::bind(fd.get(), raw(address), address.bytes) != 0 || ::listen(fd.get(), backlog) != 0)
    return Status::from_errno(errno, "listening on " + address.text());
  return fd;
}

Result<Address> local_address(const Fd& fd) {
  Address address;
  address.bytes = sizeof address.storage;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.bytes) != 0)
    return Status::from_errno(errno, "asking for a socket's address");
  return address;
}

Result<Fd> start_dial(const Address& address) {
  Fd fd = HAWSER_TRY(make_socket(address));
  if (::connect(fd.get(), raw(address), address.bytes) == 0 || errno == EINPROGRESS) return fd;
  return unreachable(address, errno);
}

Status finish_dial(const Fd& fd, const Address& address) {
  int error = 0;
  socklen_t bytes = sizeof error;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &bytes) != 0)
    return Status::from_errno(errno, "connecting to " + address.text());
  if (error != 0) return unreachable(address, error);
  if (met_itself(fd)) return unreachable(address, ECONNREFUSED);
  return {};
}

Result<Fd> accept_from(const Fd& listener) {
  while (true) {
    Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) return fd;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Fd();
    if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) continue;  // that one is gone, the next may wait
    return Status::from_errno(errno, "accepting a connection");
  }
}

Status tune(const Fd& fd) { return tune_with(fd, kUserTimeoutMs); }
Status tune_lane(const Fd& fd) { return tune_with(fd, 0); }

Result<Credentials> peer_credentials(int fd) {
  ucred credentials{};
  socklen_t bytes = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) != 0)
    return Status::from_errno(errno, "asking who is at the other end");
  if (credentials.uid == static_cast<uid_t>(-1)) return Status(Code::unsupported, "only a unix socket tells who is at its other end");
  return Credentials{credentials.uid, credentials.pid};
}

std::pair<Fd, Fd> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) return {};
  return {Fd(ends[0]), Fd(ends[1])};
}

}  // namespace hawser
