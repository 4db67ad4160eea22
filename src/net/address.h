// Socket addresses: IPv4, IPv6 and abstract unix names, as values with a text form.
#pragma once
#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace hawser {

struct Address {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
  static Result<Address> parse(std::string_view text);  // "1.2.3.4:80", "[fe80::1%eth0]:80", "unix:name" (abstract)
  static Result<std::vector<Address>> resolve(const std::string& host, uint16_t port);  // getaddrinfo
  std::string text() const;
  bool is_unix() const { return storage.ss_family == AF_UNIX; }
  friend bool operator==(const Address& a, const Address& b) { return a.text() == b.text(); }
};

struct Interface {  // of this machine, up and with an address
  std::string name;
  Address address;          // port 0
  uint64_t bits_per_s = 0;  // /sys/class/net/NAME/speed; 0: unknown
  uint32_t prefix_bits = 0, mtu = 0;
  bool loopback = false;
};
// Leaves out what is down; loopback only when nothing else is left. filter: the setting "interfaces". An empty answer is an error that
// lists what there is.
Result<std::vector<Interface>> interfaces(std::string_view filter);

}  // namespace hawser
