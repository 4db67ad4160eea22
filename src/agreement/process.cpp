// What this process publishes about itself.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "src/agreement/record.h"
#include "src/base/log.h"
#include "src/topology/discovery.h"

namespace hawser {
namespace {

template <size_t N>
std::string masked(int family, const void* address, uint32_t prefix_bits) {
  unsigned char bytes[N];
  std::memcpy(bytes, address, N);
  for (size_t bit = prefix_bits; bit < N * 8; ++bit) bytes[bit / 8] &= static_cast<unsigned char>(~(0x80u >> (bit % 8)));
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(family, bytes, text, sizeof text);
  return std::string(text) + "/" + std::to_string(prefix_bits);
}

std::string network_of(const Interface& interface) {  // "10.0.3.0/24"
  const sockaddr_storage& from = interface.address.storage;
  if (from.ss_family == AF_INET) return masked<4>(AF_INET, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, interface.prefix_bits);
  return masked<16>(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, interface.prefix_bits);
}

// One for each interface; of several addresses the first tells its network.
std::vector<NicRecord> nics_of(const std::vector<Interface>& interfaces) {
  std::vector<NicRecord> nics;
  for (const Interface& each : interfaces) {
    const bool known = std::any_of(nics.begin(), nics.end(), [&](const NicRecord& nic) { return nic.name == each.name; });
    if (!known) nics.push_back({each.name, Fabric::ethernet, each.bits_per_s, network_of(each), {}});
  }
  return nics;
}

Status check_host_name(const std::string& name) {
  constexpr size_t kBytesMax = 100;
  if (name.size() <= kBytesMax && std::all_of(name.begin(), name.end(), [](char letter) { return letter > ' ' && letter <= '~'; }))
    return {};
  return Status(Code::invalid, "setting host: must be at most 100 printable ASCII characters without blanks");
}

}  // namespace

Result<Record> record_of_this_process(const Config& config, const Identity& identity) {
  const Machine machine = discover();
  Record record;
  record.library_version = HAWSER_LIBRARY_VERSION;  // of the build
  record.settings = config.agreed_text();
  record.identity = identity;
  record.boot_id = machine.boot_id;
  record.host_name = machine.host_name;
  if (!config.host.empty()) {
    HAWSER_TRY(check_host_name(config.host));
    record.boot_id += "/" + config.host;
    record.host_name = config.host;
  }
  record.user = ::geteuid();
  record.process = static_cast<uint64_t>(::getpid());
  record.cpu_mask = machine.cpu_mask;
  record.quota_x256 = machine.quota_x256;
  if (config.transport == "shm") return record;
  auto found = interfaces(config.interfaces);
  if (found.ok()) record.nics = nics_of(found.value());
  else if (!config.interfaces.empty()) return std::move(found).status();
  else log(LogLevel::info, "no network: " + found.error().text());
  return record;
}

}  // namespace hawser
