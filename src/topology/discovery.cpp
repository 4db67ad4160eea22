// Affinity by the kernel, caches and memory nodes by hwloc, quotas and interfaces by the files of /sys and /proc.
#include "src/topology/discovery.h"

#include <hwloc.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

namespace hawser {
namespace {

namespace fs = std::filesystem;

// The first line of a file of the kernel's; empty when there is none.
std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line(4096, '\0');
  if (!file.getline(line.data(), static_cast<std::streamsize>(line.size())) && file.gcount() == 0) return {};
  line.resize(std::strlen(line.c_str()));
  return line;
}

std::optional<int64_t> leading_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

std::vector<std::string> entries_of(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) names.push_back(at->path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

// ---- processors

std::vector<uint64_t> affinity_mask() {
  for (size_t cpus = 1024; cpus <= 1 << 20; cpus *= 4) {
    const size_t bytes = CPU_ALLOC_SIZE(cpus);
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(cpus), [](cpu_set_t* memory) { CPU_FREE(memory); });
    if (!set || sched_getaffinity(0, bytes, set.get()) != 0) continue;
    std::vector<uint64_t> mask(cpus / 64);
    for (size_t cpu = 0; cpu < cpus; ++cpu)
      if (CPU_ISSET_S(cpu, bytes, set.get())) mask[cpu / 64] |= uint64_t{1} << cpu % 64;
    while (!mask.empty() && mask.back() == 0) mask.pop_back();
    if (!mask.empty()) return mask;
  }
  std::vector<uint64_t> mask;  // the system does not say: as many as there are
  for (unsigned cpu = 0; cpu < std::max(1u, std::thread::hardware_concurrency()); ++cpu) {
    mask.resize(cpu / 64 + 1);
    mask[cpu / 64] |= uint64_t{1} << cpu % 64;
  }
  return mask;
}

uint32_t ratio_x256(int64_t quota, int64_t period) {
  if (quota <= 0 || period <= 0 || quota > INT64_MAX / 256) return UINT32_MAX;
  return static_cast<uint32_t>(std::clamp<int64_t>(quota * 256 / period, 1, UINT32_MAX));
}

uint32_t quota_v2(const fs::path& folder) {  // cpu.max: "max 100000" or "150000 100000"
  const std::string line = first_line(folder / "cpu.max");
  const size_t blank = line.find(' ');
  if (blank == std::string::npos) return UINT32_MAX;
  const auto quota = leading_number(line), period = leading_number(std::string_view(line).substr(blank + 1));
  return quota && period ? ratio_x256(*quota, *period) : UINT32_MAX;
}

uint32_t quota_v1(const fs::path& folder) {
  const auto quota = leading_number(first_line(folder / "cpu.cfs_quota_us")),
             period = leading_number(first_line(folder / "cpu.cfs_period_us"));
  return quota && period ? ratio_x256(*quota, *period) : UINT32_MAX;
}

// The least of a group's quota and those of all groups around it.
template <class Quota>
uint32_t least_quota(const fs::path& mount, const std::string& group, Quota quota) {
  uint32_t least = quota(mount);
  fs::path at = mount;
  for (const fs::path& part : fs::path(group).relative_path()) {
    if (part == "..") break;  // a group outside of what this container sees
    at /= part;
    least = std::min(least, quota(at));
  }
  return least;
}

bool names_cpu(std::string_view controllers) {  // "cpu,cpuacct"
  for (size_t at = 0; at <= controllers.size();) {
    const size_t comma = std::min(controllers.find(',', at), controllers.size());
    if (controllers.substr(at, comma - at) == "cpu") return true;
    at = comma + 1;
  }
  return false;
}

// ---- caches and memory

struct HwlocTopology {
  hwloc_topology_t handle = nullptr;
  bool loaded = false;
  HwlocTopology() { loaded = hwloc_topology_init(&handle) == 0 && hwloc_topology_load(handle) == 0; }
  ~HwlocTopology() {
    if (handle) hwloc_topology_destroy(handle);
  }
  HwlocTopology(const HwlocTopology&) = delete;
  HwlocTopology& operator=(const HwlocTopology&) = delete;
};

uint32_t count(hwloc_topology_t topology, hwloc_obj_type_t type) {
  return static_cast<uint32_t>(std::max(0, hwloc_get_nbobjs_by_type(topology, type)));
}

Cache cache_of(hwloc_topology_t topology, hwloc_obj_type_t type) {
  const hwloc_obj_t cache = hwloc_get_obj_by_type(topology, type, 0);
  if (!cache || !cache->attr || !cache->cpuset) return {};
  const int cores = hwloc_get_nbobjs_inside_cpuset_by_type(topology, cache->cpuset, HWLOC_OBJ_CORE);
  return {static_cast<uint32_t>(std::min<uint64_t>(cache->attr->cache.size / 1024, UINT32_MAX)), static_cast<uint32_t>(std::max(1, cores))};
}

void ask_hwloc(Machine& machine) {
  const HwlocTopology topology;
  if (!topology.loaded) return;  // sizes stay 0: not known
  machine.cores = std::max(1u, count(topology.handle, HWLOC_OBJ_CORE));
  machine.numa_nodes = std::max(1u, count(topology.handle, HWLOC_OBJ_NUMANODE));
  machine.l2 = cache_of(topology.handle, HWLOC_OBJ_L2CACHE);
  machine.l3 = cache_of(topology.handle, HWLOC_OBJ_L3CACHE);
}

// ---- interfaces

int numa_node_of(const fs::path& device) { return static_cast<int>(leading_number(first_line(device / "numa_node")).value_or(-1)); }

NetworkInterface ethernet_interface(const fs::path& folder, const std::string& name) {
  NetworkInterface found;
  found.name = name;
  const int64_t megabits = leading_number(first_line(folder / "speed")).value_or(0);
  if (megabits > 0 && megabits < 100'000'000) found.bits_per_s = static_cast<uint64_t>(megabits) * 1'000'000;
  found.numa_node = numa_node_of(folder / "device");
  found.loopback = first_line(folder / "type") == "772";  // ARPHRD_LOOPBACK
  const std::string state = first_line(folder / "operstate");
  found.up = state == "up" || state == "unknown";  // loopback and tunnels know no state
  return found;
}

Fabric fabric_of(const fs::path& device, const std::string& link_layer) {
  if (first_line(device / "node_type").starts_with("4")) return Fabric::iwarp;
  return link_layer == "InfiniBand" ? Fabric::infiniband : Fabric::roce;
}

uint64_t rate_of(const std::string& line) {  // "200 Gb/sec (4X HDR)", "2.5 Gb/sec (1X SDR)"
  const int64_t whole = leading_number(line).value_or(0);
  const size_t point = line.find('.');
  const int64_t tenths = point != std::string::npos && point < 6 ? leading_number(line.substr(point + 1, 1)).value_or(0) : 0;
  return whole > 0 && whole < 1'000'000 ? static_cast<uint64_t>(whole) * 1'000'000'000 + static_cast<uint64_t>(tenths) * 100'000'000 : 0;
}

}  // namespace

