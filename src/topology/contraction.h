// The topology with equals put together: classes of hosts, switches and links that nothing tells apart, and clusters of hosts whose
// links are alike. Costs are computed on this, so they do not grow with the number of hosts.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "src/topology/topology.h"

namespace hawser {

// What a room above computes from a topology, once, and keeps where all copies of the topology find it. Any thread.
class Derived {
 public:
  const void* get(const std::function<std::shared_ptr<const void>()>& make) const {
    std::call_once(made_, [&] { value_ = make(); });
    return value_.get();
  }

 private:
  mutable std::once_flag made_;
  mutable std::shared_ptr<const void> value_;
};

struct Contraction {
  struct HostClass {
    uint32_t run = 0;    // one whose hosts are of this class: its representative
    uint32_t hosts = 0;  // in all its runs
    uint32_t cluster = 0;
  };
  struct LinkClass {
    uint32_t link = 0;  // the representative
    uint32_t links = 0;
  };
  std::vector<HostClass> host_classes;      // in order of text
  std::vector<LinkClass> link_classes;      // likewise
  std::vector<uint32_t> class_of_run;       // by run
  std::vector<uint32_t> class_of_link;      // by link
  std::vector<uint32_t> class_of_switch;    // by switch; numbers without further meaning
  std::vector<uint32_t> cluster_of_run;     // by run; clusters are numbered in order of text
  std::vector<uint32_t> cluster_of_switch;  // by switch; no_cluster where no host is at home
  std::vector<uint32_t> hosts_of_cluster, ranks_of_cluster;
  std::shared_ptr<const Derived> coefficients = std::make_shared<const Derived>();  // collectives/flows.h keeps its own here
  static constexpr uint32_t no_cluster = UINT32_MAX;
  uint32_t clusters() const { return static_cast<uint32_t>(hosts_of_cluster.size()); }
};

Contraction contract(const Topology&);

// A way between two switches: fewest links, then the widest, then in order of text. Links are told from the side they are entered.
struct SwitchPath {
  bool exists = false;
  std::vector<RouteHop> hops;
  uint64_t bits_per_s = UINT64_MAX;
  int64_t latency_ns = 0;
};
// From one switch to all.
std::vector<SwitchPath> paths_from(const Topology&, uint32_t at_switch);

// The way from a rank with this number on a host of one run to a rank on another host, of the same run or not.
Route route_between(const Topology&, uint32_t from_run, int from_local, uint32_t to_run, int to_local);
Route route_inside(const Topology&, uint32_t run);  // between two ranks of one host

// The ports a rank of a host may use: its own, or all of the host's when none is meant for it.
std::vector<uint32_t> usable_ports(const HostRun&, int local);

}  // namespace hawser
