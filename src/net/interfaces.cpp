// The machine's interfaces: what there is, and which of it to use.
#include "src/net/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

namespace hawser {
namespace {

// A number from /sys/class/net; 0 when it is not told (bridges and tunnels say -1, a foreign network namespace has no such file).
uint64_t read_fact(const std::string& name, const char* fact) {
  std::ifstream file("/sys/class/net/" + name + "/" + fact);
  int64_t value = 0;
  return file >> value && value > 0 ? static_cast<uint64_t>(value) : 0;
}

uint32_t prefix_bits_of(const sockaddr* mask) {
  if (!mask) return 0;
  uint32_t bits = 0;
  if (mask->sa_family == AF_INET) bits = static_cast<uint32_t>(std::popcount(reinterpret_cast<const sockaddr_in*>(mask)->sin_addr.s_addr));
  if (mask->sa_family == AF_INET6)
    for (const uint8_t byte : reinterpret_cast<const sockaddr_in6*>(mask)->sin6_addr.s6_addr)
      bits += static_cast<uint32_t>(std::popcount(static_cast<unsigned>(byte)));
  return bits;
}

bool usable_family(const sockaddr* address) {
  if (!address) return false;
  if (address->sa_family == AF_INET) return true;
  return address->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

Candidate candidate_of(const ifaddrs& entry) {
  Candidate candidate;
  Interface& interface = candidate.interface;
  interface.name = entry.ifa_name;
  interface.address.bytes = entry.ifa_addr->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  std::memcpy(&interface.address.storage, entry.ifa_addr, interface.address.bytes);
  interface.prefix_bits = prefix_bits_of(entry.ifa_netmask);
  interface.loopback = (entry.ifa_flags & IFF_LOOPBACK) != 0;
  interface.bits_per_s = read_fact(interface.name, "speed") * 1'000'000;
  interface.mtu = static_cast<uint32_t>(read_fact(interface.name, "mtu"));
  candidate.up = (entry.ifa_flags & IFF_UP) && (entry.ifa_flags & IFF_RUNNING);
  return candidate;
}

bool named_by(std::string_view filter, std::string_view name) {
  while (!filter.empty()) {
    const size_t comma = std::min(filter.find(','), filter.size());
    const std::string_view prefix = filter.substr(0, comma);
    if (!prefix.empty() && name.starts_with(prefix)) return true;
    filter.remove_prefix(std::min(comma + 1, filter.size()));
  }
  return false;
}

bool wanted(std::string_view filter, std::string_view name) {
  if (filter.empty()) return true;
  if (filter.front() == '^') return !named_by(filter.substr(1), name);
  return named_by(filter, name);
}

std::string list_of(const std::vector<Candidate>& candidates) {
  std::string list;
  for (const Candidate& each : candidates)
    list += (list.empty() ? "" : ", ") + each.interface.name + " " + each.interface.address.text() + (each.up ? "" : " (down)");
  return list.empty() ? "none with an address" : list;
}

}  // namespace

Result<std::vector<Interface>> select_interfaces(const std::vector<Candidate>& candidates, std::string_view filter) {
  std::vector<Interface> outward, loopback;
  for (const Candidate& each : candidates)
    if (each.up && wanted(filter, each.interface.name)) (each.interface.loopback ? loopback : outward).push_back(each.interface);
  if (!outward.empty()) return outward;
  if (!loopback.empty()) return loopback;
  const std::string why = filter.empty() ? "no network interface is up"
                                         : "the setting interfaces=\"" + std::string(filter) + "\" leaves no interface that is up";
  return Status(Code::unreachable, why + "; there is: " + list_of(candidates));
}

Result<std::vector<Interface>> interfaces(std::string_view filter) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return Status::from_errno(errno, "listing the network interfaces");
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(first, &::freeifaddrs);
  std::vector<Candidate> candidates;
  for (const ifaddrs* each = first; each; each = each->ifa_next)
    if (usable_family(each->ifa_addr)) candidates.push_back(candidate_of(*each));
  return select_interfaces(candidates, filter);
}

}  // namespace hawser