uint32_t cpus_in(const std::vector<uint64_t>& mask) {
  uint32_t count = 0;
  for (const uint64_t word : mask) count += static_cast<uint32_t>(std::popcount(word));
  return count;
}

uint32_t quota_cpus_x256(const MachineFiles& files) {
  uint32_t least = UINT32_MAX;
  std::ifstream groups(fs::path(files.proc) / "self" / "cgroup");
  const fs::path mounts = fs::path(files.sys) / "fs" / "cgroup";
  for (std::string line; std::getline(groups, line);) {  // "0::/path" or "3:cpu,cpuacct:/path"
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), group = line.substr(second + 1);
    if (controllers.empty()) least = std::min(least, least_quota(mounts, group, quota_v2));
    if (!names_cpu(controllers)) continue;
    least = std::min({least, least_quota(mounts / controllers, group, quota_v1), least_quota(mounts / "cpu", group, quota_v1)});
  }
  return least;
}

std::vector<NetworkInterface> find_interfaces(const MachineFiles& files) {
  std::vector<NetworkInterface> found;
  const fs::path net = fs::path(files.sys) / "class" / "net", rdma = fs::path(files.sys) / "class" / "infiniband";
  for (const std::string& name : entries_of(net))
    if (fs::exists(net / name / "operstate")) found.push_back(ethernet_interface(net / name, name));
  for (const std::string& name : entries_of(rdma))
    for (const std::string& port : entries_of(rdma / name / "ports")) {
      const fs::path folder = rdma / name / "ports" / port;
      NetworkInterface one;
      one.name = name;
      one.name += ":" + port;
      one.fabric = fabric_of(rdma / name, first_line(folder / "link_layer"));
      one.bits_per_s = rate_of(first_line(folder / "rate"));
      one.numa_node = numa_node_of(rdma / name / "device");
      one.up = first_line(folder / "state").find("ACTIVE") != std::string::npos;
      found.push_back(std::move(one));
    }
  std::sort(found.begin(), found.end(), [](const NetworkInterface& a, const NetworkInterface& b) { return a.name < b.name; });
  return found;
}

Machine discover(const MachineFiles& files) {
  Machine machine;
  char host_name[256] = {};
  if (gethostname(host_name, sizeof host_name - 1) == 0) machine.host_name = host_name;
  machine.boot_id = first_line(fs::path(files.proc) / "sys" / "kernel" / "random" / "boot_id");
  machine.cpu_mask = affinity_mask();
  machine.quota_x256 = quota_cpus_x256(files);
  machine.cpus_x256 = std::min(cpus_in(machine.cpu_mask) * 256, machine.quota_x256);
  ask_hwloc(machine);
  machine.interfaces = find_interfaces(files);
  return machine;
}

}  // namespace hawser
