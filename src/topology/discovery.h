// What this machine is, as far as this process may use it: CPUs, caches, memory nodes, network interfaces. Read once, at creation.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/types.h"

namespace hawser {

struct NetworkInterface {
  std::string name;
  Fabric fabric = Fabric::ethernet;
  uint64_t bits_per_s = 0;  // 0: the driver does not say
  int numa_node = -1;       // -1: not known
  bool up = false, loopback = false;
};

struct Cache {
  uint32_t kib = 0;        // of one; 0: not known
  uint32_t shared_by = 1;  // how many cores
};

struct Machine {
  std::string host_name, boot_id;
  std::vector<uint64_t> cpu_mask;    // CPUs this process may use by its affinity: CPU c is bit c mod 64 of word c / 64
  uint32_t quota_x256 = UINT32_MAX;  // CPUs the cgroups let it use, times 256
  uint32_t cpus_x256 = 256;          // of both the less, times 256
  uint32_t cores = 1;                // of the machine
  Cache l2, l3;
  uint32_t numa_nodes = 1;
  std::vector<NetworkInterface> interfaces;  // sorted by name
};

struct MachineFiles {  // where the kernel tells; tests give others
  std::string sys = "/sys", proc = "/proc";
};

Machine discover(const MachineFiles& = {});
uint32_t cpus_in(const std::vector<uint64_t>& mask);

// The parts that are files only.
uint32_t quota_cpus_x256(const MachineFiles&);  // by cgroup v2 and v1, the process's own and those around it; UINT32_MAX: none
std::vector<NetworkInterface> find_interfaces(const MachineFiles&);

}  // namespace hawser
