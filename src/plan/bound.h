// Times no schedule can beat on a topology: by what must cross every cut, by counting messages between the parts of a partition, and by
// what an island's memory must move. What "percent of bound" is measured against. Explains and figures use it, choices do not.
#pragma once
#include <cstdint>
#include <string>

#include "src/plan/request.h"
#include "src/topology/topology.h"

namespace hawser {

struct Bound {
  int64_t picoseconds = 0;
  std::string why;  // "cut around host a0", "partition into 4 parts", "memory of an island"
};

// all_reduce, reduce, broadcast, all_gather, reduce_scatter, all_to_all; others: 0. The greatest of all that follow.
Bound lower_bound(const Topology&, const Request&);

// Cuts around single hosts, all but one, clusters and all but one; for all_reduce also every partition of the clusters into those that are
// exploded into hosts, whole, or merged into one rest: 2 (parts - 1) bytes / what enters the parts.
Bound network_bound(const Topology&, const Request&);

// What the members of one island must read and write, shared among all of them, at the best rate of their caches or of memory; where each
// waits for each, at least one hop. Rooted collectives may overlap with the next, so no hop bounds many of them one after another.
Bound island_bound(const IslandFacts&, uint32_t members, const Request&);

// Bits a second that can go from the hosts of the chosen runs (hosts[r] of run r) to all other hosts: a maximum flow.
uint64_t cut_capacity(const Topology&, const std::vector<uint32_t>& hosts);

}  // namespace hawser
